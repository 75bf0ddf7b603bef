"""Everything that keeps a report from being complete: what failed or cannot be read, and what is missing.

failures   records that are not ok, were replaced by newer ones, or lack their training; files that cannot be read
missing    cells of the full grid (encodings x seeds x lengths of a task and setting) without a record
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from benchmark.reports.phrases import STATUSES, explained, metric_label
from benchmark.reports.tables.measurements import (
    Measurement,
    all_measured,
    all_trainings,
    measurements,
    model_columns,
    newest_of,
    newest_trainings,
    setting_of,
    trained_identity,
    typed_table,
)
from benchmark.reports.tables.tasks import headline_metric, is_metric_guessed
from benchmark.reports.tables.values import metric_table
from benchmark.reports.words import t
from benchmark.results.record import EvalRecord, ProbeRecord, TrainRecord
from benchmark.results.store import Store

FAILURE_COLUMNS = {
    "task": "str",
    "encoding": "str",
    "seed": "Int64",  # <NA> for a file or a whole task
    "length": "Int64",  # <NA> unless measured at one
    "what": "str",
    "status": "str",
    "reason": "str",
    "setting": "str",
}

MISSING_COLUMNS = {
    "task": "str",
    "encoding": "str",
    "trained_with": "str",
    "seed": "int64",
    "length": "int64",
    "reason": "str",
    "setting": "str",
}


def failures(store: Store) -> pd.DataFrame:
    """Every record that is not ok, every older record of a cell that was run again, and every unreadable file.

    `what` is "training", "evaluation", "probe" or "file"; `status` is the record's, or "superseded", "orphan"
    (measured, but without its training record), "guessed metric" (no record of the task names its metric) or
    "unreadable".
    """
    trainings, cells = all_trainings(store), measurements(store)
    rows = [*_training_failures(trainings), *_cell_failures(store, cells), *_orphans(store, trainings)]
    rows += _guessed_metrics(newest_trainings(trainings))
    rows += [_failure(what="file", status="unreadable", reason=line) for line in store.problems]
    order = ["what", "task", "encoding", "seed", "length"]
    return typed_table(rows, FAILURE_COLUMNS).sort_values(order, ignore_index=True)


def missing(store: Store, table: pd.DataFrame | None = None) -> pd.DataFrame:
    """The cells that the full grid (encodings x seeds x lengths of a setting) has and the store lacks, and why.

    `table`: the store's `metric_table`, if it is known.
    """
    table = metric_table(store) if table is None else table
    trained = {trained_identity(record): record for record in newest_trainings(all_trainings(store))}
    rows = [row for _, group in _grids(table, trained) for row in group]
    return typed_table(rows, MISSING_COLUMNS)


def _failure(*, what: str, status: str, reason: str | None, **names: object) -> dict[str, Any]:
    blank = {"task": "", "encoding": "", "seed": None, "length": None, "setting": ""}
    return {**blank, **names, "what": what, "status": status, "reason": explained(reason or "no reason was recorded")}


def _training_failures(records: Sequence[TrainRecord]) -> Iterator[dict[str, Any]]:
    newest = {record.spec.key for record in newest_trainings(records)}
    for record in records:
        names = model_columns(record.spec)
        if record.spec.key not in newest:
            yield _failure(what="training", status="superseded", reason=_older(record.spec.key), **names)
        elif record.status != "ok":
            yield _failure(what="training", status=record.status, reason=record.reason, **names)


def _cell_failures(store: Store, cells: Sequence[Measurement]) -> Iterator[dict[str, Any]]:
    newest = {cell.record.spec.key for cell in newest_of(cells)}
    for cell in cells:
        record = cell.record
        what = "evaluation" if isinstance(record, EvalRecord) else "probe"
        length = None if isinstance(record, ProbeRecord) else record.spec.length
        names = model_columns(cell.trained.spec) | {"encoding": record.spec.encoding.label, "length": length}
        if record.spec.key not in newest:
            yield _failure(what=what, status="superseded", reason=_older(record.spec.key), **names)
        elif record.status != "ok":
            yield _failure(what=what, status=record.status, reason=record.reason, **names)
        else:
            store.has_arrays(record)  # names unreadable arrays in `store.problems`


def _older(key: str) -> str:
    return t("the same cell was run again since, from changed source or with another data seed (record {key})", key=key)


def _orphans(store: Store, trainings: Sequence[TrainRecord]) -> Iterator[dict[str, Any]]:
    known = {record.spec.key for record in (*trainings, *all_trainings(store, trials=True))}
    for record in all_measured(store):
        if record.spec.train_key not in known:
            reason = t("no training record {key}: copy its folder whole", key=record.spec.train_key)
            yield _failure(what=record.kind, status="orphan", reason=reason, encoding=record.spec.encoding.label)


def _guessed_metrics(trainings: Sequence[TrainRecord]) -> Iterator[dict[str, Any]]:
    """One row for each task whose own metric had to be guessed."""
    guessed = {(record.spec.task.label, setting_of(record.spec)): record for record in trainings}
    for (task, setting), record in guessed.items():
        if is_metric_guessed(record):
            reason = t(
                "neither the records nor an installed task name a metric that this version knows; {metric} is shown "
                "instead",
                metric=metric_label(headline_metric(record), with_unit=False),
            )
            yield _failure(what="training", status="guessed metric", reason=reason, task=task, setting=setting)


def _grids(
    table: pd.DataFrame, trained: dict[tuple[object, ...], TrainRecord]
) -> Iterator[tuple[tuple[str, str], list[dict[str, Any]]]]:
    """For each task and setting, the cells missing from its grid."""
    for task, setting in sorted({(str(key[0]), str(key[1])) for key in trained}):
        here = table[(table["task"] == task) & (table["setting"] == setting)]
        # A model that was trained for others to adapt, and measured only with those, lacks nothing.
        pairs = set(zip(here["trained_with"], here["encoding"], strict=True))
        names = {str(key[2]) for key in trained if key[:2] == (task, setting)}
        pairs |= {(name, name) for name in names - {trained_with for trained_with, _ in pairs}}
        seeds = {key[3] for key in trained if key[:2] == (task, setting)}
        there = set(zip(here["trained_with"], here["encoding"], here["seed"], here["length"], strict=True))
        yield (
            (task, setting),
            [
                {
                    "task": task,
                    "setting": setting,
                    "trained_with": trained_with,
                    "encoding": encoding,
                    "seed": seed,
                    "length": length,
                    "reason": _absence(trained.get((task, setting, trained_with, seed))),
                }
                for trained_with, encoding in sorted(pairs)
                for seed in sorted(seeds, key=str)
                for length in sorted(set(here["length"]))
                if (trained_with, encoding, seed, length) not in there
            ],
        )


def _absence(record: TrainRecord | None) -> str:
    if record is None:
        return t("not trained")
    if record.status != "ok":
        reason = explained(record.reason or "no reason was recorded")
        return t("training {status}: {reason}", status=STATUSES.get(record.status, record.status), reason=reason)
    return t("not evaluated")
