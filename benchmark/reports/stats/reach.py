"""How far an encoding carries past the trained length L: the longest usable length, and the area under its curve.

    usable  the largest tested length up to which every tested length from L on holds:
            loss <= 1.05 * loss at L,   accuracy >= 0.9 * accuracy at L
    area    trapezoids of value over log2(length), from L to the longest, / their span: a mean value, each octave alike

A model that has not learned the task at L (a tenth of the way from chance to perfect, `across_tasks.skill`) has no
usable length: 0. Over seeds: the median of usable lengths with its order-statistic interval (see `intervals`).

Convention: past an encoding's end nothing is usable, and there is no area; where a measurement is missing or failed,
what it would have decided is NaN. Perplexity is left out: 5 % of it is another thing than 5 % of loss.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import integrate  # type: ignore[import-untyped]

from benchmark.metrics import METRICS
from benchmark.reports.stats.estimate import mean_interval
from benchmark.reports.stats.intervals import median_interval
from benchmark.reports.stats.resampling import Floats
from benchmark.reports.stats.skill import skill

LEARNED = 0.1  # skill

PANEL = ["task", "setting", "metric"]
CURVE = ["trained_with", "encoding", "seed"]
CURVE_COLUMNS = [*PANEL, *CURVE, "train_length", "longest", "lower_is_better", "learned", "usable", "at_limit", "area"]
SUMMARY_COLUMNS = [
    *[*PANEL, "trained_with", "encoding", "train_length", "longest", "lower_is_better", "n", "learned", "at_limit"],
    *["usable", "usable_low", "usable_high", "area_n", "area", "area_low", "area_high"],
]


def curves(table: pd.DataFrame) -> pd.DataFrame:
    """One row a (task, setting, metric, trained_with, encoding, seed) of accuracies and losses.

    Columns: those, train_length, longest (of the grid), lower_is_better, learned (at L), usable (a tested length, 0 if
    not learned, NaN if not known), at_limit (usable as far as was tested: the true length may be longer), area.
    """
    own = table[
        table["metric"].map(lambda name: not math.isnan(METRICS[name].holds))
        & (table["length"] >= table["train_length"])
    ]
    own = own.assign(skill=skill(own))
    rows = [row for panel, group in own.groupby(PANEL, sort=True) for row in _panel(panel, group)]
    return pd.DataFrame(rows, columns=CURVE_COLUMNS)


def over_seeds(found: pd.DataFrame) -> pd.DataFrame:
    """One row a (task, setting, metric, trained_with, encoding) of `curves`.

    Columns: those, train_length, longest, lower_is_better, n (seeds whose usable length is known), learned and
    at_limit (how many of them), usable (median), usable_low, usable_high, area_n (seeds with every length), area
    (mean), area_low, area_high (t interval).
    """
    rows = []
    for names, group in found.groupby(SUMMARY_COLUMNS[:5], sort=True):
        known = group[group["usable"].notna()]
        usable = median_interval(list(known["usable"]))
        area = mean_interval(list(group["area"]), bounded=METRICS[str(names[2])].bounded)
        rows.append(
            dict(zip(SUMMARY_COLUMNS[:5], names, strict=True))
            | {name: group[name].iloc[0] for name in ("train_length", "longest", "lower_is_better")}
            | {"n": usable.n, "learned": int(known["learned"].sum()), "at_limit": int(known["at_limit"].sum())}
            | {"usable": usable.value, "usable_low": usable.low, "usable_high": usable.high}
            | {"area_n": area.n, "area": area.value, "area_low": area.low, "area_high": area.high}
        )
    return pd.DataFrame(rows, columns=SUMMARY_COLUMNS)


def area(lengths: Sequence[int], values: Floats) -> Floats:
    """Of each row of values [rows, lengths], the mean over log2(length); NaN where a value or a second length lacks."""
    octaves = np.log2(np.asarray(lengths, dtype=float))
    if len(octaves) < 2:
        return np.full(len(values), math.nan)
    return np.asarray(integrate.trapezoid(values, octaves, axis=1) / (octaves[-1] - octaves[0]))


def usable(lengths: Sequence[int], holds: NDArray[np.bool_], known: NDArray[np.bool_]) -> Floats:
    """Of each row, the last of the lengths that hold from the first on; NaN where it ends at one that is not known."""
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
