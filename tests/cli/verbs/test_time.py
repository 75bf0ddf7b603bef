"""`time`: one tiny run checks file, table and comparison. No actual time is asserted."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmark.cli import main
from benchmark.cli.verbs.time import SUITE, duration, environment, parse_lengths
from benchmark.errors import UsageError

SHORT = """
from benchmark.encodings.encoding import Encoding


class Short(Encoding):
    name = "short"
    title = "Short"
    source = "https://example.org"
    acts = "nothing"
    past = "unsupported"
    max_length = 5
"""
SIZE = ("--width", "12", "--heads", "3", "--layers", "1", "--rounds", "2", "--device", "cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An empty folder whose pytest settings would break the suite, if they counted."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "short.py").write_text(SHORT)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    return folder


@pytest.fixture(scope="module")
def timed(folder) -> Result:
    """The verb, run once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("PYTEST_ADDOPTS", "--no-such-option")
        return CliRunner().invoke(main, ["time", "--encodings", "rope:base=500,short.py", "--lengths", "7,5", *SIZE])


@pytest.fixture(scope="module")
def saved(timed, folder) -> Path:
    """The result file."""
    (path,) = (folder / "results" / "timing").iterdir()
    return path


def test_the_table_names_every_case_that_was_timed(timed):
    assert timed.exit_code == 0, timed.output
    rows = [line.split() for line in timed.stdout.splitlines()]
    timed_cases = {(row[0], row[1], row[2]) for row in rows if row[0] in ("forward", "training_step", "decode")}
    every = {(operation, "5", "short") for operation in ("forward", "training_step", "decode")}
    for length in ("5", "7"):
        every |= {(operation, length, "rope:base=500") for operation in ("forward", "training_step", "decode")}
    assert timed_cases == every
    assert "width 12, 3 heads, 1 layers; 1 CPU thread" in timed.stdout


def test_an_unsupported_length_is_reported_and_not_clamped(timed, saved):
    assert "short: forward at 7 tokens unsupported: ends at 5 tokens" in timed.stdout
    assert len(json.loads(saved.read_bytes())["unsupported"]) == 3


def test_every_round_is_paired_with_one_of_none(saved):
    for bench in json.loads(saved.read_bytes())["benchmarks"]:
        info = bench["extra_info"]
        assert len(bench["stats"]["data"]) == len(info["none_seconds"]) == 2
        assert all(seconds > 0 for seconds in info["none_seconds"])
        assert (info["width"], info["heads"], info["layers"], info["device"], info["threads"]) == (12, 3, 1, "cpu", 1)
        assert info["tokens"] == (1 if info["operation"] == "decode" else 2048 // info["length"] * info["length"])


def test_the_file_is_comparable_and_holds_no_paths(saved, tmp_path):
    tool = [sys.executable, "-c", "from pytest_benchmark.cli import main; main()", "compare", str(saved)]
    compared = subprocess.run(tool, capture_output=True, encoding="utf-8", cwd=tmp_path, check=True)
    assert "rope:base=500-decode-7" in compared.stdout
    for bench in json.loads(saved.read_bytes())["benchmarks"]:
        assert bench["fullname"].startswith("benchmark/timing/test_speed.py::test_speed[")
        assert set(bench["params"]) == {"encoding", "operation", "length"}


def test_nothing_else_is_left_behind(timed, folder, saved):
    assert {path.name for path in folder.iterdir()} == {"short.py", "pytest.ini", "results"}
    assert list(saved.parent.iterdir()) == [saved]


def test_pytest_itself_runs_the_suite(tmp_path):
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(SUITE), "--benchmark-autosave"]
    options = ["--encodings=alibi,abacus", "--lengths=3", "--rounds=2", "--width=12", "--heads=3", "-k", "forward"]
    # Not as part of this test's own pytest run, which may be one of several workers.
    alone = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    done = subprocess.run(
        [*command, *options],
        capture_output=True,
        encoding="utf-8",
        cwd=tmp_path,
        env={**alone, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert len(list((tmp_path / ".benchmarks").rglob("*.json"))) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--encodings", "rop"], "did you mean 'rope'"),
        (["--encodings", "rope:base=-1"], "base is -1"),
        (["--lengths", "64,x"], "whole numbers"),
        (["--lengths", "0"], "at least 1 token"),
        (["--width", "10", "--heads", "4"], "must be a multiple of --heads, which is 4"),
        (["--rounds", "1"], "2<=x<=100000"),
    ],
)
def test_a_usage_error_is_one_line_and_exit_code_2(invoke, arguments, message, tmp_path):
    result = invoke("time", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_failure_is_one_line_without_a_traceback(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.py").write_text(SHORT.replace("max_length = 5", "embed = None"))
    arguments = ["time", "--encodings", "broken.py", "--lengths", "3", *SIZE]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 1
    assert "short: nothing could be timed; see the lines above the table" in done.stdout
    assert "TypeError: 'NoneType' object is not callable" in done.stderr
    assert "self = " not in done.stderr


def test_lengths_are_each_timed_once():
    assert parse_lengths("64, 16,64") == (16, 64)
    with pytest.raises(UsageError, match="'a'"):
        parse_lengths("a")


def test_durations_have_units():
    assert [duration(seconds) for seconds in (2.5, 0.0123, 0.00000456)] == ["2.5 s", "12.3 ms", "4.56 µs"]


def test_the_suite_runs_with_the_threads_asked_for(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert environment(3)["OMP_NUM_THREADS"] == "3"
