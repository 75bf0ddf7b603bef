"""TODO."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats  # type: ignore[import-untyped]

from benchmark.reports.stats.estimate import CONFIDENCE

WHERE = ["multiple", "league"]


WHO = ["trained_with", "encoding"]


STRATUM = ["task", "setting"]


RANK_COLUMNS = [*WHERE, *WHO, "rank", "reciprocal_rank", "tasks", "all_tasks", "ranked", "critical", "tasks_needed"]


def mid_ranks(table: pd.DataFrame) -> pd.DataFrame:
    """The mean rank over tasks of each encoding at each multiple of L: 1 is best, equal means share the middle rank.

    Columns: multiple, league, trained_with, encoding, rank, reciprocal_rank, tasks, all_tasks, ranked (k: encodings
    with a value in every task; the others have no rank), critical (mean ranks closer than this are not shown to
    differ; NaN below two encodings), tasks_needed (with fewer, not even the first and the last can differ).
    """
    groups = headline_rows(table).groupby(WHERE, sort=True)
    return pd.DataFrame([row for where, group in groups for row in _ranked(where, group)], columns=RANK_COLUMNS)


def mean_costs(group: pd.DataFrame) -> pd.DataFrame:
    """Encodings x tasks: the mean over seeds, turned so that less is better. Headline rows of one place and league."""
    signed = group.assign(cost=group["value"] * np.where(group["lower_is_better"], 1, -1))
    # Rounded: equal seeds in another order add up to another last digit, and would not share a rank.
    return signed.groupby([*WHO, *STRATUM])["cost"].mean().unstack(STRATUM).round(12)


def critical_difference(encodings: int, tasks: int) -> float:
    """Nemenyi: how far mean ranks of so many encodings over so many tasks lie apart before they are shown to differ."""
    if encodings < 2:
        return math.nan
    quantile = float(stats.studentized_range.ppf(CONFIDENCE, encodings, math.inf)) / math.sqrt(2)
    return quantile * math.sqrt(encodings * (encodings + 1) / (6 * tasks))


def tasks_needed(encodings: int) -> float:
    """The fewest tasks with which a first in all can be told from a last in all; NaN below two encodings."""
    if encodings < 2:
        return math.nan
    return math.ceil((critical_difference(encodings, 1) / (encodings - 1)) ** 2)


def headline_rows(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["headline"]].reset_index(drop=True)


def _ranked(where: tuple[object, ...], group: pd.DataFrame) -> Iterator[Mapping[str, Any]]:
    costs = mean_costs(group)
    ranks = costs.dropna().rank(method="average")
    critical = critical_difference(len(ranks), costs.shape[1])
    means, reciprocals = ranks.mean(axis=1).to_dict(), (1 / ranks).mean(axis=1).to_dict()
    for who in costs.index:
        yield {
            **dict(zip([*WHERE, *WHO], [*where, *who], strict=True)),
            "rank": means.get(who, math.nan),
            "reciprocal_rank": reciprocals.get(who, math.nan),
            "tasks": int(costs.loc[who].notna().sum()),
            "all_tasks": costs.shape[1],
            "ranked": len(ranks),
            "critical": critical,
            "tasks_needed": tasks_needed(len(ranks)),
        }
