"""Cells in flight, without Ray: how many, in which order, and what becomes of those that are lost."""

import threading
from pathlib import Path
from typing import Any

import pytest

from benchmark.experiments.cluster import dispatch as dispatching
from benchmark.experiments.cluster.dispatch import MOST_CRASHES, MOST_IN_FLIGHT, SPARE, Dispatch
from benchmark.experiments.cluster.machines import Ask, Machine
from benchmark.experiments.cluster.versions import versions
from benchmark.experiments.plan import Cell, make_plan
from benchmark.experiments.queue import LongestFirst
from benchmark.experiments.request import Request
from benchmark.results.lock import locked
from benchmark.results.store import Store


def plan(seeds: int) -> list[Cell]:
    asked = Request(encodings="rope", tasks="copy,offset-recall", preset="smoke", seeds=tuple(range(seeds)))
    return list(make_plan(asked).cells)


@pytest.fixture
def told() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def dispatch(tmp_path: Path, told: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> Dispatch:
    """A dispatch whose submissions go nowhere, on one machine of three cores."""
    made = Dispatch(
        Store(tmp_path),
        Ask(),
        {"device": "cpu"},
        lambda event, **data: told.append({"event": event, **data}),
        threading.Event(),
    )
    made._machines = [Machine(id="a", name="a", resources={"CPU": 3.0, "memory": 64e9})]
    monkeypatch.setattr(made, "_submit", lambda order, files: object())
    monkeypatch.setattr(dispatching, "machines", lambda: made._machines)
    return made


def test_only_so_many_cells_are_in_flight(dispatch: Dispatch) -> None:
    dispatch._queue = LongestFirst(plan(300))
    dispatch._fill()
    assert len(dispatch._flights) == 3 + SPARE
    dispatch._fill()
    assert len(dispatch._flights) == 3 + SPARE
    dispatch._machines = [Machine(id="b", name="b", resources={"CPU": 5000.0, "memory": 1e15})]
    dispatch._fill()
    assert len(dispatch._flights) == MOST_IN_FLIGHT


def test_the_longest_go_first_and_one_that_was_lost_before_all_others(dispatch: Dispatch, told: list[Any]) -> None:
    cells = plan(10)
    dispatch._queue = LongestFirst(cells)
    dispatch._fill()
    flights = list(dispatch._flights.values())
    assert [flight.cell.cost for flight in flights] == sorted((cell.cost for cell in cells), reverse=True)[: 3 + SPARE]
    dispatch._lose(flights[2], "the machine died", crashed=False)
    dispatch._fill()
    assert list(dispatch._flights.values())[-1].cell == flights[2].cell
    assert told == [
        {
            "event": "resumed",
            "key": flights[2].cell.train.key,
            "step": 0,
            "reason": "lost, and tried again: the machine died",
        }
    ]


def test_only_a_cell_whose_process_always_dies_is_recorded_as_failed(dispatch: Dispatch, told: list[Any]) -> None:
    dispatch._queue = LongestFirst(plan(1)[:1])
    for _ in range(20):
        dispatch._fill()
        dispatch._lose(next(iter(dispatch._flights.values())), "the machine died", crashed=False)
    assert list(dispatch.store.records()) == []
    for _ in range(MOST_CRASHES):
        dispatch._fill()
        dispatch._lose(next(iter(dispatch._flights.values())), "it died", crashed=True)
    (record,) = dispatch.store.records()
    assert (record.status, record.reason) == ("failed", "the process that ran it died 3 times: it died")
    assert told[-1]["event"] == "done" and told[-1]["status"] == "failed"
    assert not dispatch._queue and not dispatch._flights


def test_a_cell_that_another_run_holds_waits_for_the_others(dispatch: Dispatch) -> None:
    first, *others = LongestFirst(cells := plan(2)), *cells
    held = first.take()
    assert held is not None
    dispatch._queue = LongestFirst(cells)
    with locked(dispatch.store.folder(held.train.key)):
        dispatch._fill()
        assert {flight.cell.train.key for flight in dispatch._flights.values()} == {
            cell.train.key for cell in others if cell != held
        }
        dispatch._fill()
        assert len(dispatch._flights) == len(cells) - 1
    dispatch._fill()
    assert len(dispatch._flights) == len(cells)


def test_a_machine_with_a_fault_of_its_own_is_left_out(
    dispatch: Dispatch, told: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = [Machine(id=name, name=f"machine {name}", resources={"CPU": 1.0, "memory": 64e9}) for name in "ab"]
    monkeypatch.setattr(dispatching, "machines", lambda: known)
    dispatch._survey()
    dispatch._queue = LongestFirst(plan(1))
    dispatch._fill()
    first, second = list(dispatch._flights.values())
    dispatch._hear(first, {"machine": "a", "fault": "UnwritableError: No space left on device"})
    assert told[-1]["reason"] == "machine a is left out: UnwritableError: No space left on device"
    assert dispatch._machines == known[1:]
    assert list(dispatch.store.records()) == []
    with pytest.raises(ChildProcessError, match=r"^machine b: torch 2\.5\.0 there, .* here; no other machine of the"):
        dispatch._hear(second, {"machine": "b", "versions": {**versions(), "torch": "2.5.0"}})


def test_a_run_ends_when_no_machine_has_had_room_for_long(dispatch: Dispatch, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(dispatching.time, "monotonic", lambda: now[0])
    dispatch._survey()
    dispatch._machines = []
    now[0] += 500.0
    dispatch._survey()
    now[0] += 101.0
    with pytest.raises(ChildProcessError, match="for 600 seconds, no machine of the cluster could run a cell"):
        dispatch._survey()
