"""Skill: the values of all tasks on one scale.

    skill   (value - floor) / (perfect - floor)     0 is the floor, 1 is no error, below 0 is worse than the floor

The floor is the better of chance and the best shortcut (`floor`), so a shortcut earns no skill. Skill is linear in the
value, so its mean, lowest and highest are those of the values on another scale. It is NaN if the task has no floor, or
the floor is perfect already.
"""

import numpy as np
import pandas as pd

from benchmark.metrics import METRICS
from benchmark.reports.stats.floor import floors
from benchmark.reports.stats.points import over_seeds


def skill(table: pd.DataFrame, column: str = "value") -> pd.Series:
    """The values of a column as skill, by the metric and the floor of each row."""
    perfect = table["metric"].map(lambda name: METRICS[name].perfect).astype(float)
    floor = floors(table)
    span = perfect - floor
    return (table[column] - floor) / span.where(span != 0)


def skills(table: pd.DataFrame) -> pd.DataFrame:
    """The points of headline metrics (`points.over_seeds`), with mean, low and high as skill; NaN without a value."""
    points = over_seeds(table[table["headline"]])
    ends = np.sort(np.stack([skill(points, "low"), skill(points, "high")]), axis=0)
    return points.assign(mean=skill(points, "mean"), low=ends[0], high=ends[1]).drop(columns="each")
