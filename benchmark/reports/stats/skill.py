"""The skill of every encoding at every task, with its interval, and the order in which encodings are listed.

    skill   (value - chance) / (perfect - chance)   of mean, low and high   (`across_tasks.skill` of one value)

Skill is linear in the value, so that its interval is that of the mean, on another scale; never above 1.
"""

import numpy as np
import pandas as pd

from benchmark.metrics import METRICS
from benchmark.reports.stats.points import over_seeds


def skill(table: pd.DataFrame) -> pd.Series:
    """Each value on the scale from a guesser (0) to no error (1); NaN where a task states no chance."""
    perfect = table["metric"].map(lambda name: METRICS[name].perfect).astype(float)
    span = perfect - table["chance"]
    return (table["value"] - table["chance"]) / span.where(span != 0)


def skills(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of `statistics.over_seeds` of headline metrics, with mean, low and high as skill.

    NaN where there is no value, and where a task states no chance.
    """
    points = over_seeds(table[table["headline"]])
    perfect = points["metric"].map(lambda name: METRICS[name].perfect).astype(float)
    span = (perfect - points["chance"]).where(lambda each: each != 0)
    scaled = {name: (points[name] - points["chance"]) / span for name in ("mean", "low", "high")}
    ends = np.sort(np.stack([scaled["low"], scaled["high"]]), axis=0)
    return points.assign(mean=scaled["mean"], low=ends[0], high=np.minimum(1.0, ends[1]))
