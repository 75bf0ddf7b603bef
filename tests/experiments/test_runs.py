"""Real runs, with real worker processes, at the smallest size."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from benchmark import load, run
from benchmark.cli import main
from benchmark.errors import UsageError
from benchmark.experiments import machine
from benchmark.results.record import EvalRecord, TrainRecord
from benchmark.results.store import Store

HEAD = """
from benchmark.encodings.encoding import Encoding

class Mine(Encoding):
    name = "mine"
    title = "Mine"
    source = "https://example.org"
"""
SMALL = {"preset": "smoke", "tasks": "offset-recall", "lengths": (1, 2)}
OPTIONS = ["--preset", "smoke", "--tasks", "offset-recall", "--lengths", "1,2", "--no-report"]


def outcomes(folder: Path) -> dict[str, object]:
    """The records of a results folder, without times and dates."""
    store, found = Store(folder), {}
    for record in store.records():
        if isinstance(record, TrainRecord):
            found[record.spec.key] = (record.status, record.train_steps, record.train_losses, record.trained_tokens)
        else:
            arrays = store.arrays(record)
            found[record.spec.key] = (record.status, {name: array.tobytes() for name, array in arrays.items()})
    assert store.problems == []
    return found


def test_a_run_computes_each_cell_once_and_a_wider_run_only_what_is_missing(tmp_path: Path) -> None:
    done = []

    def note(event) -> None:
        if event.kind == "done":
            done.append(event.cell.label)

    first = run(["rope", "learned"], **SMALL, seeds=1, results=tmp_path, on_event=note)
    assert first.failures == []
    assert sorted(done) == ["offset-recall · learned · seed 0", "offset-recall · rope · seed 0"]
    done.clear()
    run(["rope", "learned"], **SMALL, seeds=1, results=tmp_path, on_event=note)
    assert done == []
    wider = {**SMALL, "lengths": (1, 2, 4)}
    stamp = {path: path.stat().st_mtime_ns for path in tmp_path.glob("cells/*/*")}
    run(["rope", "learned", "alibi"], **wider, seeds=1, results=tmp_path, on_event=note)
    assert len(done) == 3  # alibi from scratch, the others at one more length
    assert all(path.stat().st_mtime_ns == before for path, before in stamp.items() if path.name != ".lock")

    table = load(tmp_path).frame()
    learned = table[(table.encoding == "learned") & (table.metric == "token_accuracy")].set_index("multiple")
    assert learned.status.to_dict() == {1.0: "ok", 2.0: "unsupported", 4.0: "unsupported"}
    assert np.isnan(learned.value[2.0])


def test_adapting_encodings_are_measured_on_the_existing_model(tmp_path: Path) -> None:
    run("rope", **SMALL, seeds=1, results=tmp_path)
    (trained,) = tmp_path.glob("cells/*/train.json")
    stamp = trained.stat().st_mtime_ns
    options = ["run", *OPTIONS, "--seeds", "1", "--results", str(tmp_path), "--encodings"]
    planned = CliRunner().invoke(main, [*options, "rope,yarn:factor=2", "--dry-run"])
    heading, row, total, *_ = planned.stdout.splitlines()
    assert "trained with" in heading and "measured with" in heading
    assert "rope, yarn:factor=2" in row and row.endswith("to measure")
    assert total.startswith("1 cell, 0 finished, 1 to do: about 0 s of training")

    both = run("rope,yarn:factor=2", **SMALL, seeds=1, results=tmp_path)
    assert trained.stat().st_mtime_ns == stamp
    assert set(both.frame().encoding) == {"rope", "yarn:factor=2"}
    # Results of rope do not include what other encodings measured on its model.
    assert set(run("rope", **SMALL, seeds=1, results=tmp_path).frame().encoding) == {"rope"}


def test_a_dry_run_refuses_what_a_run_refuses(tmp_path: Path) -> None:
    options = ["run", *OPTIONS, "--dry-run", "--results", str(tmp_path), "--encodings"]
    outcome = CliRunner().invoke(main, [*options, "rope,yarn:factor=0.5"])
    assert outcome.exit_code == 2
    assert outcome.stderr == "error: yarn: factor is 0.5, but must be at least 1\n"


def test_damaged_files_are_made_again(tmp_path: Path) -> None:
    run("rope", **SMALL, seeds=1, results=tmp_path)
    before = outcomes(tmp_path)
    for path in tmp_path.glob("cells/*/*.safetensors"):  # the weights too
        path.write_bytes(path.read_bytes()[:-5])
    assert load(tmp_path).frame().status.unique() == ["failed"]
    assert run("rope", **SMALL, seeds=1, results=tmp_path).failures == []
    assert outcomes(tmp_path) == before


def test_weights_of_another_training_are_made_again(tmp_path: Path) -> None:
    run("rope", **SMALL, seeds=2, results=tmp_path)
    before = outcomes(tmp_path)
    one, other = sorted(tmp_path.glob("cells/*/weights.safetensors"))
    own = one.read_bytes()
    one.write_bytes(other.read_bytes())
    for measured in one.parent.glob("*.json"):
        if measured.name != "train.json":
            measured.unlink()
    assert run("rope", **SMALL, seeds=2, results=tmp_path).failures == []
    assert one.read_bytes() == own
    assert outcomes(tmp_path) == before


def test_a_spec_gives_the_same_record_twice(tmp_path: Path) -> None:
    for name in "ab":
        run("rope", **SMALL, seeds=1, results=tmp_path / name)
    assert outcomes(tmp_path / "a") == outcomes(tmp_path / "b") != {}


def test_a_record_holds_the_length_of_the_problem_and_the_width_of_its_rows(tmp_path: Path) -> None:
    store = run("rope", **{**SMALL, "tasks": "copy"}, seeds=1, results=tmp_path).store
    widths = {(record.spec.length, record.tokens) for record in store.records() if isinstance(record, EvalRecord)}
    assert widths == {(16, 34), (32, 66)}  # BOS, the string, SEP, the string again


def test_cells_that_fail_diverge_or_die_are_recorded_and_the_rest_go_on(tmp_path: Path, plugin) -> None:
    results = tmp_path / "results"
    for behaviour, reason in (("raises", "it broke in two lines"), ("diverges", "loss was nan"), ("kills", "signal 9")):
        outcome = run([plugin(behaviour), "rope"], **SMALL, seeds=1, results=results, workers=1)
        assert len(outcome.failures) == 1
        assert reason in outcome.failures[0]
        assert "\n" not in outcome.failures[0]
        assert {record.status for record in outcome.store.records() if isinstance(record, EvalRecord)} == {"ok"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to a limit")
def test_a_worker_that_wants_more_than_its_share_of_memory_fails_and_the_rest_go_on(
    tmp_path: Path, plugin, monkeypatch
) -> None:
    monkeypatch.setattr(machine, "machine_memory", lambda: 3_000_000_000)
    monkeypatch.setenv("HOARD", "1_000_000_000")  # numbers of four bytes
    outcome = run([plugin("hoards"), "rope"], **SMALL, seeds=1, results=tmp_path, workers=1, device="cpu")
    (line,) = outcome.failures
    assert "out of memory: each worker gets a share; --workers 1 --retry-failed gives all of it to one (" in line
    assert "4000000000 bytes" in line
    monkeypatch.setenv("HOARD", "100_000_000")
    assert run(plugin("hoards"), **SMALL, seeds=1, results=tmp_path / "enough", workers=1).failures == []


@pytest.mark.parametrize(
    ("own", "file"),
    [
        ("0::/slurm/job_7/step_0\n", "slurm/job_7/memory.max"),
        ("0::/\n", "memory.max"),
        ("5:cpu:/elsewhere\n4:memory:/jobs/7\n", "memory/jobs/memory.limit_in_bytes"),
    ],
)
def test_a_container_or_a_job_has_the_memory_that_it_may_use(tmp_path: Path, monkeypatch, own: str, file: str) -> None:
    """The limit may be set on a parent control group."""
    monkeypatch.setattr(machine, "CONTROL_GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(machine, "OWN_GROUPS", tmp_path / "own")
    whole = machine.machine_memory()
    (tmp_path / "own").write_text(own)
    limit = tmp_path / "cgroup" / file
    limit.parent.mkdir(parents=True)
    limit.write_text("max\n")
    assert machine.machine_memory() == whole > 2**30
    limit.write_text("3000000000\n")
    assert machine.machine_memory() == 3_000_000_000
    assert machine.memory_share(2) == 1_500_000_000
    assert machine.most_workers("cpu") <= 2


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [("breaks", "the loss was nan at length 32"), ("ends", "the worker died: signal 9 (killed; out of memory?)")],
)
def test_a_model_that_cannot_be_measured_is_a_failure(tmp_path: Path, plugin, behaviour: str, reason: str) -> None:
    outcome = run(plugin(behaviour), **SMALL, seeds=1, results=tmp_path, workers=1)
    assert [line.rpartition("seed 0: ")[2].rpartition("Error: ")[2] for line in outcome.failures] == [reason]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def __init__(self, shape): {}['no']", "KeyError: 'no'"),
    ],
)
def test_a_plugin_that_cannot_be_built_is_refused_in_one_line(tmp_path: Path, code: str, reason: str) -> None:
    path = tmp_path / "mine.py"
    inside = code.startswith("def")
    path.write_text((f"{HEAD}\n    {code}\n") if inside else f"{code}\n{HEAD}")
    options = ["run", *OPTIONS, "--results", str(tmp_path / "r"), "--encodings", str(path)]
    for arguments in (options, ["tutorial", "--encoding", str(path)]):
        outcome = CliRunner().invoke(main, arguments)
        assert outcome.exit_code == 2
        assert reason in outcome.stderr
        assert outcome.stderr.count("\n") == 1


def test_output_of_a_plugin_stays_out_of_the_protocol(tmp_path: Path, plugin) -> None:
    outcome = run(plugin("prints"), **SMALL, seeds=1, results=tmp_path)
    assert outcome.failures == []


def test_a_cell_that_cannot_work_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="base is -1"):
        run("alibi,rope:base=-1", **SMALL, seeds=1, results=tmp_path)
    assert list(Store(tmp_path).records()) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--encodings", "roppe"], "did you mean 'rope'"),
        (["--seeds", "zero"], "--seeds is 'zero'"),
        (["--lengths", "0"], "--lengths is '0'"),
        (["--workers", "0"], "--workers"),
        (["--device", "tpu"], "unknown device 'tpu'"),
        (["--reference", "ropy"], "unknown reference 'ropy'; did you mean 'rope'?"),
        (["--colour", "red"], "--colour"),
    ],
)
def test_a_usage_error_is_one_line_and_exit_code_2(tmp_path: Path, options: list[str], words: str) -> None:
    outcome = CliRunner().invoke(main, ["run", *OPTIONS, "--results", str(tmp_path), *options])
    assert outcome.exit_code == 2
    assert words in outcome.stderr
    assert outcome.stderr.count("\n") == 1


def test_a_run_reports_against_the_reference_asked_for(tmp_path: Path) -> None:
    options = [*OPTIONS[:-1], "--encodings", "alibi,rope", "--reference", "alibi", "--seeds", "1"]
    folders = ["--results", str(tmp_path / "results"), "--out", str(tmp_path / "out")]
    outcome = CliRunner().invoke(main, ["run", *options, *folders], catch_exceptions=False)
    assert outcome.exit_code == 0
    assert "difference from alibi" in (tmp_path / "out" / "report.md").read_text()


def test_a_configuration_file_sets_options_and_the_command_line_wins(tmp_path: Path) -> None:
    config = tmp_path / "run.toml"
    settings = 'encodings = ["rope", "alibi"]\npreset = "smoke"\ntasks = "copy"\nseeds = 2\n'
    config.write_text(settings + 'no-report = true\ndisplay = "plain"\n')
    arguments = ["run", "--config", str(config), "--results", str(tmp_path / "r"), "--seeds", "1", "--dry-run"]
    outcome = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert outcome.exit_code == 0
    assert "2 cells, 0 finished, 2 to do" in outcome.stdout
    config.write_text('encodings = "rope"\npreset = "smoke"\ndisplay = "none"\n')
    assert CliRunner().invoke(main, arguments).exit_code == 0  # the key is the option's name
    config.write_text('results = 2020-01-01\npreset = "smoke"\n')
    assert CliRunner().invoke(main, ["run", "--config", str(config), "--dry-run"]).exit_code == 0
    config.write_text("[encodings]\nrope = 1\n")
    assert "encodings is a table" in CliRunner().invoke(main, arguments).stderr
    config.write_text("sedes = 3\n")
    outcome = CliRunner().invoke(main, arguments)
    assert outcome.exit_code == 2
    assert "did you mean 'seeds'" in outcome.stderr


def test_an_interrupt_ends_with_code_130(tmp_path: Path) -> None:
    options = [*OPTIONS, "--encodings", "rope", "--seeds", "40", "--display", "json", "--results", str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmark", "run", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        # A shell's background job ignores interrupts, and so do its children: tests may run in one.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.strip() == ("error: interrupted: what was computed is kept, and the same command resumes from there")
