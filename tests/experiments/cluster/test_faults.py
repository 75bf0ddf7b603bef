"""Machines, processes and disks that fail while cells run: nothing finished is lost, nothing is done twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from folders import good, mounted, outcomes

from benchmark import run
from benchmark.errors import UsageError
from benchmark.experiments.cluster import executor
from benchmark.experiments.cluster.executor import Cluster
from benchmark.experiments.executor import Event
from benchmark.experiments.machine import cores
from benchmark.experiments.plan import make_plan
from benchmark.experiments.request import Request
from benchmark.results.environment import installed
from benchmark.results.store import Store

pytestmark = pytest.mark.ray
CELLS = 3


@pytest.fixture(scope="module")
def slow(sleeper: Callable[..., str]) -> dict[str, Any]:
    """A run of cells that take about four seconds."""
    return {"encodings": sleeper(), "tasks": "offset-recall", "preset": "smoke", "lengths": (1, 2), "seeds": CELLS}


@pytest.fixture(scope="module")
def expected(slow: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The results of the pool."""
    folder = tmp_path_factory.mktemp("pool")
    assert run(**slow, workers=cores(), device="cpu", results=folder).failures == []
    return outcomes(folder)


@pytest.fixture
def nodes(new_nodes: Callable[[], Any]) -> Iterator[Any]:
    found = new_nodes()
    yield found
    found.close()


class Watch:
    """Notes events, and does something at the first of a kind."""

    def __init__(self, kind: str = "", do: Callable[[], object] = lambda: None) -> None:
        self.kind, self.do, self.events = kind, do, list[Event]()

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if event.kind == self.kind and self.count(event.kind) == 1:
            self.do()

    def count(self, kind: str) -> int:
        return sum(event.kind == kind for event in self.events)

    @property
    def reasons(self) -> list[str]:
        return [str(event.reason) for event in self.events if event.kind == "resumed"]


def through_ray(slow: dict[str, Any], nodes: Any, folder: Path, watch: Watch, **settings: Any) -> list[str]:
    """The failures of a run through Ray."""
    settings = {"device": "cpu", "address": nodes.address, **settings}
    return run(**slow, executor="ray", results=folder, on_event=watch, **settings).failures


def assert_all_done_once(watch: Watch, folder: Path, expected: dict[str, object]) -> None:
    assert watch.count("done") == CELLS
    assert outcomes(folder) == expected


def test_cells_of_a_machine_that_dies_run_on_another(
    slow: dict[str, Any], expected: dict[str, object], nodes: Any, tmp_path: Path
) -> None:
    doomed = nodes.add()
    watch = Watch("started", lambda: [nodes.kill(doomed), nodes.add()])
    assert through_ray(slow, nodes, tmp_path, watch) == []
    assert_all_done_once(watch, tmp_path, expected)
    assert watch.count("started") == CELLS + 1
    assert len(watch.reasons) == 1 and watch.reasons[0].startswith(
        "lost, and tried again: Task failed because the node"
    )


@pytest.mark.slow
def test_a_cell_whose_process_dies_is_tried_again(
    slow: dict[str, Any], expected: dict[str, object], nodes: Any, tmp_path: Path
) -> None:
    nodes.add()
    watch = Watch("started", lambda: [os.kill(pid, signal.SIGKILL) for pid in nodes.ask("workers")["pids"]])
    assert through_ray(slow, nodes, tmp_path, watch) == []
    assert_all_done_once(watch, tmp_path, expected)
    assert watch.count("started") == CELLS + 1
    assert len(watch.reasons) == 1 and watch.reasons[0].startswith("lost, and tried again: ")


@pytest.mark.slow
def test_a_cell_whose_process_always_dies_is_recorded_as_failed(
    nodes: Any, tmp_path: Path, sleeper: Callable[..., str]
) -> None:
    """It kills the process that owns its worker, so that no machine can say what happened."""
    nodes.add()
    kills = sleeper(name="kills", body="os.kill(os.getppid(), 9)")
    asked = {"encodings": kills, "tasks": "offset-recall", "preset": "smoke", "lengths": (1,), "seeds": 1}
    (failure,) = through_ray(asked, nodes, tmp_path / "results", Watch())
    assert "the process that ran it died 3 times: " in failure


def command(slow: dict[str, Any], address: str, folder: Path) -> list[str]:
    options = {
        **{"encodings": slow["encodings"], "tasks": slow["tasks"], "preset": slow["preset"], "seeds": slow["seeds"]},
        **{"lengths": "1,2", "executor": "ray", "address": address, "device": "cpu", "results": folder},
        "display": "json",
    }
    given = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    return [sys.executable, "-m", "benchmark", "run", *given, "--no-report"]


def workers_of(process: psutil.Process) -> list[psutil.Process]:
    """The workers that train below a process."""
    return [each for each in process.children(recursive=True) if "benchmark.experiments.worker" in each.cmdline()]


def gone_within(seconds: float, processes: list[psutil.Process]) -> bool:
    return psutil.wait_procs(processes, timeout=seconds)[1] == []


@pytest.mark.slow
def test_the_command_issued_again_after_a_kill_resumes(
    slow: dict[str, Any], expected: dict[str, object], nodes: Any, tmp_path: Path
) -> None:
    nodes.add()
    asked = command(slow, nodes.address, tmp_path)
    first = subprocess.Popen(asked, stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    done = next(event["key"] for event in map(json.loads, first.stdout) if event["event"] == "done")
    running = workers_of(psutil.Process(nodes.process.pid))
    assert running
    first.kill()
    first.stdout.close()
    first.wait()
    stamps = {path: path.stat().st_mtime_ns for path in Store(tmp_path).folder(done).glob("*.*[ns]")}
    assert gone_within(60, running)  # nobody waits for what they compute
    again = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=True)
    events = [json.loads(line) for line in again.stdout.splitlines()]
    assert sum(event["event"] == "done" for event in events) < CELLS
    assert outcomes(tmp_path) == expected
    assert stamps == {path: path.stat().st_mtime_ns for path in stamps}


@pytest.mark.slow
def test_an_interrupted_run_says_so_and_leaves_nothing_behind(slow: dict[str, Any], tmp_path: Path) -> None:
    asked = [part for part in command(slow, "", tmp_path) if part not in ("--address", "")]
    process = subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stderr is not None
    assert next(event for event in map(json.loads, process.stdout) if event["event"] == "started")
    below = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors.strip() == "error: interrupted: what was computed is kept, and the same command resumes from there"
    assert gone_within(60, below)


@pytest.mark.slow
def test_a_run_goes_on_after_the_head_was_restarted(
    slow: dict[str, Any], expected: dict[str, object], nodes: Any, tmp_path: Path
) -> None:
    first = nodes.add()

    def restart() -> None:
        nodes.kill(None)
        nodes.kill(first)
        nodes.head()
        nodes.add()

    watch = Watch("done", restart)
    assert through_ray(slow, nodes, tmp_path, watch) == []
    assert_all_done_once(watch, tmp_path, expected)


@pytest.mark.slow
def test_a_cluster_that_does_not_come_back_ends_the_run(
    slow: dict[str, Any], nodes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor, "BACK_SECONDS", 10.0)
    nodes.add()
    with pytest.raises(ChildProcessError, match=r"^the Ray cluster was lost: "):
        through_ray(slow, nodes, tmp_path, Watch("started", lambda: nodes.kill(None)))
    assert good(tmp_path) == outcomes(tmp_path)  # no cell failed because a machine died


@pytest.mark.slow
def test_a_cell_that_hangs_is_abandoned_and_the_rest_go_on(
    slow: dict[str, Any], nodes: Any, tmp_path: Path, sleeper: Callable[..., str]
) -> None:
    limit = 30
    nodes.add()
    watch = Watch()
    asked = {**slow, "encodings": [sleeper(600, "hangs"), "rope"], "seeds": 1}
    failures = through_ray(asked, nodes, tmp_path / "results", watch, cell_timeout=limit)
    reason = f"it took longer than --cell-timeout {limit} seconds"
    assert failures == [f"offset-recall · hangs · seed 0: failed: {reason}"]
    assert watch.count("done") == 2
    assert len(good(tmp_path / "results")) == 3


@pytest.mark.slow
def test_a_machine_that_joins_late_is_used(
    slow: dict[str, Any], expected: dict[str, object], nodes: Any, tmp_path: Path
) -> None:
    nodes.add()
    watch = Watch("started", nodes.add)
    assert through_ray({**slow, "seeds": CELLS + 4}, nodes, tmp_path, watch) == []
    running, most = set[str](), 0
    for event in watch.events:
        (running.discard if event.kind == "done" else running.add)(event.cell.train.key)
        most = max(most, len(running))
    assert most == 2  # a node runs one cell at a time
    assert expected.items() <= outcomes(tmp_path).items()


@pytest.mark.slow
def test_a_machine_with_another_package_is_refused_and_left_out_if_it_joins_late(
    slow: dict[str, Any], expected: dict[str, object], nodes: Any, tmp_path: Path, other_package: Path
) -> None:
    nodes.add()
    watch = Watch("started", lambda: nodes.add(path=str(other_package)))
    assert through_ray(slow, nodes, tmp_path / "late", watch) == []
    assert_all_done_once(watch, tmp_path / "late", expected)
    known = f"{installed('position-benchmark')} (code "
    told = [reason for reason in watch.reasons if f"is left out: position-benchmark {known}" in reason]
    assert told and f"there, {known}" in told[0]
    with pytest.raises(UsageError, match=r"has other versions: position-benchmark .* there, .* here; install the same"):
        through_ray(slow, nodes, tmp_path / "first", watch)
    assert not (tmp_path / "first").exists() or outcomes(tmp_path / "first") == {}


@pytest.mark.slow
def test_a_full_disk_ends_the_run_in_one_line(
    slow: dict[str, Any], expected: dict[str, object], nodes: Any, tmp_path: Path
) -> None:
    nodes.add()
    with mounted(tmp_path / "disk", "size=200k") as folder:
        done = subprocess.run(command(slow, nodes.address, folder), capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith("error: No space left on device: ")
        assert "free some space" in done.stderr
        assert done.stderr.count("\n") == 1
        kept = outcomes(folder)
        assert good(folder) == kept
        subprocess.run(["mount", "-o", "remount,size=9m", str(folder)], check=True)
        subprocess.run(command(slow, nodes.address, folder), stdout=subprocess.DEVNULL, check=True)
        assert kept.items() <= outcomes(folder).items()
        assert outcomes(folder) == expected


@pytest.mark.slow
def test_two_runs_on_one_folder_share_the_work(
    slow: dict[str, Any], expected: dict[str, object], nodes: Any, tmp_path: Path
) -> None:
    nodes.add()
    pool = [part for part in command(slow, "", tmp_path) if part not in ("--address", "", "--executor", "ray")]
    both = [
        subprocess.Popen(each, stdout=subprocess.PIPE, text=True)
        for each in (command(slow, nodes.address, tmp_path), [*pool, "--workers", str(cores())])
    ]
    outputs = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert outcomes(tmp_path) == expected
    events = [json.loads(line) for output in outputs for line in output.splitlines()]
    trained = [event["key"] for event in events if event["event"] == "progress" and event["step"] == 30]
    assert len(trained) == len({*trained}) == CELLS


def test_an_address_where_nobody_answers_is_refused_at_once(tmp_path: Path) -> None:
    plan = make_plan(Request(encodings="rope", preset="smoke", tasks="copy", seeds=(0,)))
    started = time.monotonic()
    with pytest.raises(UsageError, match=r"--address 127.0.0.1:9: no Ray head answers there \(Connection refused\)"):
        list(Cluster(store=Store(tmp_path), address="127.0.0.1:9").run(plan.cells))
    assert time.monotonic() - started < 60
