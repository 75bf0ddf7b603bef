"""Event files for TensorBoard: what a cell's records say, read back by TensorBoard itself."""

import importlib.util
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from benchmark import run, tracker
from benchmark.errors import UsageError
from benchmark.experiments.executor import Event
from benchmark.experiments.plan import Cell, make_plan
from benchmark.experiments.request import Request
from benchmark.results.environment import environment
from benchmark.results.record import EvalRecord, TrainRecord
from benchmark.results.store import Store

PLAN = make_plan(Request(encodings="rope,pi", tasks="copy", preset="smoke", seeds=(0, 1)))
LOSSES = {5: 2.5, 11: 1.25, 17: 0.625}
RIGHT = {("rope", 16): 13, ("rope", 32): 7, ("pi", 16): 11, ("pi", 32): 5}  # of 16 places


def finish(cell: Cell, store: Store) -> None:
    """Leave the records of a cell that has been run."""
    facts: dict[str, Any] = {"created": datetime(2026, 5, 4, tzinfo=UTC), "environment": environment("cpu", 1)}
    about = {"spec": cell.train, "task": cell.facts, "train_steps": list(LOSSES), "train_losses": list(LOSSES.values())}
    store.put(TrainRecord(**facts, **about, status="ok"))
    for spec in (spec for measure in cell.measures for spec in measure.evaluations):
        right = RIGHT.get((spec.encoding.label, spec.length), 0)
        ones = np.ones(16)
        arrays = {
            **{"loss_sum": ones, "correct": (np.arange(16) < right).astype(int), "count": ones.astype(int)},
            **{"row_loss": np.array([16.0]), "row_correct": np.array([right]), "row_count": np.array([16])},
        }
        store.put(EvalRecord(**facts, spec=spec, status="ok", tokens=16), arrays)


class Finisher:
    """An executor that leaves records and reports each cell as done."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def run(self, cells: Any, *, force: bool, retry_failed: bool) -> Iterator[Event]:
        for cell in cells:
            finish(cell, self.store)
            yield Event(kind="done", cell=cell, status="ok")


def curve(folder: Path, tag: str) -> dict[int, float]:
    events = EventAccumulator(str(folder)).Reload()
    return {each.step: each.value for each in events.Scalars(tag)}


def test_a_cell_has_its_loss_by_step_and_its_values_by_length(tmp_path: Path) -> None:
    store, cell = Store(tmp_path), PLAN.cells[0]
    finish(cell, store)
    rope, pi = tracker.write(cell, store)
    own = f"L16-seed0-{cell.train.key[:8]}"
    assert (rope, pi) == (tmp_path / "tensorboard/copy/rope" / own, tmp_path / "tensorboard/copy/pi" / own)
    assert curve(rope, "train/loss_nats") == LOSSES
    for folder, name in ((rope, "rope"), (pi, "pi")):
        found = curve(folder, "by_length/token_accuracy")
        for length in (16, 32):
            assert found[length] == pytest.approx(RIGHT[name, length] / 16)
    assert "train/loss_nats" not in EventAccumulator(str(pi)).Reload().Tags()["scalars"]


def test_a_cell_that_is_written_again_has_one_event_file(tmp_path: Path) -> None:
    store, cell = Store(tmp_path), PLAN.cells[0]
    finish(cell, store)
    for _ in range(2):
        folder, _ = tracker.write(cell, store)
    assert len(list(folder.iterdir())) == 1


def test_a_run_writes_cells_that_are_done_now_and_those_that_were_there(tmp_path: Path) -> None:
    store = Store(tmp_path)
    finish(PLAN.cells[0], store)
    call = {"encodings": "rope,pi", "tasks": "copy", "preset": "smoke", "seeds": 2, "results": tmp_path}
    run(**call, executor=Finisher(store), log="tensorboard")
    written = {path.name.partition("-")[2][:5] for path in (tmp_path / "tensorboard/copy/rope").iterdir()}
    assert written == {"seed0", "seed1"}


def test_a_cell_without_records_leaves_nothing(tmp_path: Path) -> None:
    assert tracker.write(PLAN.cells[0], Store(tmp_path)) == []
    assert not (tmp_path / "tensorboard").exists()


def test_without_the_package_nothing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tensorboard" else SimpleNamespace())
    with pytest.raises(UsageError, match=r"pip install 'position-benchmark\[tensorboard\]'"):
        run("rope", "copy", preset="smoke", results=tmp_path, executor=Finisher(Store(tmp_path)), log="tensorboard")
    assert not (tmp_path / "cells").exists()
