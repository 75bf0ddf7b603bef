"""Every encoding against every other: how often a seed of the one beats a seed of the other, over tasks.

    P(row better than column) = mean over tasks of the fraction of pairs of seeds that row wins, ties counting a half

Source: Agarwal et al. 2021, https://arxiv.org/abs/2108.13264 (probability of improvement).
Convention: over the seeds that both have, and the tasks where they share one; within a league. The interval resamples
the seeds of each task. It is of one pair, and is not widened for the number of pairs.
"""

import math
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from benchmark.reports.stats.estimate import Floats, mean_or_nan
from benchmark.reports.stats.points import WHO
from benchmark.reports.stats.ranks import TASK, WHERE
from benchmark.reports.stats.resampling import percentile_interval, stratified_weights

FEWEST_TASKS = 2  # with one task, the interval of 3 seeds excludes .5 in 22 % of cases where nothing differs

Who = tuple[str, str]  # trained with, encoding
TaskValues = tuple[dict[Who, Floats], np.ufunc]  # values by encoding, over the same seeds; which of two is better


@dataclass(frozen=True, kw_only=True)
class WinRate:
    """How often a seed of one encoding beats a seed of another, at one multiple of L."""

    multiple: float
    league: str
    trained_with: str
    encoding: str
    other_trained_with: str
    other: str
    probability: float  # NaN without a common task
    low: float  # NaN if a task has only one common seed
    high: float
    tasks: int  # in which they share a seed
    all_tasks: int

    @property
    def told_apart(self) -> bool:
        """True if the interval excludes .5, over enough tasks for it to be trusted."""
        return self.tasks >= FEWEST_TASKS and (self.low > 0.5 or self.high < 0.5)

    def turned(self) -> "WinRate":
        """The same pair, seen from the other encoding."""
        return replace(
            self,
            trained_with=self.other_trained_with,
            encoding=self.other,
            other_trained_with=self.trained_with,
            other=self.encoding,
            probability=1 - self.probability,
            low=1 - self.high,
            high=1 - self.low,
        )


def win_rates(table: pd.DataFrame, seed: int = 0) -> list[WinRate]:
    """Each ordered pair of encodings at each multiple of L, by headline metrics; pass rows of one setting per task."""
    rates = []
    for (_, league), group in table[table["headline"]].groupby(WHERE, sort=True):
        tasks = [_values(own) for _, own in group.groupby(TASK, sort=True)]
        names = sorted(set(zip(group["trained_with"], group["encoding"], strict=True)))
        for first, second in combinations(names, 2):
            wins = _wins(tasks, first, second)
            low, high = _interval(wins, seed)
            rate = WinRate(
                multiple=float(group["multiple"].iloc[0]),
                league=str(league),
                trained_with=first[0],
                encoding=first[1],
                other_trained_with=second[0],
                other=second[1],
                probability=mean_or_nan([pairs.mean() for pairs in wins]),
                low=low,
                high=high,
                tasks=len(wins),
                all_tasks=len(tasks),
            )
            rates += [rate, rate.turned()]
    return rates


def _values(rows: pd.DataFrame) -> TaskValues:
    wide = rows.pivot(index=WHO, columns="seed", values="value")
    values = dict(zip(wide.index, wide.to_numpy(dtype=float), strict=True))
    return values, np.less if rows["lower_is_better"].iloc[0] else np.greater


def _wins(tasks: list[TaskValues], first: Who, second: Who) -> list[Floats]:
    """For each task with common seeds, who wins each pair [first, second]: 1 for first, 0 for second, .5 for a tie."""
    found: list[Floats] = []
    for values, better in tasks:
        if first in values and second in values:
            common = ~np.isnan(values[first]) & ~np.isnan(values[second])
            mine, theirs = values[first][common], values[second][common]
            if common.any():
                found.append(np.asarray(better.outer(mine, theirs) + np.equal.outer(mine, theirs) / 2))
    return found


def _interval(wins: list[Floats], seed: int) -> tuple[float, float]:
    """The bootstrap interval of the mean over tasks; NaN if a task has only one seed."""
    sizes = tuple(len(pairs) for pairs in wins)
    if min(sizes, default=0) < 2:
        return math.nan, math.nan
    weights = stratified_weights(sizes, seed)
    resampled = [(own @ pairs * own).sum(axis=1) for own, pairs in zip(weights, wins, strict=True)]
    return percentile_interval(np.mean(resampled, axis=0))
