"""Mean ranks of encodings over tasks, whether they differ at all, and which of them do.

    rank        1 for the best mean over seeds of a task; equal means share the middle rank; then the mean over tasks
    Friedman    chi2 = 12 N / (k (k + 1)) * (sum of R_j^2 - k (k + 1)^2 / 4),  k - 1 degrees of freedom, ties corrected
    Nemenyi     R_i and R_j differ if |R_i - R_j| >= critical = q(k) / sqrt(2) * sqrt(k (k + 1) / (6 N))

k encodings, N tasks, R_j the mean rank of the j-th, q the studentized range. The blocks are tasks, not seeds: another
seed makes the mean of a task more certain, but says nothing about other tasks.

Source: Demsar 2006, JMLR 7, https://www.jmlr.org/papers/v7/demsar06a.html, section 3.2.2; scipy has the tests.
Convention: pairs are called different only if Friedman's test rejects that all are alike, as in Demsar. His chi2 is the
approximation of scipy; Iman and Davenport 1980 showed that it rejects too rarely when tasks are few. An encoding
without a value in some task has no rank, and takes none from the others. Leagues are ranked apart.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats  # type: ignore[import-untyped]

from benchmark.reports.stats.estimate import CONFIDENCE, LEVEL, Floats
from benchmark.reports.stats.points import WHO, Name, arranged

WHERE = ["multiple", "league"]  # ranked together
TASK = ["task", "setting"]  # a block


@dataclass(frozen=True, kw_only=True)
class MeanRank:
    """An encoding's ranks over all tasks at one multiple of L."""

    multiple: float
    league: str
    trained_with: str
    encoding: str
    rank: float  # NaN unless it has a value in every task
    reciprocal_rank: float  # mean of 1 / rank
    tasks: int  # in which it has a value
    all_tasks: int
    ranked: int  # k: encodings with a value in every task
    critical: float  # mean ranks closer than this are not shown to differ; NaN below two encodings
    tasks_needed: float  # with fewer, not even the first and the last can differ


@dataclass(frozen=True, kw_only=True)
class Friedman:
    """The outcome of the test; NaN if there was none."""

    statistic: float
    p: float

    @property
    def rejects(self) -> bool:
        """True if the ranks are shown to differ at all."""
        return self.p < LEVEL


def mean_ranks(table: pd.DataFrame) -> list[MeanRank]:
    """The mean rank over tasks of each encoding at each multiple of L, by headline metrics."""
    groups = table[table["headline"]].groupby(WHERE, sort=True)
    return [row for _, group in groups for row in _ranks(group)]


def mean_costs(group: pd.DataFrame) -> pd.DataFrame:
    """Encodings x tasks: the mean over seeds, signed so that less is better. Headline rows of one place and league."""
    signed = group.assign(cost=group["value"] * np.where(group["lower_is_better"], 1, -1))
    # Rounded: the sum of equal seeds in another order may differ in the last digit, and would then not share a rank.
    return signed.groupby([*WHO, *TASK])["cost"].mean().unstack(TASK).round(12)


def critical_difference(encodings: int, tasks: int) -> float:
    """The least difference of two mean ranks that is shown (Nemenyi); NaN below two encodings."""
    if encodings < 2:
        return math.nan
    quantile = float(stats.studentized_range.ppf(CONFIDENCE, encodings, math.inf)) / math.sqrt(2)
    return quantile * math.sqrt(encodings * (encodings + 1) / (6 * tasks))


def tasks_needed(encodings: int) -> float:
    """The fewest tasks that can separate the first of all tasks from the last of all; NaN below two encodings."""
    if encodings < 2:
        return math.nan
    return math.ceil((critical_difference(encodings, 1) / (encodings - 1)) ** 2)


def friedman(costs: Floats) -> Friedman:
    """Friedman's test of costs [encodings, tasks]; none below three encodings or two tasks, or if all are alike."""
    encodings, tasks = costs.shape
    if encodings < 3 or tasks < 2 or (costs == costs[:1]).all():
        return Friedman(statistic=math.nan, p=math.nan)
    outcome = stats.friedmanchisquare(*np.asarray(costs))
    return Friedman(statistic=float(outcome.statistic), p=float(outcome.pvalue))


def indistinct_runs(ranks: Sequence[float], critical: float) -> list[tuple[int, int]]:
    """The longest runs of ascending mean ranks that are not shown to differ, as first and last place.

    A run is what a bar of the diagram joins: two or more, whose ends lie closer than the critical difference. No run
    lies within another.
    """
    runs: list[tuple[int, int]] = []
    for first, low in enumerate(ranks):
        last = max(place for place, rank in enumerate(ranks) if place >= first and rank - low < critical)
        if last > first and (not runs or last > runs[-1][1]):
            runs.append((first, last))
    return runs


def by_rank(table: pd.DataFrame, multiple: float) -> list[Name]:
    """Every encoding of a table by its mean rank at a multiple of L, then those without a rank.

    Of those without, the one that lacks the fewest tasks comes first. Other leagues, which are ranked apart, come last.
    """
    ranks = mean_ranks(table[table["multiple"] == multiple])
    found = {(row.trained_with, row.encoding): row for row in ranks}
    return sorted(arranged(table), key=lambda name: _order(name, found.get(name[:2])))


def ranked(table: pd.DataFrame, multiple: float) -> set[tuple[str, str]]:
    """The encodings with a value in every task at a multiple of L, as (trained with, encoding)."""
    ranks = mean_ranks(table[table["multiple"] == multiple])
    return {(row.trained_with, row.encoding) for row in ranks if not math.isnan(row.rank)}


def _ranks(group: pd.DataFrame) -> Iterator[MeanRank]:
    costs = mean_costs(group)
    ranks = costs.dropna().rank(method="average")
    means, reciprocals = ranks.mean(axis=1).to_dict(), (1 / ranks).mean(axis=1).to_dict()
    critical, needed = critical_difference(len(ranks), costs.shape[1]), tasks_needed(len(ranks))
    for trained_with, encoding in costs.index:
        yield MeanRank(
            multiple=float(group["multiple"].iloc[0]),
            league=str(group["league"].iloc[0]),
            trained_with=trained_with,
            encoding=encoding,
            rank=means.get((trained_with, encoding), math.nan),
            reciprocal_rank=reciprocals.get((trained_with, encoding), math.nan),
            tasks=int(costs.loc[(trained_with, encoding)].notna().sum()),
            all_tasks=costs.shape[1],
            ranked=len(ranks),
            critical=critical,
            tasks_needed=needed,
        )


def _order(name: Name, row: MeanRank | None) -> tuple[str, bool, float, Name]:
    if row is None:
        return name[2], True, 0.0, name
    lacks = math.isnan(row.rank)
    return name[2], lacks, -row.tasks if lacks else row.rank, name
