"""The order of the encodings in two settings: how well it agrees, and which pairs swap.

    tau        Kendall's tau-b of the means: 1 the same order, -1 the reverse
    interval   a pair whose order the one rule shows in both settings, in agreement with its means, counts +1 or -1;
               every other pair may count anything from -1 to 1. Lowest and highest sum, divided by the number of pairs
    swap       shown: the one rule shows one encoding better in the first setting and the other better in the second
               not shown: the means change order, by more than the metric's margin in both settings

The interval errs only if the one rule does: it misses the order that holds on most seeds in at most 10 % of cases, the
5 % of either setting added up. A bootstrap over seeds covers far less where means lie close together, because noise
pulls tau towards 0 (docs/statistics.md). Where the seeds show nothing in both settings there is no interval.

Source: Kendall 1945, The treatment of ties in ranking problems, Biometrika 33 (tau-b).
Convention: only encodings with a value in both settings count, and a pair that the floor explains in either is no swap.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from scipy import stats  # type: ignore[import-untyped]

from benchmark.reports.stats.estimate import Estimate
from benchmark.reports.stats.verdict import Verdict, Who

DIGITS = 12  # of means and tau: a sum of equal terms may differ in the last digit


@dataclass(frozen=True, kw_only=True)
class Swap:
    """Two encodings that change places from one setting to another."""

    before: Who  # the better one in the first setting
    after: Who  # the better one in the second
    shown: bool  # by the one rule, in both settings
    seeds: int  # common seeds, in the setting that has fewer


def agreement(first: Verdict, second: Verdict) -> Estimate:
    """Tau with its interval; NaN below two common encodings, or where all means of a setting are equal."""
    names = common(first, second)
    pairs = list(combinations(names, 2))
    if not pairs:
        return Estimate(value=math.nan, low=math.nan, high=math.nan, n=0)
    means = [[round(verdict.means[name], DIGITS) for name in names] for verdict in (first, second)]
    tau = round(float(stats.kendalltau(*means).statistic), DIGITS) if _differ(means) else math.nan
    signs = [_shown(first, *pair) * _shown(second, *pair) for pair in pairs]
    low, high = _interval(signs, tau)
    return Estimate(value=tau, low=low, high=high, n=min(_seeds(first, second, *pair) for pair in pairs))


def swaps(first: Verdict, second: Verdict) -> tuple[Swap, ...]:
    """The pairs that change places, those that are shown first, then in the order of the first setting."""
    found = [
        Swap(before=one, after=two, shown=shown, seeds=_seeds(first, second, one, two))
        for one, two in _ordered_pairs(first, second)
        for shown in (_swaps_shown(first, second, one, two),)
        if shown or _swaps_in_means(first, second, one, two)
    ]
    return tuple(sorted(found, key=lambda swap: not swap.shown))


def common(first: Verdict, second: Verdict) -> list[Who]:
    """Encodings with a value in both settings, the best of the first setting first."""
    return [name for name in first.means if name in second.means]


def _ordered_pairs(first: Verdict, second: Verdict) -> list[tuple[Who, Who]]:
    """Both orders of every pair, unless the floor explains both in one of the settings."""
    names = common(first, second)
    pairs = ((one, two) for one in names for two in names if one != two)
    return [pair for pair in pairs if not any(set(pair) <= verdict.explained for verdict in (first, second))]


def _swaps_shown(first: Verdict, second: Verdict, one: Who, two: Who) -> bool:
    return first.duel(one, two).winner == one and second.duel(one, two).winner == two


def _swaps_in_means(first: Verdict, second: Verdict, one: Who, two: Who) -> bool:
    margin = 0.0 if math.isnan(first.margin) else first.margin
    ahead, behind = (verdict.means[one] - verdict.means[two] for verdict in (first, second))
    return ahead > margin and behind < -margin and not _swaps_shown(first, second, two, one)


def _differ(means: Sequence[Sequence[float]]) -> bool:
    return all(len(set(own)) > 1 for own in means)


def _shown(verdict: Verdict, one: Who, two: Who) -> int:
    """1 or -1 if the one rule shows the first or the second of a pair better, and its mean is better too; else 0."""
    winner, ahead = verdict.duel(one, two).winner, verdict.means[one] - verdict.means[two]
    return (winner == one and ahead > 0) - (winner == two and ahead < 0)


def _interval(signs: Sequence[int], tau: float) -> tuple[float, float]:
    """The lowest and the highest tau that the shown pairs leave; ties may put tau-b itself outside of them."""
    open_ = signs.count(0)
    if open_ == len(signs) or math.isnan(tau):
        return math.nan, math.nan
    return min(tau, (sum(signs) - open_) / len(signs)), max(tau, (sum(signs) + open_) / len(signs))


def _seeds(first: Verdict, second: Verdict, one: Who, two: Who) -> int:
    return min(first.duel(one, two).n, second.duel(one, two).n)
