"""TODO."""

from typing import Any

import numpy as np
import pandas as pd
from scipy import special  # type: ignore[import-untyped]

from benchmark.metrics import METRICS
from benchmark.reports.stats.estimate import CONFIDENCE

POINT = ["task", "setting", "metric", "trained_with", "encoding", "length"]  # what is averaged over seeds


SHARED = ["multiple", "train_length", "lower_is_better"]


def over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """One row a (task, setting, metric, encoding, length) of `aggregate.frame`, over its seeds.

    Columns: those, multiple, train_length, lower_is_better, chance, n (seeds with a value), seeds (seeds of the task's
    grid), mean, low, high, median, minimum, maximum, status ("ok" if any seed is, else what they came to).
    """
    groups = table.groupby(POINT, sort=True)
    points = groups["value"].agg(["count", "mean", "std", "median", "min", "max"])
    low, high = _edges(points)
    points = points.assign(**{name: groups[name].first() for name in (*SHARED, "chance")}, low=low, high=high)
    points = points.assign(status=_statuses(table)).reset_index()
    points = points.rename(columns={"count": "n", "min": "minimum", "max": "maximum"})
    columns = [*POINT, *SHARED, "chance", "n", "mean", "low", "high", "median", "minimum", "maximum", "status"]
    points = points[columns]
    seeds = table.groupby(["task", "setting"])["seed"].nunique().rename("seeds").reset_index()
    return points.merge(seeds, on=["task", "setting"], how="left")


def by_seed(group: pd.DataFrame, encoding: str) -> dict[int, float]:
    """The values of one encoding by seed, of rows of one task, metric and length; without NaN."""
    own = group[(group["encoding"] == encoding) & group["value"].notna()]
    return dict(zip(own["seed"], own["value"], strict=True))


def _edges(points: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The t intervals of many points at once, as `mean_interval` makes each; NaN for fewer than two seeds."""
    count = points["count"].where(points["count"] > 1)
    margin = special.stdtrit(count - 1, (1 + CONFIDENCE) / 2) * points["std"] / np.sqrt(count)
    low, high = points["mean"] - margin, points["mean"] + margin
    bounded = np.array([METRICS[name].bounded for name in points.index.get_level_values("metric")], dtype=bool)
    return low.where(~bounded, low.clip(0, 1)), high.where(~bounded, high.clip(0, 1))


def _statuses(table: pd.DataFrame) -> pd.Series:
    """The status of every point: most are ok, and only the others are counted out one by one."""
    any_ok = (table["status"] == "ok").groupby([table[name] for name in POINT]).any()
    lost = table[table["status"] != "ok"].groupby(POINT)
    others: dict[Any, str] = {key: overall_status(group) for key, group in lost}
    return pd.Series({key: "ok" if ok else others[key] for key, ok in any_ok.items()}, dtype=object).reindex(
        any_ok.index
    )


def overall_status(group: pd.DataFrame) -> str:
    """What the seeds came to: "ok" if any is; the status of most, the first by name where they share."""
    if group.empty:
        return "missing"
    if (group["status"] == "ok").any():
        return "ok"
    return str(group["status"].mode().iloc[0])


def arranged(table: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Every (trained_with, encoding, league) of a table, in the order of reports.

    What is applied at test time follows the encoding that it is applied to; leagues of their own come last.
    """
    found = set(zip(table["trained_with"], table["encoding"], table["league"], strict=True))
    return sorted(found, key=lambda row: (row[2], row[0], row[0] != row[1], row[1]))
