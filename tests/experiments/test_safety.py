"""Nothing that was computed is lost: kills, hangs, a full disk, a folder without permission, simultaneous runs."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import torch
from click.testing import CliRunner
from folders import good, mounted, outcomes

from benchmark import run
from benchmark.cli import main
from benchmark.experiments.cell import run_cell
from benchmark.experiments.executor import record_lost_cell
from benchmark.experiments.machine import cores
from benchmark.experiments.outstanding import outstanding
from benchmark.experiments.plan import Cell, make_plan
from benchmark.experiments.process import WorkerProcess
from benchmark.experiments.request import Request
from benchmark.results.lock import locked
from benchmark.results.record import EvalRecord
from benchmark.results.store import Store

SMALL = {"preset": "smoke", "tasks": "offset-recall", "lengths": (1, 2)}
OPTIONS = ["--preset", "smoke", "--tasks", "offset-recall", "--lengths", "1,2", "--no-report", "--display", "json"]
RUN = [sys.executable, "-m", "benchmark", "run", *OPTIONS]
ASKED = ["--encodings", "rope,alibi", "--seeds", "2", "--workers", "2", "--retry-failed"]
THREADS = max(1, cores() // 2)
PLAN = make_plan(Request(encodings="rope,alibi", preset="smoke", tasks="offset-recall", seeds=(0, 1), multiples=(1, 2)))


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """The threads of one of two workers: two threads sum in another order than one."""
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of an undisturbed run."""
    folder = tmp_path_factory.mktemp("whole")
    subprocess.run([*RUN, *ASKED, "--results", str(folder)], check=True, capture_output=True)
    return folder


# Kills


def kill_at(folder: Path, words: int, draw: random.Random) -> tuple[list[str], bool]:
    """Start a run, and kill it or one of its workers soon after that many lines of output (0: while it starts).

    Returns the keys reported as done, and whether the kill hit anything: if so, the run fails.
    """
    process = subprocess.Popen(
        [*RUN, *ASKED, "--results", str(folder)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    heard = [process.stdout.readline() for _ in range(words)]
    time.sleep(draw.uniform(0, 0.02) if words else draw.uniform(0, 3))
    workers = psutil.Process(process.pid).children() if process.poll() is None else []
    victim = draw.choice([*workers, process])
    with suppress(psutil.NoSuchProcess):
        victim.send_signal(signal.SIGKILL)
    events = [json.loads(line) for line in [*heard, *process.stdout] if line.endswith("\n")]
    process.stdout.close()
    landed = process.wait() != 0
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert alive == []  # workers end with their parent
    return [event["key"] for event in events if event["event"] == "done" and event["status"] == "ok"], landed


def kill_often(tmp_path: Path, whole: Path, moments: int, seed: int) -> None:
    """Kill runs until that many kills have hit something; use a folder until it is complete, then the next."""
    draw, expected = random.Random(seed), outcomes(whole)
    folder, landed, tried = tmp_path / "0", 0, 0
    while landed < moments:
        tried += 1
        assert tried <= 5 * moments
        before = good(folder)
        done, hit = kill_at(folder, draw.randrange(100), draw)
        landed += hit
        after = good(folder)
        assert before.keys() | set(done) <= after.keys()
        assert all(expected[key] == value for key, value in after.items())
        if after == expected:
            folder = tmp_path / str(tried)
    subprocess.run([*RUN, *ASKED, "--results", str(folder)], check=True, capture_output=True)
    assert outcomes(folder) == expected


def test_kills_lose_no_finished_cell_and_change_no_result(tmp_path: Path, whole: Path) -> None:
    kill_often(tmp_path, whole, moments=3, seed=2)


@pytest.mark.slow
def test_thirty_kills_lose_no_finished_cell_and_change_no_result(tmp_path: Path, whole: Path) -> None:
    kill_often(tmp_path, whole, moments=30, seed=3)


TRAINER = """
import sys
from pathlib import Path
import torch
from benchmark.experiments.cell import run_cell
from benchmark.experiments.plan import Cell
from benchmark.results.store import Store

cell = Cell.model_validate_json(sys.stdin.readline())
torch.set_num_threads(int(sys.argv[2]))
run_cell(cell, Store(Path(sys.argv[1])), "cpu", lambda event, **data: print(event, data, flush=True),
         checkpoint_seconds=0)
"""


def kill_in_training(cell: Cell, store: Store, after: float) -> bool:
    """Start a training that writes a checkpoint at every step, and kill it that long after it wrote one.

    Returns whether the kill hit anything.
    """
    command = [sys.executable, "-c", TRAINER, str(store.root), str(THREADS)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert process.stdin is not None
    process.stdin.write(cell.model_dump_json() + "\n")
    process.stdin.close()
    before = written(store.checkpoint(cell.train.key))
    while written(store.checkpoint(cell.train.key)) in (None, before) and process.poll() is None:
        time.sleep(0.001)
    time.sleep(after)
    process.kill()
    return process.wait() != 0


def written(path: Path) -> int | None:
    """The time a file was written; None if it does not exist."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def kill_training_often(tmp_path: Path, whole: Path, kills: int, seed: int) -> None:
    cell, store, draw = PLAN.cells[1], Store(tmp_path), random.Random(seed)
    assert any([kill_in_training(cell, store, draw.uniform(0, 0.03)) for _ in range(kills)])
    assert run_cell(cell, store, "cpu", lambda *_, **__: None) == "ok"
    found = outcomes(tmp_path)
    assert found.items() <= outcomes(whole).items()
    assert len(found) == 1 + 2


def test_a_training_killed_while_it_writes_checkpoints_ends_with_the_same_result(tmp_path: Path, whole: Path) -> None:
    kill_training_often(tmp_path, whole, kills=3, seed=11)


@pytest.mark.slow
def test_a_training_killed_twelve_times_ends_with_the_same_result(tmp_path: Path, whole: Path) -> None:
    kill_training_often(tmp_path, whole, kills=12, seed=12)


def test_a_killed_training_resumes_within_its_cell_to_the_same_result(tmp_path: Path, whole: Path) -> None:
    cell = PLAN.cells[0]
    store = Store(tmp_path)
    assert kill_in_training(cell, store, after=0)
    assert store.checkpoint(cell.train.key).exists()

    told = []
    (store.folder(cell.train.key) / ".0123.tmp").write_bytes(b"half of what another kill left")
    status = run_cell(cell, store, "cpu", lambda event, **data: told.append((event, data)))
    assert status == "ok"
    (resumed,) = [data for event, data in told if event == "resumed"]
    assert 0 < resumed["step"] < cell.train.budget.steps
    assert resumed["reason"] is None
    found = outcomes(tmp_path)
    assert found.items() <= outcomes(whole).items()
    assert len(found) == 1 + 2
    assert {path.suffix for path in store.folder(cell.train.key).iterdir() if path.name != ".lock"} == {
        ".json",
        ".safetensors",
    }
    assert not store.checkpoint(cell.train.key).exists()


# Hangs


def test_a_cell_that_hangs_is_abandoned_and_the_rest_go_on(tmp_path: Path, plugin) -> None:
    limit = 30  # many times longer than a cell takes, however busy the machine
    results = tmp_path / "results"
    hanging = plugin("hangs")
    outcome = run([hanging, "rope"], **SMALL, seeds=1, results=results, workers=1, cell_timeout=limit)
    reason = f"it took longer than --cell-timeout {limit:g} seconds"
    assert outcome.failures == [f"offset-recall · mine · seed 0: failed: {reason}"]
    assert [record.status for record in outcome.store.records() if isinstance(record, EvalRecord)] == ["ok"] * 2
    tried = []
    run(hanging, **SMALL, seeds=1, results=results, on_event=tried.append)
    assert tried == []  # a failure counts as done,
    run(hanging, **SMALL, seeds=1, results=results, cell_timeout=1, retry_failed=True, on_event=tried.append)
    assert [event.kind for event in tried] == ["started", "done"]  # unless it is to be retried


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "-inf", "1e999", "soon", ""])
def test_an_invalid_timeout_is_refused(tmp_path: Path, value: str) -> None:
    outcome = CliRunner().invoke(main, ["run", *OPTIONS, "--results", str(tmp_path), "--cell-timeout", value])
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith("error: Invalid value for '--cell-timeout': ")
    assert outcome.stderr.count("\n") == 1


# No place to write


def told(folder: Path) -> tuple[int, str]:
    """The exit code and the error stream of a run of two cells."""
    command = [*RUN, "--encodings", "rope", "--seeds", "2", "--workers", "2", "--results", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_a_full_disk_is_one_line_and_what_was_finished_stays(tmp_path: Path, whole: Path) -> None:
    size = sum(path.stat().st_size for path in whole.glob("cells/*/*")) // len(PLAN.cells)  # of one cell of two
    with mounted(tmp_path / "disk", f"size={size}") as folder:
        code, errors = told(folder)
        assert code == 1
        assert errors.startswith("error: No space left on device: ")
        assert "free some space" in errors
        assert errors.count("\n") == 1
        kept = outcomes(folder)
        assert good(folder) == kept  # no failure is recorded: nothing to retry
        subprocess.run(["mount", "-o", "remount,size=9m", str(folder)], check=True)
        assert told(folder) == (0, "")
        assert len(good(folder)) == 2 * 3
        assert kept.items() <= outcomes(folder).items() <= outcomes(whole).items()


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=9m,ro") as folder:
        code, errors = told(folder)
    assert code == 1
    assert errors.startswith("error: Read-only file system: ")
    assert "choose a folder you can write to" in errors
    assert errors.count("\n") == 1


def test_a_finished_folder_may_be_read_only(tmp_path: Path, whole: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "--bind", "-o", "ro", str(whole), str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a file system")
    try:
        done = subprocess.run([*RUN, *ASKED, "--results", str(folder)], capture_output=True, text=True, check=False)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    assert (done.returncode, done.stderr) == (0, "")


# Two at once


def test_two_runs_on_one_folder_share_the_work(tmp_path: Path, whole: Path) -> None:
    command = [*RUN, "--encodings", "rope,alibi", "--seeds", "2", "--workers", "2", "--results", str(tmp_path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert len(good(tmp_path)) == len(PLAN.cells) * 3
    assert outcomes(tmp_path) == outcomes(whole)
    events = [json.loads(line) for output in outputs for line in output.splitlines()]
    trained = [event["key"] for event in events if event["event"] == "progress" and event["step"] == 30]
    assert sorted(trained) == sorted(PLAN.train_keys)  # each exactly once


def test_work_that_another_run_did_meanwhile_is_not_repeated(tmp_path: Path) -> None:
    store, cell = Store(tmp_path), PLAN.cells[0]
    assert run_cell(cell, store, "cpu", lambda *_, **__: None) == "ok"
    stamps = {path: path.stat().st_mtime_ns for path in store.folder(cell.train.key).glob("*.*[ns]")}
    assert len(stamps) == 2 + 2 * 2
    assert run_cell(cell, store, "cpu", lambda *_, **__: None) == "ok"  # planned before the first run
    assert stamps == {path: path.stat().st_mtime_ns for path in stamps}


def test_a_cell_that_another_run_holds_is_left_to_it(tmp_path: Path) -> None:
    store, cell = Store(tmp_path), PLAN.cells[0]
    with locked(store.folder(cell.train.key)) as held:
        assert held
        assert run_cell(cell, store, "cpu", lambda *_, **__: None, wait=False) is None
    assert list(store.records()) == []


def test_the_death_of_a_waiting_worker_does_no_harm(tmp_path: Path) -> None:
    """A worker dies while another run holds its cell: only that run records the outcome."""
    store, cell = Store(tmp_path), PLAN.cells[0]
    with Path(os.devnull).open("rb") as log:
        reason = WorkerProcess(process=subprocess.Popen(["false"]), log=log, cell=cell).epitaph()
    assert reason == "the worker died: exit code 1"
    with locked(store.folder(cell.train.key)):
        record_lost_cell(cell, store, "cpu", reason)
        assert cell.train.key in {each.train.key for each in outstanding(PLAN, store)}
        assert list(store.records()) == []
    record_lost_cell(cell, store, "cpu", reason)
    (record,) = store.records()
    assert record.reason == reason


# Data, never code


def test_nothing_in_the_results_folder_is_executed(tmp_path: Path) -> None:
    """Every file that a run reads is replaced by a pickle that would leave a mark if loaded."""
    import pickle

    mark = tmp_path / "mark"

    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(mark),)

    results = tmp_path / "results"
    store, cell = Store(results), PLAN.cells[0]
    run_cell(cell, store, "cpu", lambda *_, **__: None)
    expected = outcomes(results)
    for path in [*store.folder(cell.train.key).glob("*.*[ns]"), store.checkpoint(cell.train.key)]:
        path.write_bytes(pickle.dumps(Trap()))
    told: list[str] = []
    run_cell(cell, store, "cpu", lambda event, **data: told.append(event))
    assert "resumed" in told  # the checkpoint was read
    assert outcomes(results) == expected
    assert not mark.exists()
    pickle.loads(pickle.dumps(Trap()))
    assert mark.exists()  # the trap works


def test_a_users_file_is_run_only_when_it_is_named(tmp_path: Path, plugin) -> None:
    mark, own, results = tmp_path / "mark", Path(plugin("prints")), str(tmp_path / "results")
    own.write_text(f"{own.read_text()}\nfrom pathlib import Path\n\nPath({str(mark)!r}).touch()\n")
    training = ["run", *OPTIONS, "--seeds", "1", "--results", results]

    def asked(*arguments: str) -> None:
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, done.output

    subprocess.run([*RUN, "--encodings", str(own), "--seeds", "1", "--results", results], check=True)
    assert mark.exists()
    mark.unlink()
    asked("report", "--results", results, "--out", str(tmp_path / "page"))
    asked("status", "--results", results)
    asked("export", "--results", results, "--format", "markdown")
    asked("list", "encodings")
    asked(*training, "--encodings", "rope")
    asked("compare", "mine", "rope", "--results", results)
    assert not mark.exists()
