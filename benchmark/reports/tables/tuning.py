"""The sweep of learning rates: what each trial reached, and the rate that each encoding is best at.

    loss_nats   mean over the tuning seeds of the loss at the trained length; infinite if a trial failed or diverged
    chosen      the rate with the lowest loss among the task's own (multiple 1) and those that beat it on every tuning
                seed; of equal ones, that nearest to the task's own

A rate that is better only in the mean of a few trials may owe it to luck, so it replaces nothing (docs/tuning.md).

The loss, and not the headline, since every task has one and it does not saturate. Nothing past L is looked at: a sweep
that saw it would tune for extrapolation. An encoding is judged only if it has a trial for every rate and seed that any
encoding of its task and family has, so all get the same number of trials.
"""

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from benchmark.metrics import METRICS
from benchmark.reports.tables.measurements import (
    all_trainings,
    family_of,
    measurements,
    newest_of,
    newest_trainings,
    typed_table,
)
from benchmark.reports.tables.values import counted_places, sums_of
from benchmark.results.record import EvalRecord, TrainRecord
from benchmark.results.store import Store

LOSS = "loss_nats"
SWEEP = ["task", "family", "encoding"]  # the columns that one choice belongs to

TUNING_COLUMNS = {
    "task": "str",
    "train_length": "int64",
    "family": "str",  # `measurements.family_of`
    "encoding": "str",  # as trained: one that adapts another at test time follows it
    "rate": "float64",
    "multiple": "float64",  # of the task's own rate
    "seeds": "int64",  # trials that ended, well or not
    "loss_nats": "float64",
    "lowest": "float64",
    "highest": "float64",
    "train_seconds": "float64",  # of all trials at this rate
    "complete": "bool",  # the encoding has all its trials
    "chosen": "bool",
    "at_edge": "bool",  # chosen, and the lowest or highest rate tried: a better one may lie outside
}


def tuning_table(store: Store) -> pd.DataFrame:
    """One row for each rate that was tried for an encoding."""
    trials = _trials(store)
    if trials.empty:
        return typed_table([], TUNING_COLUMNS)
    rows = (row for _, family in trials.groupby(["task", "family"], sort=True) for row in _rows(family))
    return typed_table(rows, TUNING_COLUMNS).sort_values([*SWEEP, "rate"], ignore_index=True)


def best_rate(store: Store) -> float | None:
    """The rate chosen in a store that holds the trials of one encoding on one task; None if there is none."""
    table = tuning_table(store)
    return next(iter(table.loc[table["chosen"], "rate"].astype(float)), None)


def _trials(store: Store) -> pd.DataFrame:
    """A row for each trial that has ended, the newest where it was run several times."""
    losses = _losses(store)
    ended = (
        record
        for record in newest_trainings(all_trainings(store, trials=True))
        if record.multiple is not None and (record.status != "ok" or record.spec.key in losses)
    )
    return pd.DataFrame([_trial(record, losses.get(record.spec.key, math.inf)) for record in ended])


def _trial(record: TrainRecord, loss: float) -> dict[str, Any]:
    spec = record.spec
    return {
        "task": spec.task.label,
        "train_length": spec.budget.train_length,
        "family": family_of(spec),
        "encoding": spec.encoding.label,
        "rate": spec.budget.learning_rate,
        "multiple": record.multiple,
        "seed": spec.init_seed,
        LOSS: loss,
        "train_seconds": record.train_seconds,
    }


def _losses(store: Store) -> dict[str, float]:
    """The loss of each measured trial at its trained length, by train key; infinite if measuring failed."""
    found = {}
    for cell in newest_of(measurements(store, trials=True)):
        trained, record = cell.trained, cell.record
        at_trained = isinstance(record, EvalRecord) and record.spec.length == trained.spec.budget.train_length
        if isinstance(record, EvalRecord) and at_trained and record.spec.encoding == trained.spec.encoding:
            arrays = store.arrays(record) if record.status == "ok" else {}
            places = counted_places(trained, record.spec.length)
            loss = METRICS[LOSS].of(sums_of(arrays, trained, places)) if arrays else math.inf
            found[trained.spec.key] = loss if math.isfinite(loss) else math.inf
    return found


def _rows(family: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The rows of one task and family, from its trials."""
    wanted = set(zip(family["rate"], family["seed"], strict=True))
    for _, own in family.groupby("encoding", sort=True):
        complete = wanted == set(zip(own["rate"], own["seed"], strict=True))
        rates = [_rate(tried) for _, tried in own.groupby("rate", sort=True)]
        eligible = _eligible(own) if complete else set()
        best = min((row for row in rates if row["rate"] in eligible), key=_merit, default=None)
        for row in rates:
            chosen = row is best and math.isfinite(row[LOSS])
            at_edge = chosen and len(rates) > 1 and (row is rates[0] or row is rates[-1])
            yield {**row, "complete": complete, "chosen": chosen, "at_edge": at_edge}


def _eligible(own: pd.DataFrame) -> set[float]:
    """The task's own rate, and those that beat it on every tuning seed; none while the task's own has no trial."""
    losses = own.pivot(index="seed", columns="rate", values=LOSS)
    found: set[float] = set()
    for ours in own.loc[own["multiple"] == 1, "rate"].unique():
        found |= {ours, *losses.columns[losses.lt(losses[ours], axis="index").all()]}
    return found


def _rate(tried: pd.DataFrame) -> dict[str, Any]:
    """One rate over its seeds."""
    same = {name: tried[name].iloc[0] for name in (*SWEEP, "train_length", "rate", "multiple")}
    losses = tried[LOSS]
    return {
        **same,
        "seeds": len(tried),
        LOSS: losses.mean(),
        "lowest": losses.min(),
        "highest": losses.max(),
        "train_seconds": tried["train_seconds"].sum(),
    }


def _merit(row: dict[str, Any]) -> tuple[float, float]:
    return float(row[LOSS]), abs(math.log(row["multiple"]))
