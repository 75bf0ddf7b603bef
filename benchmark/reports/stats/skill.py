"""Skill: the values of all tasks on one scale.

    skill   (value - chance) / (perfect - chance)     0 is guessing, 1 is no error, below 0 is worse than guessing

Skill is linear in the value, so its mean, lowest and highest are those of the values on another scale. It is NaN if the
task states no chance, or chance is perfect already.
"""

import numpy as np
import pandas as pd

from benchmark.metrics import METRICS
from benchmark.reports.stats.points import over_seeds


def skill(table: pd.DataFrame, column: str = "value") -> pd.Series:
    """The values of a column as skill, by the metric and the chance of each row."""
    perfect = table["metric"].map(lambda name: METRICS[name].perfect).astype(float)
    span = perfect - table["chance"]
    return (table[column] - table["chance"]) / span.where(span != 0)


def skills(table: pd.DataFrame) -> pd.DataFrame:
    """The points of headline metrics (`points.over_seeds`), with mean, low and high as skill; NaN without a value."""
    points = over_seeds(table[table["headline"]])
    ends = np.sort(np.stack([skill(points, "low"), skill(points, "high")]), axis=0)
    return points.assign(mean=skill(points, "mean"), low=ends[0], high=ends[1]).drop(columns="each")
