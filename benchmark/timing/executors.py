"""The time that an executor adds to a cell: the same cells through the pool and through a Ray on this machine.

Each runs them with one worker, all on one core, where the system allows that: the processes of Ray then cost what they
cost, and cannot hide on an idle core. The first cell is a warm-up: a worker loads its libraries, and Ray starts. The
time of a cell is the time from the first "done" to the last, over the cells in between.

    empty    cells that are recorded as failed already: a worker finds that out, and nothing else
    smoke    whole cells of the preset `smoke`
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmark.experiments.cluster.executor import Cluster
from benchmark.experiments.cluster.machines import Ask
from benchmark.experiments.executor import Executor, record_failure
from benchmark.experiments.machine import cores
from benchmark.experiments.plan import Cell, make_plan
from benchmark.experiments.pool import Pool
from benchmark.experiments.request import Request
from benchmark.results.store import Store

EMPTY, SMOKE = 200, 6  # seeds: of one cell, and of four
EXECUTORS: dict[str, Callable[[Store], Executor]] = {
    "pool": lambda store: Pool(store=store, device="cpu", workers=1),
    "ray": lambda store: Cluster(store=store, device="cpu", ask=Ask(cores=cores())),
}


@dataclass(frozen=True, kw_only=True)
class Timed:
    """The seconds of a cell: by the clock, and of processor time in all processes."""

    wall: float
    processor: float


def empty_cells() -> Sequence[Cell]:
    """The same cell with many seeds."""
    return make_plan(Request(encodings="rope", tasks="copy", preset="smoke", seeds=tuple(range(EMPTY)))).cells


def smoke_cells() -> Sequence[Cell]:
    """Cells of two encodings on two tasks."""
    asked = Request(encodings="rope,alibi", tasks="copy,offset-recall", preset="smoke", seeds=tuple(range(SMOKE)))
    return make_plan(asked).cells


def rounds_of(cells: Sequence[Cell], rounds: int, *, empty: bool) -> Iterator[dict[str, Timed]]:
    """Run the cells through every executor in turn; the time of a cell by executor, a round at a time."""
    with _one_core():
        for _ in range(rounds):
            yield {name: _timed(cells, make, empty=empty) for name, make in EXECUTORS.items()}


@contextmanager
def _one_core() -> Iterator[None]:
    """Keep this process, and those that it starts, to one core."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _timed(cells: Sequence[Cell], make: Callable[[Store], Executor], *, empty: bool) -> Timed:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        for cell in cells if empty else ():
            record_failure(cell, store, "cpu", "empty")
        ended: list[tuple[float, float]] = []
        for event in make(store).run(cells, force=False, retry_failed=False):
            if event.kind == "done" and len(ended) in (0, len(cells) - 1):
                ended.append((time.perf_counter(), _processor_seconds()))
            elif event.kind == "done":
                ended.append(ended[0])
    (first, before), (last, after) = ended[0], ended[-1]
    return Timed(wall=(last - first) / (len(cells) - 1), processor=(after - before) / (len(cells) - 1))


def _processor_seconds() -> float:
    """Of this process and all below it."""
    own = psutil.Process()
    return sum(sum(each.cpu_times()[:2]) for each in (own, *own.children(recursive=True)) if each.is_running())
