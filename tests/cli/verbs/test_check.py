"""`check`: a table or JSON, a figure, a remedy for each failure, and exit codes."""

import json

import pytest

from benchmark.checks.encoding import CHECKS

FAULTY = """
import torch
from benchmark.encodings.encoding import Encoding


class Faulty(Encoding):
    name = "faulty"
    title = "Faulty"
    source = "https://example.org"
    acts = "bias"
    past = "defined"
    relative = True

    def __init__(self, shape, *, slope: float = 1.0):
        super().__init__(shape)
        if slope <= 0:
            raise ValueError(f"faulty: slope is {slope}, but must be above 0")
        self.slope = slope

    def bias(self, site):
        return -self.slope * site.query_positions[..., None, :, None] * site.key_positions[:, None, None, :].float()
"""

CRASHING = """
from benchmark.encodings.encoding import Encoding


class Crashing(Encoding):
    name = "crashing"
    title = "Crashing"
    source = "https://example.org"

    def __init__(self, shape):
        self.no_such_thing()
"""


def test_a_sound_encoding_passes(invoke, tmp_path):
    result = invoke("check", "rope", "--out", "figures")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "rope"
    assert lines[1].split() == ["status", "check", "measured"]
    assert [line.split("  ")[0] for line in lines[2:5]] == ["✓ pass"] * 3
    assert "rope: 24 passed, 0 failed, 3 not applicable" in lines
    assert lines[-1] == f"figure: {tmp_path.joinpath('figures', 'check-bfloat16.svg').relative_to(tmp_path)}"
    assert (tmp_path / "figures" / "check-bfloat16.svg").read_bytes().startswith(b"<?xml")


def test_a_failure_says_what_to_do_and_is_exit_code_1(invoke, tmp_path):
    (tmp_path / "faulty.py").write_text(FAULTY)
    result = invoke("check", "none", "faulty.py:slope=2")
    assert result.exit_code == 1
    lines = result.output.splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.startswith("✗ fail") and "shift of all" in line)
    assert "claimed; largest change under a shift" in lines[at]
    assert lines[at + 1].startswith("  to do")
    assert lines[at + 1].rstrip().endswith("or set relative = False")
    assert "none: 24 passed, 0 failed, 3 not applicable" in lines
    (told,) = (line for line in lines if line.startswith("faulty:slope=2: "))
    assert ", 0 failed" not in told


def test_as_json_every_outcome_is_a_row(invoke):
    result = invoke("check", "alibi,rope:base=500000", "none", "--format", "json")
    assert result.exit_code == 0
    rows = json.loads(result.stdout)
    assert result.stderr.startswith("figure: ")
    assert [row["encoding"] for row in rows[:: len(CHECKS)]] == ["alibi", "rope:base=500000", "none"]
    assert [row["name"] for row in rows] == [each.name for each in CHECKS] * 3
    assert {row["status"] for row in rows} == {"pass", "not applicable", "fact"}
    curves = [row["curve"] for row in rows if row["curve"]]
    assert len(curves) == 3
    assert [position for position, _ in curves[0]] == [2**power - 1 for power in range(3, 13)]


def test_an_exception_in_an_authors_code_is_reported_without_a_traceback(invoke, tmp_path):
    (tmp_path / "crashing.py").write_text(CRASHING)
    result = invoke("check", "crashing.py")
    assert result.exit_code == 1
    assert "AttributeError: " in result.stdout
    assert f"crashing: 0 passed, {len(CHECKS)} failed, 0 not applicable" in result.stdout
    assert "figure" not in result.stdout
    assert "Traceback" not in result.output


def test_output_of_a_users_file_stays_out_of_the_json(invoke, tmp_path):
    (tmp_path / "faulty.py").write_text('print("imported")\n' + FAULTY)
    result = invoke("check", "faulty.py", "--format", "json")
    assert len(json.loads(result.stdout)) == len(CHECKS)
    assert result.stderr.startswith("imported\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument 'ENCODING...'"),
        (["rop"], "did you mean 'rope'"),
        (["rope,,alibi"], "has an empty item"),
        (["rope:base=0.5"], "rope: base is 0.5"),
        (["faulty.py:slope=0"], "faulty: slope is 0.0, but must be above 0"),
        (["missing.py"], "no file 'missing.py'"),
        (["rope", "--format", "xml"], "unknown format 'xml'"),
        (["rope", "--out", "faulty.py"], "is a file"),
    ],
)
def test_a_usage_error_is_one_line_and_exit_code_2(invoke, tmp_path, arguments, message):
    (tmp_path / "faulty.py").write_text(FAULTY)
    result = invoke("check", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


def test_a_folder_that_cannot_be_written_is_one_line(invoke, tmp_path):
    (tmp_path / "file").write_text("")
    result = invoke("check", "none", "--out", "file/below")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "a file is in the way of a folder" in result.stderr
    assert "none: 24 passed" in result.stdout


def test_costs_are_those_of_the_size_asked_for(invoke):
    size = ["--width", "30", "--heads", "5", "--layers", "3", "--train-length", "20"]
    result = invoke("check", "learned", *size, "--format", "json")
    assert result.exit_code == 0
    (told,) = (row["detail"] for row in json.loads(result.stdout) if row["name"] == "parameters")
    assert told == "600 own, in 3 layers of width 30 trained to 20 tokens"  # 20 positions x width 30


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--width", "30"], "--width is 30, but must be a multiple of --heads, which is 4"),
        (["--width", "32,64"], "only a run compares several widths"),
        (["--train-length", "copy=5"], "unknown task in --train-length 'copy'"),
    ],
)
def test_a_size_that_cannot_be_checked_is_refused(invoke, options, message):
    result = invoke("check", "rope", *options)
    assert result.exit_code == 2
    assert message in result.stderr
