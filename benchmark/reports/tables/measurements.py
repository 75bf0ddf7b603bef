"""TODO."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from benchmark.results.record import EvalRecord, ProbeRecord, TrainRecord
from benchmark.results.spec import TrainSpec
from benchmark.results.store import Store

CELL = ("task", "setting", "trained_with", "encoding", "seed")  # what a curve over lengths belongs to


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """An evaluation or a probe with the training behind it."""

    trained: TrainRecord
    record: EvalRecord | ProbeRecord

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes two records records of the same cell, whatever their keys."""
        record = self.record
        last = record.spec.length if isinstance(record, EvalRecord) else record.spec.text
        return (*trained_identity(self.trained), record.spec.encoding.label, record.kind, last)


def setting_of(spec: TrainSpec, *, without: str | None = None) -> str:
    """Hash of what decides a trained model apart from encoding and seeds: only equal settings can be compared.

    The task's label is a column of its own; its data (version, source, corpus) count here, so that records of an older
    version of a task are never mixed with those of the present one. `without` leaves out a parameter of the task.
    """
    data = spec.model_dump(mode="json", exclude={"encoding", "init_seed", "data_seed"})
    for part in ("label", "corpus"):
        data["task"].pop(part)
    data["task"]["parameters"].pop(without, None)
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def all_trainings(store: Store) -> list[TrainRecord]:
    return [record for record in store.records() if isinstance(record, TrainRecord)]


def all_measured(store: Store) -> Iterator[EvalRecord | ProbeRecord]:
    return (record for record in store.records() if not isinstance(record, TrainRecord))


def measurements(store: Store) -> list[Measurement]:
    trained = {record.spec.key: record for record in all_trainings(store)}
    measured = (record for record in all_measured(store) if record.spec.train_key in trained)
    return [Measurement(trained=trained[record.spec.train_key], record=record) for record in measured]


def newest_of(cells: Iterable[Measurement]) -> list[Measurement]:
    newest: dict[tuple[object, ...], Measurement] = {}
    for cell in sorted(cells, key=lambda cell: (cell.trained.created, cell.record.created)):
        newest[cell.identity] = cell
    return list(newest.values())


def newest_trainings(records: Iterable[TrainRecord]) -> list[TrainRecord]:
    return list({trained_identity(record): record for record in sorted(records, key=_created)}.values())


def _created(record: TrainRecord) -> datetime:
    return record.created


def trained_identity(record: TrainRecord) -> tuple[object, ...]:
    spec = record.spec
    return (spec.task.label, setting_of(spec), spec.encoding.label, spec.init_seed)


def model_columns(spec: TrainSpec) -> dict[str, Any]:
    return {
        "task": spec.task.label,
        "encoding": spec.encoding.label,
        "seed": spec.init_seed,
        "setting": setting_of(spec),
    }


def length_of(cell: Measurement) -> int:
    return cell.record.spec.length if isinstance(cell.record, EvalRecord) else 0


def typed_table(rows: Iterable[dict[str, Any]], columns: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(columns)).astype(columns)
