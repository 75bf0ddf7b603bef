"""What executors add to a cell: the same cells through the pool and through Ray."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from click.testing import CliRunner

from benchmark.cli import main
from benchmark.experiments.executor import Event
from benchmark.experiments.plan import Cell
from benchmark.results.store import Store
from benchmark.timing import executors
from benchmark.timing.executors import empty_cells, rounds_of, smoke_cells


@dataclass
class Fake:
    """Ends a cell a second by its own clock, after a long start."""

    store: Store
    clock: list[float]
    seen: list[tuple[int, object]]
    seconds: float

    def run(self, cells: Sequence[Cell], *, force: bool, retry_failed: bool) -> Iterator[Event]:
        self.seen.append((len(list(self.store.records())), os.sched_getaffinity(0)))
        self.clock[0] += 100.0
        for cell in cells:
            yield Event(kind="started", cell=cell)
            self.clock[0] += self.seconds
            yield Event(kind="done", cell=cell, status="ok")


def test_there_are_200_empty_and_24_smoke_cells() -> None:
    assert (len(empty_cells()), len(smoke_cells())) == (200, 24)
    assert {cell.train.budget.steps for cell in smoke_cells()} == {30}


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="a system without affinities")
def test_a_cell_is_timed_without_the_start_and_on_one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, seen = [0.0], list[tuple[int, object]]()
    monkeypatch.setattr(executors.time, "perf_counter", lambda: clock[0])
    made = {name: lambda store, own=own: Fake(store, clock, seen, own) for name, own in (("pool", 1.0), ("ray", 3.0))}
    monkeypatch.setattr(executors, "EXECUTORS", made)
    before = os.sched_getaffinity(0)
    found = list(rounds_of(smoke_cells(), 2, empty=True))
    assert [(each["pool"].wall, each["ray"].wall) for each in found] == [(1.0, 3.0)] * 2
    assert [records for records, _ in seen] == [24] * 4  # an empty cell is recorded already
    assert {frozenset(cores) for _, cores in seen} == {frozenset({min(before)})}  # type: ignore[call-overload]
    assert os.sched_getaffinity(0) == before


@pytest.mark.ray
@pytest.mark.slow
def test_the_suite_compares_the_pool_and_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "EMPTY", 10)
    monkeypatch.setattr(executors, "SMOKE", 1)
    outcome = CliRunner().invoke(main, ["time", "--suite", "executors", "--rounds", "2"])
    assert outcome.exit_code == 0, outcome.output
    rows = [line.split() for line in outcome.stdout.splitlines()]
    assert [row[:3] for row in rows[1:5]] == [
        *(["10", "empty", "pool"], ["10", "empty", "ray"]),
        *(["4", "smoke", "pool"], ["4", "smoke", "ray"]),
    ]
    assert all(float(row[3]) > 0 for row in rows[1:5])


def test_other_options_are_refused() -> None:
    outcome = CliRunner().invoke(main, ["time", "--suite", "executors", "--device", "cpu"])
    assert outcome.exit_code == 2
    assert "--device is not an option of --suite executors, which takes --rounds: omit it" in outcome.stderr
