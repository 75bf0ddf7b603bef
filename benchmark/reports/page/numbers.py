"""The numbers behind a figure as a flat table that readers can download as CSV.

Each row is one point of the figure: the mean over seeds, the lowest and the highest seed, and how many there are. Names
of columns and units are English in every report, because programs read them. A missing value is empty, and its status
says why.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from benchmark.reports.page.exhibit import Data
from benchmark.reports.phrases import metric_label
from benchmark.reports.tables.probes import Probe
from benchmark.reports.words import speaking

DIGITS = 8
MODEL = {
    "encoding": "encoding",
    "trained_with": "trained_with",
    "task": "task",
    "train_length_tokens": "train_length",
}
ESTIMATE = {"unit": "unit", "mean": "mean", "lowest": "low", "highest": "high", "seeds": "n"}


def point_data(table: pd.DataFrame) -> Data:
    """Values by length. `table`: `points.over_seeds`."""
    units = table.assign(unit=table["metric"].map(_unit))
    return _data(units, {**MODEL, "length_tokens": "length", "metric": "metric", **ESTIMATE, "status": "status"})


def seed_data(table: pd.DataFrame) -> Data:
    """Values seed by seed. `table`: rows of `metric_table`."""
    units = table.assign(unit=table["metric"].map(_unit))
    columns = {"length_tokens": "length", "metric": "metric", "unit": "unit", "seed": "seed", "value": "value"}
    floor = {name: name for name in ("chance", "shortcut", "shortcut_name")}
    return _data(units, {**MODEL, **columns, **floor})


def position_data(table: pd.DataFrame) -> Data:
    """Loss by position, counted from 1. `table`: `by_position` of one task and setting."""
    keys = [*MODEL.values(), "position_start", "position_stop"]
    bins = mean_over_seeds(table, keys, "loss_nats").assign(unit=_unit("loss_nats"))
    bins["position_start"] += 1
    return _data(bins, {**MODEL, "position_first": "position_start", "position_last": "position_stop", **ESTIMATE})


def field_data(table: pd.DataFrame) -> Data:
    """The fields of a grid, by its two axes. `table`: one grid of `by_field`."""
    metric = str(table["metric"].iloc[0])
    axes = [f"{axis}{part}" for axis in ("down", "across") for part in ("", "_first", "_last")]
    keys = [*MODEL.values(), "length", *axes]
    found = mean_over_seeds(table, keys, "value").assign(unit=_unit(metric))
    found["rows"] = table.groupby(keys, sort=True)["rows"].min().to_numpy()
    columns = {name: name for name in axes}
    return _data(found, {**MODEL, "length_tokens": "length", **columns, "problems_a_seed": "rows", **ESTIMATE})


def structure_data(probes: Sequence[Probe], layer: int = 0) -> Data:
    """The score of a fixed query and key by distance and head; one seed each, hence no range."""
    rows = tuple(
        (probe.encoding, probe.task, probe.train_length, probe.seed, layer + 1, head + 1, distance, _number(score))
        for probe in probes
        for head, scores in enumerate(probe.structure[layer])
        for distance, score in enumerate(scores)
    )
    columns = ("encoding", "task", "train_length_tokens", "seed", "layer", "head", "distance_tokens", "score")
    return Data(columns=columns, rows=rows)


def look_data(table: pd.DataFrame) -> Data:
    """A measure of the looks inside by length, layer and seed. `table`: rows of `mechanism_table`."""
    names = ("measure", "layer", "seed", "value", "reference")
    return _data(table, {**MODEL, "length_tokens": "length", **{name: name for name in names}})


def mean_over_seeds(table: pd.DataFrame, keys: Sequence[str], value: str) -> pd.DataFrame:
    """`mean_and_range` of every group of rows at once, for grids of thousands of fields.

    Columns: the keys, mean, low, high, n.
    """
    found = table.groupby(list(keys), sort=True)[value].agg(["mean", "min", "max", "count"]).reset_index()
    several = found["count"] > 1
    return found.assign(low=found["min"].where(several), high=found["max"].where(several)).rename(
        columns={"count": "n"}
    )


def _unit(metric: str) -> str:
    with speaking("en"):
        return metric_label(metric)


def _data(table: pd.DataFrame, columns: Mapping[str, str]) -> Data:
    """Columns of a table under new names: {new: old}."""
    chosen = table[list(columns.values())].itertuples(index=False, name=None)
    return Data(columns=tuple(columns), rows=tuple(tuple(_field(value) for value in row) for row in chosen))


def _field(value: object) -> str | float | None:
    return (
        _number(value) if isinstance(value, (float, np.floating)) else value if isinstance(value, int) else str(value)
    )


def _number(value: float | np.floating) -> float | None:
    """A number as JSON can hold it, rounded to DIGITS, more than any measurement has."""
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
