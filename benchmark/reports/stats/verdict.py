"""Who does better than whom on one task at one length, and who may be the best: the one rule, which all others ask.

    A does better than B      on most seeds:  P(A's value is better than B's on a common seed) > 1/2
    shown                     going through the common seeds in order, at some number n of them, A has lost at most
                              allowed(n) and won the rest

`allowed` is fixed beforehand: the walk of a fair coin crosses it, at any n and in either direction, with probability
LEVEL / pairs. So whoever looks after every seed, stops when something is shown, resumes or adds seeds later errs no
more often than whoever looks once, and a report needs to know nothing of when results were looked at. Over all pairs of
a column the chance of any false word is at most LEVEL (Bonferroni).

    encodings                  2    3    4    5    6   10   20
    seeds until a clean sweep is shown
                               6    7    8    9   10   11   13
    seeds if one seed disagrees
                              10   14   15   15   14   18   21

Nothing is assumed of the values: the rule holds for outcomes that are skewed, bimodal (a seed learns the task or does
not) or heavy-tailed. It speaks of the majority of seeds, and not of the mean: where one seed in ten fails, the majority
can favour an encoding whose mean is lower. Such an encoding rules nobody out as the best, and neither does one that is
better by no more than the metric's margin. A mean that the floor explains, the better of chance and the best shortcut
(`floor`), is never the best; where only the shortcut explains it, its mark says so.

Source: the sign test (Arbuthnott 1710) with a group-sequential boundary; sequential comparisons of seeds as in AdaStop,
Mathieu et al. 2023, https://arxiv.org/abs/2306.10882, here paired by seed.
Convention: seeds count in ascending order; one on which both have the same value is passed over, and so is one that
either lacks. Leagues are judged apart.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from benchmark.metrics import METRICS
from benchmark.reports.stats.estimate import LEVEL, Estimate, Floats
from benchmark.reports.stats.floor import NO_FLOOR, Explanation, Floor
from benchmark.reports.stats.intervals import alike_share, median_interval
from benchmark.reports.stats.points import WHO

MOST_SEEDS = 1000  # that a walk is followed for

Mark = Literal["best", "among the best", "untested", "shortcut", ""]


class Who(NamedTuple):
    """An encoding as it was measured."""

    trained_with: str
    encoding: str


@dataclass(frozen=True, kw_only=True)
class Duel:
    """Two encodings on their common seeds. Values are turned so that a positive difference favours `first`."""

    first: Who
    second: Who
    differences: tuple[float, ...]  # by common seed in ascending order, first - second, positive where first is better
    pairs: int  # of the column

    @cached_property
    def winner(self) -> Who | None:
        """The one that is shown to do better on most seeds; None while neither is."""
        wins = losses = 0
        for difference in self.differences:
            wins, losses = wins + (difference > 0), losses + (difference < 0)
            limit = allowed(wins + losses, self.pairs)
            if min(wins, losses) <= limit:
                return self.first if wins > losses else self.second
        return None

    @property
    def wins(self) -> int:
        """Seeds on which `first` does better."""
        return sum(difference > 0 for difference in self.differences)

    @property
    def losses(self) -> int:
        """Seeds on which `second` does better."""
        return sum(difference < 0 for difference in self.differences)

    @property
    def more_seeds(self) -> int:
        """How many more seeds would show it, if the one that leads wins them all; 0 where it is shown."""
        if self.winner is not None:
            return 0
        done, lost = self.wins + self.losses, min(self.wins, self.losses)
        return next((n for n in range(done + 1, MOST_SEEDS) if allowed(n, self.pairs) >= lost), MOST_SEEDS) - done

    @property
    def n(self) -> int:
        """Common seeds."""
        return len(self.differences)

    def effect(self, row_error: float = 0.0) -> Estimate:
        """The median difference with its 95 % interval, for this pair alone; without one below 6 seeds.

        `row_error`: the standard error that the test rows add, which all seeds share (`tables.rows.paired_row_error`).
        """
        return median_interval(self.differences, row_error)

    def alike(self, margin: float) -> float:
        """The share of all seeds on which the two are within the margin at least, with 95 %; NaN if one seed is not."""
        within = self.n > 0 and all(abs(difference) <= margin for difference in self.differences)
        return alike_share(self.n) if within else math.nan


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What may be said of the encodings of one column: one task, setting, metric, length and league."""

    means: Mapping[Who, float]  # turned so that more is better, the best first; only of those with a value
    duels: Mapping[tuple[Who, Who], Duel]  # both orders
    floor: Floor = NO_FLOOR
    metric: str = ""
    margin: float = math.nan  # smaller differences do not matter; NaN: all do
    sign: int = 1  # -1 if lower is better: differences in the metric's own sign are `sign` times those of a duel

    @classmethod
    def of(
        cls,
        values: Mapping[Who, Floats],
        *,
        floor: Floor = NO_FLOOR,
        metric: str = "",
        margin: float = math.nan,
        sign: int = 1,
    ) -> "Verdict":
        """Of values by encoding, over the same seeds in ascending order, more is better, NaN where there is none."""
        means = {name: float(np.nanmean(own)) for name, own in values.items()}
        ordered = dict(sorted(means.items(), key=lambda item: (-item[1], item[0])))
        return cls(means=ordered, duels=_duels(values), floor=floor, metric=metric, margin=margin, sign=sign)

    def among(self, some: Collection[Who]) -> "Verdict":
        """The verdict on some of them. Their duels stay those of the whole column: no more is shown than there."""
        duels = {pair: duel for pair, duel in self.duels.items() if pair[0] in some and pair[1] in some}
        return replace(self, means={who: mean for who, mean in self.means.items() if who in some}, duels=duels)

    @cached_property
    def tiers(self) -> tuple[tuple[Who, ...], ...]:
        """Groups that are not told apart, the best first; without those that the floor explains.

        The first are the candidates. Each of a later group is shown to be worse than some one of the group before it,
        and nobody is shown to be worse than another of the same group.
        """
        found, left = [], [who for who in self.means if who not in self.explained]
        while left:
            ruled_out = self.among(left).ruled_out
            found.append(tuple(who for who in left if who not in ruled_out))
            left = [who for who in left if who in ruled_out]
        return tuple(found)

    def duel(self, first: Who, second: Who) -> Duel:
        """Two of them, from the side of the first."""
        return self.duels[first, second]

    def difference(self, first: Who, second: Who, row_error: float = 0.0) -> Estimate:
        """The median of first - second over common seeds, in the metric's own sign, with its interval."""
        effect = self.duel(first, second).effect(row_error)
        if self.sign > 0:
            return effect
        return Estimate(value=-effect.value, low=-effect.high, high=-effect.low, n=effect.n)

    @cached_property
    def explained(self) -> frozenset[Who]:
        """Those whose mean the floor explains."""
        return frozenset(who for who in self.means if self.explanation(who))

    def explanation(self, *some: Who) -> Explanation:
        """What explains the means of all of these: chance by itself, the best shortcut where it takes that, or ""."""
        found = {self.floor.explains(self.sign * self.means[who]) for who in some}
        if "" in found:
            return ""
        return "shortcut" if "shortcut" in found else "chance"

    @property
    def leader(self) -> Who | None:
        """The one with the highest mean, if the floor does not explain it."""
        first = next(iter(self.means), None)
        return None if first in self.explained else first

    @cached_property
    def ruled_out(self) -> frozenset[Who]:
        """Those that another one with a better mean is shown to beat on most seeds, by more than the margin."""
        lost = (duel for duel in self.duels.values() if duel.winner == duel.first)
        return frozenset(
            duel.second
            for duel in lost
            if self.means[duel.first] > self.means[duel.second] and not duel.effect().value <= self.margin
        )

    @cached_property
    def candidates(self) -> tuple[Who, ...]:
        """Those not ruled out as the best, the highest mean first; none where the floor explains all."""
        left = (name for name in self.means if name not in self.ruled_out and name not in self.explained)
        return tuple(left) if self.leader is not None else ()

    @cached_property
    def tested(self) -> bool:
        """True if the common seeds suffice to show a clean sweep of the leader over every other."""
        leader = self.leader
        return leader is not None and all(
            len(duel.differences) >= _fewest(duel.pairs) for duel in self.duels.values() if duel.first == leader
        )

    @cached_property
    def rivals(self) -> tuple[Who, ...]:
        """All but the leader that are not ruled out, with any at the floor: that alone rules nobody out."""
        leader = self.leader
        return tuple(name for name in self.means if leader not in (None, name) and name not in self.ruled_out)

    def mark(self, name: Who) -> Mark:
        """What a table says beside an encoding. No mark is never "shown to be worse": that is what `duel` tells.

        "shortcut": only the best shortcut explains its mean. A mean that chance explains has no mark.
        """
        if name in self.means and self.explanation(name) == "shortcut":
            return "shortcut"
        if len(self.means) < 2 or name not in self.candidates:
            return ""
        if not self.rivals:
            return "best"
        if self.tested or self.ruled_out:
            return "among the best"
        return "untested" if name == self.leader else ""

    @property
    def more_seeds(self) -> int:
        """The fewest more seeds that would settle who is best, if the leader wins them all; 0 where it is settled."""
        leader = self.leader
        return max((self.duel(leader, rival).more_seeds for rival in self.rivals), default=0) if leader else 0


def judge(column: pd.DataFrame) -> Verdict:
    """The verdict on rows of `tables.values.metric_table` of one task, setting, metric, length and league."""
    wide = column.pivot(index=WHO, columns="seed", values="value").astype(float)
    wide = wide.where(np.isfinite(wide)).dropna(how="all").sort_index(axis="columns")
    if wide.empty:
        return Verdict(means={}, duels={})
    names = [Who(str(trained_with), str(encoding)) for trained_with, encoding in wide.index]
    metric = str(column["metric"].iloc[0])
    sign = -1 if METRICS[metric].lower_is_better else 1
    values = dict(zip(names, sign * wide.to_numpy(), strict=True))
    return Verdict.of(values, floor=Floor.of(column), metric=metric, margin=METRICS[metric].margin, sign=sign)


def by_league(rows: pd.DataFrame) -> dict[str, Verdict]:
    """The verdicts on rows of one task, setting, metric and length: leagues are judged apart."""
    return {str(league): judge(own) for league, own in rows.groupby("league")}


def _duels(values: Mapping[Who, Floats]) -> dict[tuple[Who, Who], Duel]:
    pairs = len(values) * (len(values) - 1) // 2
    found = {}
    for first, second in combinations(values, 2):
        differences = values[first] - values[second]
        known = tuple(float(each) for each in differences[~np.isnan(differences)])
        found[first, second] = Duel(first=first, second=second, differences=known, pairs=pairs)
        turned = tuple(-each for each in known)
        found[second, first] = Duel(first=second, second=first, differences=turned, pairs=pairs)
    return found


def allowed(seeds: int, pairs: int) -> int:
    """The most seeds that the better of two may have lost after so many for it to be shown; -1: none yet."""
    return _boundary(pairs, max(64, 1 << seeds.bit_length()))[seeds]


def fewest_seeds(encodings: int) -> int:
    """The fewest common seeds with which anything is shown among so many encodings."""
    return _fewest(max(1, encodings * (encodings - 1) // 2))


def _fewest(pairs: int) -> int:
    return next(seeds for seeds in range(1, MOST_SEEDS) if allowed(seeds, pairs) >= 0)


@cache
def _boundary(pairs: int, most: int) -> Sequence[int]:
    """`allowed` by number of seeds, 0 to `most`: each loss is allowed as early as the level can pay for it."""
    budget, spent = LEVEL / pairs / 2, 0.0  # one side
    alive = np.ones(1)  # probability of each number of losses of a fair coin that has not crossed yet
    limits, limit = [-1], -1
    for _ in range(most):
        alive = np.convolve(alive, (0.5, 0.5))
        crossing = alive[: limit + 1].sum()
        wider = crossing + alive[limit + 1]
        if spent + wider <= budget:
            limit, crossing = limit + 1, wider
        spent += crossing
        alive[: limit + 1] = 0.0
        limits.append(limit)
    return limits
