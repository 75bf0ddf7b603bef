"""The records of a store as measurements: each evaluation or look inside with the training behind it.

    cell      task, setting, encodings, seed, and a length or a sentence: the unit that tables count
    setting   hash of everything that decides a trained model apart from encoding and seeds

    trial     a model that only served to choose a learning rate; tables leave trials out, except that of the sweep
    family    the setting without its learning rate: what a sweep compares

Convention: if a cell has several records (the source of an encoding was changed and run again), the newest counts; the
others are named in `failures`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from benchmark.results.record import EvalRecord, MeasuredRecord, ProbeRecord, TrainRecord
from benchmark.results.spec import TrainSpec, short_hash
from benchmark.results.store import Store

CURVE = ("task", "setting", "trained_with", "encoding", "seed")  # the columns that a curve over lengths belongs to


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """An evaluation or a look inside with the training behind it."""

    trained: TrainRecord
    record: MeasuredRecord

    @property
    def curve(self) -> tuple[object, ...]:
        """What measurements at other lengths share with this one."""
        return (*trained_identity(self.trained), self.record.spec.encoding.label, self.record.kind)

    @property
    def cropped(self) -> tuple[object, ...]:
        """The curve that says what the same targets lose after L tokens: its own; of a checkpoint, that of its rope.

        Whoever has a checkpoint can cut the context instead of stretching it.
        """
        spec = self.trained.spec
        own = self.record.spec.encoding.label if spec.checkpoint is None else spec.encoding.label
        return (*trained_identity(self.trained), own, self.record.kind)

    @property
    def identity(self) -> tuple[object, ...]:
        """The cell, whatever the record's key."""
        record = self.record
        return (*self.curve, record.spec.text if isinstance(record, ProbeRecord) else record.spec.length)


def setting_of(spec: TrainSpec, *, without: str | None = None) -> str:
    """Hash of everything that decides a trained model apart from encoding and seeds: only equal settings compare.

    The task's label is a column of its own; its data (version, source, corpus) count here, so that records of an older
    version of a task are never mixed with those of the present one. `without` leaves out a parameter of the task.
    """
    if not without:
        return spec.setting
    data = spec.deciding
    data["task"]["parameters"].pop(without, None)
    return short_hash(data)


def family_of(spec: TrainSpec) -> str:
    """The same hash without the learning rate: what the rates of a sweep share."""
    data = spec.deciding
    data["budget"].pop("learning_rate")
    return short_hash(data)


def all_trainings(store: Store, *, trials: bool = False) -> list[TrainRecord]:
    """Every record of a training, without the trials of sweeps; or only those."""
    trainings = (record for record in store.records() if isinstance(record, TrainRecord))
    return [record for record in trainings if record.spec.is_trial == trials]


def all_measured(store: Store) -> Iterator[MeasuredRecord]:
    """Every record of an evaluation or a look inside, with or without a training."""
    return (record for record in store.records() if not isinstance(record, TrainRecord))


def measurements(store: Store, *, trials: bool = False) -> list[Measurement]:
    """Every evaluation and look inside whose training record is there, without those of trials; or only those."""
    records = list(store.records())  # read once, since the records of a model follow those of its measurements
    known = (record for record in records if isinstance(record, TrainRecord) and record.spec.is_trial == trials)
    trained = {record.spec.key: record for record in known}
    return [
        Measurement(trained=trained[record.spec.train_key], record=record)
        for record in records
        if not isinstance(record, TrainRecord) and record.spec.train_key in trained
    ]


def newest_of(cells: Iterable[Measurement]) -> list[Measurement]:
    """The newest measurement of each cell."""
    newest: dict[tuple[object, ...], Measurement] = {}
    for cell in sorted(cells, key=lambda cell: (cell.trained.created, cell.record.created)):
        newest[cell.identity] = cell
    return list(newest.values())


def newest_trainings(records: Iterable[TrainRecord]) -> list[TrainRecord]:
    """The newest training of each model."""
    return list({trained_identity(record): record for record in sorted(records, key=_created)}.values())


def trained_identity(record: TrainRecord) -> tuple[object, ...]:
    """The model that was trained, whatever the record's key: task, setting, encoding, seed."""
    spec = record.spec
    return (spec.task.label, setting_of(spec), spec.encoding.label, spec.init_seed)


def model_columns(spec: TrainSpec) -> dict[str, Any]:
    """The columns that name a trained model in every table."""
    return {
        "task": spec.task.label,
        "encoding": spec.encoding.label,
        "seed": spec.init_seed,
        "setting": setting_of(spec),
    }


def length_of(cell: Measurement) -> int:
    """The length of an evaluation; 0 for a look inside."""
    return cell.record.spec.length if isinstance(cell.record, EvalRecord) else 0


def typed_table(rows: Iterable[dict[str, Any]], columns: dict[str, str]) -> pd.DataFrame:
    """A table of rows with columns of the given types, which it has even without rows."""
    return pd.DataFrame(list(rows), columns=list(columns)).astype(columns)


def _created(record: TrainRecord) -> datetime:
    return record.created
