"""The fields of a grid: the headline metric of the problems whose answer lies in one range of each axis.

    one axis     ranges down, problem length across
    two axes     ranges down and across; each length fills other fields of the same grid
    a sweep      values of a task parameter down, a run for each; problem length across

Convention: a field without a scored place is left out. Chance is that of the whole length.
"""

import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from benchmark.metrics import METRICS, Sums
from benchmark.reports.tables.measurements import (
    Measurement,
    measurements,
    model_columns,
    newest_of,
    setting_of,
    typed_table,
)
from benchmark.reports.tables.tasks import headline_metric, sweep_of
from benchmark.reports.tables.values import sums_of
from benchmark.results.record import Arrays, EvalRecord
from benchmark.results.store import Store

ACROSS = "problem length"  # the second axis of a grid whose task has only one

FIELD_COLUMNS = {
    "task": "str",
    "encoding": "str",
    "trained_with": "str",
    "seed": "int64",
    "train_length": "int64",
    "length": "int64",
    "metric": "str",  # the headline
    "lower_is_better": "bool",
    "value": "float64",
    "chance": "float64",  # at the length, the same for every field
    "rows": "int64",  # test problems behind it
    "down": "str",  # the axis
    "down_first": "int64",  # the range along it
    "down_last": "int64",
    "across": "str",
    "across_first": "int64",
    "across_last": "int64",
    "grid": "str",  # the task without the parameter that is an axis
    "setting": "str",
    "grid_setting": "str",  # the setting without that parameter
}


def by_field(store: Store) -> pd.DataFrame:
    """One row for each measured field of each ok cell's grid, with the value of the headline metric there."""
    rows = (row for cell in newest_of(measurements(store)) for row in _field_rows(store, cell))
    order = ["grid", "grid_setting", "encoding", "trained_with", "down_first", "across_first", "seed"]
    return typed_table(rows, FIELD_COLUMNS).sort_values(order, ignore_index=True)


def _field_rows(store: Store, cell: Measurement) -> Iterator[dict[str, Any]]:
    record, spec = cell.record, cell.trained.spec
    if not isinstance(record, EvalRecord) or record.status != "ok":
        return
    sweep = sweep_of(cell.trained)
    if not sweep and not record.axes:
        return
    arrays, name = store.arrays(record), headline_metric(cell.trained)
    metric = METRICS[name]
    parameter = sweep[1] if sweep else ""
    shared = {
        **model_columns(spec),
        "encoding": record.spec.encoding.label,
        "trained_with": spec.encoding.label,
        "train_length": spec.budget.train_length,
        "length": record.spec.length,
        "metric": name,
        "lower_is_better": metric.lower_is_better,
        "chance": record.chance.get(name, math.nan),
        "grid": re.sub(rf":{parameter}=[^:]*", "", spec.task.label) if sweep else spec.task.label,
        "grid_setting": setting_of(spec, without=parameter),
    }
    across = _range("across", ACROSS, record.spec.length, record.spec.length)
    if sweep and arrays and parameter in spec.task.parameters:
        at = int(spec.task.parameters[parameter])
        sums = sums_of(arrays, cell.trained)
        yield {**shared, "value": metric.of(sums), "rows": sums.rows, **_range("down", sweep[0], at, at), **across}
    if record.axes and "group_rows" in arrays:
        for field, ranges in _fields(record):
            if rows := int(arrays["group_rows"][field]):
                value = metric.of(_field_sums(arrays, field))
                yield {**shared, "value": value, "rows": rows, **across, **ranges}


def _fields(record: EvalRecord) -> Iterator[tuple[tuple[int, ...], dict[str, Any]]]:
    """The index of each field of a record's grid, with the columns that name its ranges."""
    for field in np.ndindex(*(len(ranges) for ranges in record.axes.values())):
        columns: dict[str, Any] = {}
        for side, (axis, ranges), index in zip(("down", "across"), record.axes.items(), field, strict=False):
            columns |= _range(side, axis, *ranges[index])
        yield field, columns


def _range(side: str, axis: str, first: int, last: int) -> dict[str, Any]:
    return {side: axis, f"{side}_first": first, f"{side}_last": last}


def _field_sums(arrays: Arrays, field: tuple[int, ...]) -> Sums:
    """The sums over the scored places of one field."""
    return Sums(
        loss=float(arrays["group_loss"][field]),
        correct=float(arrays["group_correct"][field]),
        places=int(arrays["group_count"][field]),
        exact=float(arrays["group_exact"][field]),
        rows=int(arrays["group_rows"][field]),
    )
