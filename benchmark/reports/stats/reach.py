"""How far an encoding carries past the trained length L: the longest usable length, and the area under its curve.

    usable  the largest tested length up to which every tested length from L on holds:
            loss <= 1.05 * loss at L,   accuracy >= 0.9 * accuracy at L
    area    trapezoids of value over log2(length), from L to the longest, / their span: a mean, each octave alike

A model that has not learned the task at L (a skill of less than .1, see `skill`) has no usable length: 0. Over seeds:
the median of usable lengths with its order-statistic interval (see `intervals`).

Convention: past the longest length an encoding supports nothing is usable, and there is no area; if a measurement is
missing or failed, what it would have decided is NaN. Perplexity is left out: 5 % more perplexity is not 5 % more loss.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import integrate  # type: ignore[import-untyped]

from benchmark.metrics import METRICS
from benchmark.reports.stats.estimate import Estimate, Floats, mean_and_range
from benchmark.reports.stats.intervals import median_interval
from benchmark.reports.stats.points import WHO
from benchmark.reports.stats.skill import skill

LEARNED = 0.1  # skill

PANEL = ["task", "setting", "metric"]
CURVE = [*WHO, "seed"]
REACH_COLUMNS = [*PANEL, *CURVE, "train_length", "longest", "lower_is_better", "learned", "usable", "at_limit", "area"]


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How far one encoding carries on one task, over its seeds."""

    task: str
    setting: str
    metric: str
    trained_with: str
    encoding: str
    longest: int  # of the grid
    learned: int  # seeds that learned the task at L, of those whose usable length is known
    at_limit: int  # seeds that are usable as far as was tested: their true length may be longer
    usable: Estimate  # the median length
    area: Estimate  # the mean, over the seeds with a value at every length


def reach_by_seed(table: pd.DataFrame) -> pd.DataFrame:
    """One row per (task, setting, metric, trained_with, encoding, seed) of metrics that can hold over length.

    Columns: those, train_length, longest (of the grid), lower_is_better, learned (at L), usable (a tested length, 0 if
    not learned, NaN if unknown), at_limit (usable as far as was tested: the true length may be longer), area.
    """
    own = table[
        table["metric"].map(lambda name: not math.isnan(METRICS[name].holds))
        & (table["length"] >= table["train_length"])
    ]
    own = own.assign(skill=skill(own))
    rows = [row for panel, group in own.groupby(PANEL, sort=True) for row in _panel(panel, group)]
    return pd.DataFrame(rows, columns=REACH_COLUMNS)


def reach_over_seeds(curves: pd.DataFrame) -> list[Reach]:
    """The rows of `reach_by_seed` over seeds, one per (task, setting, metric, trained_with, encoding)."""
    found = []
    for names, group in curves.groupby([*PANEL, *WHO], sort=True):
        task, setting, metric, trained_with, encoding = map(str, names)
        known = group[group["usable"].notna()]
        found.append(
            Reach(
                task=task,
                setting=setting,
                metric=metric,
                trained_with=trained_with,
                encoding=encoding,
                longest=int(group["longest"].iloc[0]),
                learned=int(known["learned"].sum()),
                at_limit=int(known["at_limit"].sum()),
                usable=median_interval(list(known["usable"])),
                area=mean_and_range(list(group["area"])),
            )
        )
    return found


def area(lengths: Sequence[int], values: Floats) -> Floats:
    """For each row of values [rows, lengths], the mean over log2(length); NaN without a value or a second length."""
    octaves = np.log2(np.asarray(lengths, dtype=float))
    if len(octaves) < 2:
        return np.full(len(values), math.nan)
    return np.asarray(integrate.trapezoid(values, octaves, axis=1) / (octaves[-1] - octaves[0]))


def usable(lengths: Sequence[int], holds: NDArray[np.bool_], known: NDArray[np.bool_]) -> Floats:
    """For each row, the last of the lengths that hold without a gap; NaN if they end at one that is not known."""
    unbroken = np.cumprod(holds & known, axis=1).sum(axis=1)
    reached = np.concatenate([[0], lengths]).astype(float)[unbroken]
    stop = np.minimum(unbroken, len(lengths) - 1)
    lost = (unbroken < len(lengths)) & ~known[np.arange(len(holds)), stop]
    return np.where(lost, math.nan, reached)


def _panel(panel: tuple[Any, ...], group: pd.DataFrame) -> list[dict[str, Any]]:
    """The curves of one task, setting and metric."""
    shared = {name: group[name].iloc[0] for name in ("train_length", "lower_is_better")}
    lengths = sorted({int(length) for length in (shared["train_length"], *group["length"])})
    value, ability, status = (
        group.pivot(index=CURVE, columns="length", values=name).reindex(columns=lengths)
        for name in ("value", "skill", "status")
    )
    values = value.to_numpy(dtype=float)
    known = ~np.isnan(values) | (status == "unsupported").to_numpy()
    unlearned = ability.to_numpy(dtype=float)[:, 0] < LEARNED
    learned = ~unlearned & ~np.isnan(values[:, 0])
    reached = np.where(unlearned, 0.0, usable(lengths, _holds(values, panel[2]), known))
    areas = area(lengths, values)
    return [
        dict(zip([*PANEL, *CURVE], [*panel, *names], strict=True))
        | shared
        | {"longest": lengths[-1], "learned": bool(learned[row]), "usable": float(reached[row])}
        | {"at_limit": bool(reached[row] == lengths[-1]), "area": float(areas[row])}
        for row, names in enumerate(value.index)
    ]


def _holds(values: Floats, name: str) -> NDArray[np.bool_]:
    metric, first = METRICS[name], values[:, :1]
    return values <= metric.holds * first if metric.lower_is_better else values >= metric.holds * first
