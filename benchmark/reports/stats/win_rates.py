"""Every encoding against every other: on how many common seeds the one does better than the other, over tasks.

    share      mean over tasks of the share of common seeds on which row does better than column, a tie counting a half
    told apart by the one rule (`verdict`) on the common seeds of all tasks together: seed by seed, task by task

If two are alike on every task, each seed of each task is the toss of a fair coin, so the one rule's boundary holds for
all of them together. It divides the level by the number of pairs: the chance of any false word among the encodings of
one league at one multiple of L is at most 5 %, also if seeds are added later, and if tasks have different numbers.

Source: the share is the probability of improvement of Agarwal et al. 2021, https://arxiv.org/abs/2108.13264, here on
common seeds, because runs are paired.
Convention: over the tasks where the two share a seed; within a league.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.reports.stats.estimate import Floats, mean_or_nan
from benchmark.reports.stats.points import WHO
from benchmark.reports.stats.ranks import TASK, WHERE
from benchmark.reports.stats.verdict import Duel, Who

Seeds = NDArray[np.intp]
TaskValues = tuple[Seeds, dict[Who, Floats]]  # values by encoding over the seeds, turned so that more is better


@dataclass(frozen=True, kw_only=True)
class WinRate:
    """How often one encoding does better than another on a common seed, at one multiple of L."""

    multiple: float
    league: str
    trained_with: str
    encoding: str
    other_trained_with: str
    other: str
    probability: float  # the share of common seeds, averaged over tasks; NaN without a common task
    wins: int  # common seeds of all tasks on which it does better
    losses: int
    common: int  # seeds of all tasks
    told_apart: bool  # one of the two is shown to do better on most seeds of these tasks
    tasks: int  # in which they share a seed
    all_tasks: int

    @property
    def decided(self) -> int:
        """Common seeds of all tasks on which one of the two does better."""
        return self.wins + self.losses

    def turned(self) -> "WinRate":
        """The same pair, seen from the other encoding."""
        return replace(
            self,
            trained_with=self.other_trained_with,
            encoding=self.other,
            other_trained_with=self.trained_with,
            other=self.encoding,
            probability=1 - self.probability,
            wins=self.losses,
            losses=self.wins,
        )


def win_rates(table: pd.DataFrame) -> list[WinRate]:
    """Each ordered pair of encodings at each multiple of L, by headline metrics; pass rows of one setting per task."""
    rates = []
    for (_, league), group in table[table["headline"]].groupby(WHERE, sort=True):
        tasks = [_values(own) for _, own in group.groupby(TASK, sort=True)]
        names = [Who(*name) for name in sorted(set(zip(group["trained_with"], group["encoding"], strict=True)))]
        for first, second in combinations(names, 2):
            met = [(seeds, own) for seeds, own in (_common(task, first, second) for task in tasks) if len(own)]
            duel = pooled(met, first, second, pairs=len(names) * (len(names) - 1) // 2)
            rate = WinRate(
                multiple=float(group["multiple"].iloc[0]),
                league=str(league),
                trained_with=first.trained_with,
                encoding=first.encoding,
                other_trained_with=second.trained_with,
                other=second.encoding,
                probability=mean_or_nan([float(np.mean((own > 0) + (own == 0) / 2)) for _, own in met]),
                wins=duel.wins,
                losses=duel.losses,
                common=duel.n,
                told_apart=duel.winner is not None,
                tasks=len(met),
                all_tasks=len(tasks),
            )
            rates += [rate, rate.turned()]
    return rates


def pooled(tasks: Sequence[tuple[Seeds, Floats]], first: Who, second: Who, pairs: int) -> Duel:
    """Two encodings on the common seeds of all tasks (seeds and differences of each), by seed, then by task."""
    placed = [
        (seed, task, each) for task, (seeds, own) in enumerate(tasks) for seed, each in zip(seeds, own, strict=True)
    ]
    return Duel(first=first, second=second, differences=tuple(float(each) for *_, each in sorted(placed)), pairs=pairs)


def _values(rows: pd.DataFrame) -> TaskValues:
    wide = rows.pivot(index=WHO, columns="seed", values="value").sort_index(axis="columns")
    sign = -1 if rows["lower_is_better"].iloc[0] else 1
    names = [Who(*name) for name in wide.index]
    return np.asarray(wide.columns, dtype=int), dict(zip(names, sign * wide.to_numpy(dtype=float), strict=True))


def _common(task: TaskValues, first: Who, second: Who) -> tuple[Seeds, Floats]:
    """The common seeds, and first - second on each; empty if they share none."""
    seeds, values = task
    if first not in values or second not in values:
        return seeds[:0], np.empty(0)
    difference = values[first] - values[second]
    known = ~np.isnan(difference)
    return seeds[known], difference[known]
