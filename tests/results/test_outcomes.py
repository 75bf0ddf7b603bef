"""Outcomes: what a record says without its values, each file read once until its folder changes."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmark.results import files as module
from benchmark.results.outcomes import SETTLED_NS, TRAIN, Outcome
from benchmark.results.record import EvalRecord, TrainRecord
from benchmark.results.store import Store

PLACES, ROWS = ("loss_sum", "correct", "count"), ("row_loss", "row_correct", "row_count")
ARRAYS = {name: np.ones(5) for name in PLACES} | {name: np.ones(3) for name in ROWS}


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """How often each file was read, by its name."""
    counts: Counter[str] = Counter()
    content_of = module.content_of

    def counted(path: str) -> bytes:
        counts[Path(path).name] += 1
        return content_of(path)

    monkeypatch.setattr(module, "content_of", counted)
    yield counts


@pytest.fixture
def store(tmp_path: Path, trained: TrainRecord, measured: EvalRecord) -> Store:
    """A model and one measurement, written a while ago."""
    store = Store(tmp_path / "results")
    store.put(trained)
    store.put(measured, ARRAYS)
    settle(store)
    return store


def settle(store: Store) -> None:
    """Date every folder back to when its files are sure to be seen."""
    past = time.time_ns() - 2 * SETTLED_NS
    for folder in (store.root / "cells").iterdir():
        os.utime(folder, ns=(past, past))


def test_an_outcome_is_what_the_record_says(store: Store, trained: TrainRecord, measured: EvalRecord) -> None:
    found = store.outcomes(trained.spec.key)
    assert found[TRAIN] == Outcome(status="ok", reason=None, created=trained.created, whole=True)
    assert found[measured.spec.key] == Outcome(status="ok", reason=None, created=measured.created, whole=True)
    assert found["0" * 32] is None
    assert store.outcomes("1" * 32)[TRAIN] is None
    assert store.problems == []


def test_a_file_is_read_once(store: Store, trained: TrainRecord, measured: EvalRecord, reads: Counter[str]) -> None:
    for _ in range(3):
        assert store.outcomes(trained.spec.key)[TRAIN] is not None
        assert store.outcomes(trained.spec.key)[measured.spec.key] is not None
    key = measured.spec.key
    assert reads == {"train.json": 1, f"{key}.json": 1, f"{key}.safetensors": 1}


def test_what_another_run_writes_is_seen(store: Store, trained: TrainRecord, measured: EvalRecord) -> None:
    key = trained.spec.key
    longer = measured.model_copy(update={"spec": measured.spec.model_copy(update={"length": 128})})
    assert store.outcomes(key)[longer.spec.key] is None
    other = Store(store.root)
    for status in ("failed", "ok", "failed"):  # at once: a clock may not tell these moments apart
        other.put(longer.model_copy(update={"status": status}), ARRAYS)
        found = store.outcomes(key)[longer.spec.key]
        assert found is not None and found.status == status


@pytest.mark.parametrize("damage", ["cut", "other", "gone"])
def test_damaged_arrays_are_not_whole_and_named(store: Store, measured: EvalRecord, damage: str) -> None:
    path = store.path(measured).with_suffix(".safetensors")
    if damage == "gone":
        path.unlink()
    else:
        content = path.read_bytes()
        path.write_bytes(content[:-1] if damage == "cut" else content[:-1] + b"\x01")
    found = store.outcomes(measured.spec.train_key)[measured.spec.key]
    assert found is not None and found.status == "ok" and not found.whole
    assert any(str(path) in problem for problem in store.problems)


def test_arrays_of_a_record_without_their_hash_are_looked_at(
    store: Store, measured: EvalRecord, reads: Counter[str]
) -> None:
    path = store.path(measured)
    path.write_text(measured.model_dump_json())  # from an earlier version: no hash
    assert store.has_arrays(measured)
    path.with_suffix(".safetensors").write_bytes(b"")
    assert not store.has_arrays(measured)


def test_a_damaged_record_is_named_and_has_no_outcome(store: Store, trained: TrainRecord) -> None:
    path = store.path(trained)
    path.write_text('{"schema_version": 1, "kind"')
    assert store.outcomes(trained.spec.key)[TRAIN] is None
    assert [str(path) in problem for problem in store.problems] == [True]


def test_a_limited_store_reads_nothing_else(store: Store, trained: TrainRecord, reads: Counter[str]) -> None:
    other = trained.model_copy(update={"spec": trained.spec.model_copy(update={"init_seed": 9})})
    store.put(other)
    assert list(Store(store.root, only=frozenset({other.spec.key})).records()) == [other]
    assert reads == {"train.json": 1}
    assert sorted(record.spec.key for record in store.trained()) == sorted((trained.spec.key, other.spec.key))
    assert reads == {"train.json": 3}  # no measurement
