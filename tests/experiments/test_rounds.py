"""Automatic seeds: rounds, caps, resuming, and what is said of them. An executor invents what cells would measure."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from benchmark import run
from benchmark.cli import main
from benchmark.experiments.executor import Event
from benchmark.experiments.plan import Cell, make_plan
from benchmark.experiments.pool import Pool
from benchmark.experiments.request import Auto, Request
from benchmark.experiments.rounds import Looked, Round, Rounds
from benchmark.experiments.runs import execute
from benchmark.results.environment import environment
from benchmark.results.record import EvalRecord, TrainRecord
from benchmark.results.spec import EvalSpec
from benchmark.results.store import Store

Value = Callable[[str, str, int, int], float | None]  # of task, encoding, seed and multiple; None: unsupported
PLACES = 1000


@dataclass
class Invented:
    """Records an invented accuracy for each cell, and notes the seeds of each round by task."""

    store: Store
    value: Value
    fails: Callable[[Cell], bool] = lambda cell: False
    stops_at: int = -1  # the round that is interrupted halfway
    rounds: list[dict[str, list[int]]] = field(default_factory=list)

    def run(self, cells: Sequence[Cell], *, force: bool, retry_failed: bool) -> Iterator[Event]:
        shares: dict[str, set[int]] = {}
        for cell in cells:
            shares.setdefault(cell.train.task.name, set()).add(cell.seed)
        self.rounds.append({task: sorted(seeds) for task, seeds in shares.items()})
        for index, cell in enumerate(cells):
            if len(self.rounds) == self.stops_at and index == len(cells) // 2:
                raise KeyboardInterrupt
            yield Event(kind="done", cell=cell, status="failed" if self.fails(cell) else "ok")
            self.invent(cell)

    def invent(self, cell: Cell) -> None:
        facts = {"created": datetime.now(UTC), "environment": environment("cpu", 1)}
        if self.fails(cell):
            self.store.put(TrainRecord(**facts, status="failed", reason="no", spec=cell.train, task=cell.facts))
            return
        self.store.put(TrainRecord(**facts, status="ok", spec=cell.train, task=cell.facts))
        for measure in cell.measures:
            for spec in measure.evaluations:
                self.measure(cell, spec, facts)

    def measure(self, cell: Cell, spec: EvalSpec, facts: dict[str, object]) -> None:
        multiple = spec.length // cell.train.budget.train_length
        value = self.value(cell.train.task.name, spec.encoding.name, cell.seed, multiple)
        if value is None:
            self.store.put(EvalRecord(**facts, status="unsupported", reason="it ends at L", spec=spec))
            return
        names = {"loss": 1.0, "correct": round(value * PLACES), "count": PLACES}
        arrays = {f"row_{name}": np.array([total], dtype=float) for name, total in names.items()}
        arrays |= {name.replace("loss", "loss_sum"): np.array([total], float) for name, total in names.items()}
        self.store.put(EvalRecord(**facts, status="ok", spec=spec, chance={"token_accuracy": 0.0}), arrays)


def always(task: str, encoding: str, seed: int, multiple: int) -> float:
    """Rope wins on every seed, at L and past it."""
    return {"rope": 0.9, "alibi": 0.6}.get(encoding, 0.3 + len(encoding) / 50)


def but(*lost: int) -> Value:
    """Rope wins, except on some seeds of offset-recall at the longest length."""

    def value(task: str, encoding: str, seed: int, multiple: int) -> float:
        upset = task == "offset-recall" and multiple > 1 and seed in lost
        return 1.0 - always(task, encoding, seed, multiple) if upset else always(task, encoding, seed, multiple)

    return value


ASKED = {"tasks": "copy,offset-recall", "lengths": (1, 16)}
OPTIONS = ["run", "--encodings", "rope,alibi", "--tasks", "copy,offset-recall", "--lengths", "1,16", "--no-report"]


def rounds_of(folder: Path, value: Value, encodings: str = "rope,alibi", **asked: object) -> list[dict[str, list[int]]]:
    """The seeds of each round of a run by task."""
    executor = Invented(Store(folder), value)
    assert run(encodings, **{**ASKED, **asked}, results=folder, executor=executor).failures == []
    return executor.rounds


def seeds(first: int, end: int) -> list[int]:
    return list(range(first, end))


BOTH = {"copy": seeds(0, 6), "offset-recall": seeds(0, 6)}


def test_a_clean_sweep_is_decided_after_six_seeds_and_the_same_again_does_nothing(tmp_path: Path) -> None:
    assert rounds_of(tmp_path, always) == [BOTH]
    assert rounds_of(tmp_path, always) == []


def test_one_upset_takes_its_task_to_ten_seeds_and_no_other(tmp_path: Path) -> None:
    assert rounds_of(tmp_path, but(2)) == [BOTH, {"offset-recall": seeds(6, 10)}]


def test_an_upset_at_the_next_look_as_well_ends_at_the_cap(tmp_path: Path) -> None:
    assert rounds_of(tmp_path / "ten", but(2, 7)) == [BOTH, {"offset-recall": seeds(6, 10)}]
    further = [BOTH, {"offset-recall": seeds(6, 10)}, {"offset-recall": seeds(10, 14)}]
    assert rounds_of(tmp_path / "more", but(2, 7), seeds="auto:14") == further


def test_what_no_seed_below_the_cap_can_decide_gets_none(tmp_path: Path) -> None:
    assert rounds_of(tmp_path, but(1, 2, 3)) == [BOTH]


@pytest.mark.parametrize(
    "value",
    [
        lambda task, encoding, seed, multiple: 0.5 + 0.019 * (encoding == "rope") * (-1) ** seed,  # alike on every seed
        lambda task, encoding, seed, multiple: 0.05 + 0.04 * (encoding == "rope") * (-1) ** seed,  # explained by chance
        lambda task, encoding, seed, multiple: (
            None
            if encoding == "alibi" and multiple > 1
            else always(  # ends at L
                task, encoding, seed, multiple
            )
        ),
    ],
)
def test_what_is_alike_at_chance_or_not_there_is_decided(tmp_path: Path, value: Value) -> None:
    assert rounds_of(tmp_path, value) == [BOTH]


def test_five_encodings_start_with_nine(tmp_path: Path) -> None:
    assert rounds_of(tmp_path, always, "classic", tasks="copy") == [{"copy": seeds(0, 9)}]
    assert rounds_of(tmp_path, but(2), "classic", tasks="offset-recall") == [{"offset-recall": seeds(0, 9)}]
    further = rounds_of(tmp_path, but(2), "classic", tasks="offset-recall", seeds="auto:15")
    assert further == [{"offset-recall": seeds(9, 15)}]


def test_one_encoding_has_nothing_to_decide(tmp_path: Path) -> None:
    assert rounds_of(tmp_path, always, "rope", tasks="copy") == [{"copy": seeds(0, 6)}]


@pytest.mark.parametrize("asked", [3, (0, 4, 7), "2", "5,"])
def test_seeds_of_the_user_are_what_they_are(tmp_path: Path, asked: object) -> None:
    expected = {3: [0, 1, 2], (0, 4, 7): [0, 4, 7], "2": [0, 1], "5,": [5]}[asked]
    assert rounds_of(tmp_path, but(0, 1, 2), seeds=asked) == [{"copy": expected, "offset-recall": expected}]
    (note,) = Store(tmp_path).runs()
    assert note.rounds == []


def test_smoke_has_two_seeds(tmp_path: Path) -> None:
    assert rounds_of(tmp_path, always, preset="smoke") == [{"copy": [0, 1], "offset-recall": [0, 1]}]


def test_results_are_of_the_seeds_that_were_reached(tmp_path: Path) -> None:
    found = run("rope,alibi", **ASKED, results=tmp_path, executor=Invented(Store(tmp_path), but(2)))
    assert found.frame().groupby("task")["seed"].nunique().to_dict() == {"copy": 6, "offset-recall": 10}


def test_finished_seeds_count(tmp_path: Path) -> None:
    assert rounds_of(tmp_path, but(2), seeds=8) == [{"copy": seeds(0, 8), "offset-recall": seeds(0, 8)}]
    assert rounds_of(tmp_path, but(2)) == [{"offset-recall": seeds(8, 10)}]
    assert rounds_of(tmp_path, but(2)) == []


@pytest.mark.parametrize(("interrupted", "left"), [(1, 24), (2, 8)])
def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path, interrupted: int, left: int) -> None:
    executor = Invented(Store(tmp_path), but(2), stops_at=interrupted)
    with pytest.raises(KeyboardInterrupt):
        run("rope,alibi", **ASKED, results=tmp_path, executor=executor)
    assert [len(note.rounds) for note in Store(tmp_path).runs()] == [1] * (interrupted - 1)
    assert rounds_of(tmp_path, but(2))[-1]["offset-recall"][-1] == 9
    assert len(list(tmp_path.glob("cells/*"))) == 2 * (6 + 10)
    assert rounds_of(tmp_path, but(2)) == []


def test_another_encoding_catches_up_first(tmp_path: Path) -> None:
    rounds_of(tmp_path, but(2))
    (wider, *_) = rounds_of(tmp_path, always, "rope,alibi,none")
    assert wider == {"copy": seeds(0, 7), "offset-recall": seeds(0, 7)}  # three encodings need seven seeds


def test_force_recomputes_what_is_there_once(tmp_path: Path) -> None:
    rounds_of(tmp_path, but(2))
    assert rounds_of(tmp_path, but(2), force=True) == [{"copy": seeds(0, 6), "offset-recall": seeds(0, 10)}]


def test_what_fails_again_is_retried_once(tmp_path: Path) -> None:
    def fails(cell: Cell) -> bool:
        return cell.train.task.name == "copy" and cell.train.encoding.name == "rope" and cell.seed == 1

    executor = Invented(Store(tmp_path), always, fails)
    for retry in (False, True):
        found = run("rope,alibi", **ASKED, results=tmp_path, executor=executor, retry_failed=retry)
        assert found.failures == ["copy · rope · seed 1: failed: no"]
    assert executor.rounds == [BOTH, {"copy": [6]}, {"copy": [1]}]  # the seed that failed decides nothing


def test_an_encoding_that_always_fails_leaves_nothing_to_decide(tmp_path: Path) -> None:
    executor = Invented(Store(tmp_path), always, lambda cell: cell.train.encoding.name == "alibi")
    assert len(run("rope,alibi", **ASKED, results=tmp_path, executor=executor).failures) == 12
    assert executor.rounds == [BOTH]


def test_a_run_notes_which_seeds_were_looked_at(tmp_path: Path) -> None:
    rounds_of(tmp_path, but(2))
    (note,) = Store(tmp_path).runs()
    assert [{share.task: share.seeds for share in each.shares} for each in note.rounds] == [
        BOTH,
        {"offset-recall": seeds(6, 10)},
    ]
    assert note.created < note.rounds[0].ended <= note.rounds[1].ended
    assert note.cells == 2 * 12 + 2 * 4 == len(note.train_keys)


def asked_for(folder: Path, value: Value, *options: str) -> list[str]:
    """The lines that the command line prints."""
    executor = Invented(Store(folder), value)
    arguments = [*OPTIONS, "--results", str(folder), *options]
    outcome = CliRunner().invoke(main, arguments, obj=executor, catch_exceptions=False)
    assert outcome.exit_code == 0
    return [line for line in outcome.stdout.splitlines() if not line.startswith("[")]


def test_a_run_says_what_is_spent_and_what_is_left(tmp_path: Path) -> None:
    lines = asked_for(tmp_path, but(2, 7), "--display", "plain")
    lines = [line for line in lines if not line.startswith("computed in")]
    assert lines == [
        "round 1: 6 seeds of copy and offset-recall: 24 cells",
        "copy: decided after 6 seeds",
        "offset-recall: the comparison at 16 L still open, 4 more seeds",
        "round 2: 4 more seeds of offset-recall: 8 cells",
        "offset-recall: cap of 10 seeds reached, the comparison at 16 L still open",
        "1 of 2 tasks decided with 6 to 10 seeds; still open: offset-recall at 16 L",
    ]
    assert asked_for(tmp_path, but(2, 7), "--display", "plain") == [
        "copy: decided after 6 seeds",
        "offset-recall: cap of 10 seeds reached, the comparison at 16 L still open",
        "nothing to do: everything is there",
        "1 of 2 tasks decided with 6 to 10 seeds; still open: offset-recall at 16 L",
    ]


def test_a_dry_run_says_what_the_next_round_is(tmp_path: Path) -> None:
    *_, beginning, cap, total, _, disk = asked_for(tmp_path, always, "--dry-run")
    assert beginning == "round 1: 6 seeds of copy and offset-recall: 24 cells"
    assert cap.startswith("automatic seeds: at least 6 and at most 10 for each task")
    assert total.startswith("24 cells, 0 finished, 24 to do: ") and "if every task goes to its cap" in total
    assert "at the caps" in disk
    rounds_of(tmp_path, but(1, 2, 3))
    *_, copy, recall, closing, _, total = asked_for(tmp_path, always, "--dry-run")
    assert copy == "copy: decided after 6 seeds"
    assert recall.startswith("offset-recall: the comparison at 16 L still open after 6 seeds; it would take more than")
    assert closing == "1 of 2 tasks decided with 6 seeds; still open: offset-recall at 16 L"
    assert total.startswith("24 cells, 24 finished, 0 to do: ") and "cap" not in total
    assert any(
        "offset-recall" in line and line.endswith("to train")
        for line in asked_for(tmp_path, always, "--dry-run", "--seeds", "auto:20")
    )


def test_programs_get_an_event_a_round_and_a_look(tmp_path: Path) -> None:
    executor = Invented(Store(tmp_path), but(2))
    arguments = [*OPTIONS, "--results", str(tmp_path), "--display", "json"]
    lines = CliRunner().invoke(main, arguments, obj=executor, catch_exceptions=False).stdout.splitlines()
    events = [event for event in map(json.loads, lines) if event["event"] in ("round", "look")]
    assert [event["event"] for event in events] == ["round", "look", "look", "round", "look"]
    assert events[0] == {
        "event": "round",
        "round": 1,
        "shares": [
            {"task": "copy", "train_length": 16, "seeds": seeds(0, 6)},
            {"task": "offset-recall", "train_length": 32, "seeds": seeds(0, 6)},
        ],
        "cells": 24,
    }
    assert events[2] == {
        "event": "look",
        "task": "offset-recall",
        "train_length": 32,
        "seeds": 6,
        "cap": 10,
        "comparisons": {"32": 1, "512": 1},
        "open": {"512": 1},
        "more_seeds": 4,
    }
    fixed = [*arguments, "--seeds", "1", "--force"]
    lines = CliRunner().invoke(main, fixed, obj=executor, catch_exceptions=False).stdout.splitlines()
    assert {json.loads(line)["event"] for line in lines} == {"done"}


def test_the_pool_runs_one_round_after_another(tmp_path: Path) -> None:
    store = Store(tmp_path)
    plan = make_plan(
        Request(encodings="rope", preset="smoke", tasks="offset-recall", seeds=Auto(most=2), multiples=(1, 2))
    )
    looks = iter([1, 0])

    def look(own: Store, left: int) -> SimpleNamespace:
        assert sum(isinstance(record, TrainRecord) for record in own.records()) == 2 - left
        return SimpleNamespace(comparisons={}, open={}, more=next(looks))

    events = list(execute([Rounds.begin(plan, store, look)], store, Pool(store=store, device="cpu", workers=1)))
    assert [event.number for event in events if isinstance(event, Round)] == [1, 2]
    assert [event.seeds for event in events if isinstance(event, Looked)] == [1, 2]
    assert [len(note.rounds) for note in store.runs()] == [2]
