"""TODO."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from benchmark.reports.stats.points import arranged
from benchmark.reports.stats.ranks import mid_ranks

Name = tuple[str, str, str]  # trained with, encoding, league


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
