"""The skill of every encoding at every task, with its interval, and the order in which encodings are listed.

    skill   (value - chance) / (perfect - chance)   of mean, low and high   (`across_tasks.skill` of one value)

Skill is linear in the value, so that its interval is that of the mean, on another scale; never above 1.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from benchmark.reports.across_tasks import PERFECT, mid_ranks
from benchmark.reports.statistics import arranged, over_seeds

Name = tuple[str, str, str]  # trained with, encoding, league


def skills(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of `statistics.over_seeds` of headline metrics, with mean, low and high as skill.

    NaN where there is no value, and where a task states no chance.
    """
    points = over_seeds(table[table["headline"]])
    perfect = points["metric"].map(PERFECT).astype(float)
    span = (perfect - points["chance"]).where(lambda each: each != 0)
    scaled = {name: (points[name] - points["chance"]) / span for name in ("mean", "low", "high")}
    ends = np.sort(np.stack([scaled["low"], scaled["high"]]), axis=0)
    return points.assign(mean=scaled["mean"], low=ends[0], high=np.minimum(1.0, ends[1]))


def by_rank(table: pd.DataFrame, multiple: float) -> list[Name]:
    """Every encoding of a table by its mean rank over tasks at a multiple of L; then those without a rank.

    Those lack a task: the one that lacks fewest comes first. Other leagues, which are ranked apart, come last.
    """
    ranks = mid_ranks(table[table["multiple"] == multiple])
    found = {(row["trained_with"], row["encoding"]): row for row in ranks.to_dict("records")}
    return sorted(arranged(table), key=lambda name: _order(name, found.get(name[:2])))


def ranked(table: pd.DataFrame, multiple: float) -> set[tuple[str, str]]:
    """Who has a value in every task at a multiple of L, as (trained with, encoding)."""
    ranks = mid_ranks(table[table["multiple"] == multiple]).dropna(subset="rank")
    return set(zip(ranks["trained_with"], ranks["encoding"], strict=True))


def _order(name: Name, row: Mapping[Any, Any] | None) -> tuple[str, bool, float, Name]:
    if row is None:
        return name[2], True, 0.0, name
    lacks = math.isnan(row["rank"])
    return name[2], lacks, -row["tasks"] if lacks else row["rank"], name
