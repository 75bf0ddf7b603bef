"""The summary: encodings by task at the trained and at the longest length, and which values are best or tied.

    best    the best mean of a task and length, within a league; nothing if several share it
    tied    not shown to differ from the best: the t interval of the paired difference includes 0
    ratio   mean at the longest length / mean at L, over the seeds that have both

Convention: means are over each encoding's own seeds; one that lost some to a failure may still be the best, and its n
shows it.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from benchmark.metrics import METRICS, ratio
from benchmark.reports.stats.estimate import (
    Estimate,
    distinguishable,
    mean_interval,
    mean_or_nan,
    paired_difference,
)
from benchmark.reports.stats.points import arranged, by_seed, overall_status

Marks = tuple[str | None, set[str]]  # the best encoding, and those tied with it
NO_MARKS: Marks = (None, set())


@dataclass(frozen=True, kw_only=True)
class SummaryValue:
    """An encoding's value at one length of a task."""

    estimate: Estimate
    status: str  # "ok", "unsupported", "failed", "diverged" or "missing"
    mark: str  # "best", "tied" or ""


@dataclass(frozen=True, kw_only=True)
class SummaryRow:
    """One encoding on one task, by the task's headline metric."""

    task: str
    setting: str
    metric: str
    trained_with: str
    encoding: str
    league: str  # best and tied are marked within one
    train_length: int
    longest: int  # of the task's grid
    chance: float  # at the longest
    seeds: int  # of the task's grid
    ratio: float  # see `extrapolation_ratio`
    at_trained: SummaryValue
    at_longest: SummaryValue


def best_and_tied(group: pd.DataFrame) -> Marks:
    """The encoding with the best mean, and those not shown to differ from it, from rows of one task, metric and length.

    If several share the best mean, none is the best, and they are tied.
    """
    values = {encoding: by_seed(group, encoding) for encoding in sorted(set(group["encoding"]))}
    values = {encoding: own for encoding, own in values.items() if own}
    if not values:
        return None, set()
    sign = -1 if bool(group["lower_is_better"].iloc[0]) else 1
    means = {encoding: sign * mean_or_nan(list(own.values())) for encoding, own in values.items()}
    best = max(means, key=lambda encoding: means[encoding])
    others = values.keys() - {best}
    tied = {name for name in others if not distinguishable(paired_difference(values[best], values[name]))}
    if any(means[name] == means[best] for name in others):
        return None, {best, *tied}
    return best, tied


def extrapolation_ratio(first: Mapping[int, float], longest: Mapping[int, float]) -> float:
    """Mean at the longest length / mean at the trained length, over the seeds that have both.

    1 is a flat curve. Below 1, an accuracy fell or a loss improved; above 1, the other way round.
    """
    common = sorted(first.keys() & longest.keys())
    return ratio(mean_or_nan([longest[seed] for seed in common]), mean_or_nan([first[seed] for seed in common]))


def summary(table: pd.DataFrame) -> list[SummaryRow]:
    """One row per (task, encoding), in the order of reports; pass it rows of one setting per task."""
    headline = table[table["headline"]]
    return [row for _, group in headline.groupby(["task", "setting"], sort=True) for row in _rows(group)]


def _rows(group: pd.DataFrame) -> Iterator[SummaryRow]:
    """The rows of one task."""
    first = group.iloc[0]
    longest = int(group["length"].max())
    trained_rows, longest_rows = (group[group["length"] == length] for length in (first["train_length"], longest))
    trained_marks, longest_marks = _marks(trained_rows), _marks(longest_rows)
    chance = longest_rows["chance"].dropna()
    bounded = METRICS[first["metric"]].bounded
    for trained_with, encoding, league in arranged(group):
        yield SummaryRow(
            task=str(first["task"]),
            setting=str(first["setting"]),
            metric=str(first["metric"]),
            trained_with=trained_with,
            encoding=encoding,
            league=league,
            train_length=int(first["train_length"]),
            longest=longest,
            chance=float(chance.iloc[0]) if len(chance) else math.nan,
            seeds=int(group["seed"].nunique()),
            ratio=extrapolation_ratio(by_seed(trained_rows, encoding), by_seed(longest_rows, encoding)),
            at_trained=_value(trained_rows, trained_with, encoding, trained_marks.get(league, NO_MARKS), bounded),
            at_longest=_value(longest_rows, trained_with, encoding, longest_marks.get(league, NO_MARKS), bounded),
        )


def _marks(rows: pd.DataFrame) -> dict[str, Marks]:
    """Best and tied in each league that has anything to rank."""
    groups = [(str(league), own) for league, own in rows.groupby("league")]
    return {league: best_and_tied(own) for league, own in groups if not league or own["encoding"].nunique() > 1}


def _value(rows: pd.DataFrame, trained_with: str, encoding: str, marks: Marks, bounded: bool) -> SummaryValue:
    own = rows[(rows["encoding"] == encoding) & (rows["trained_with"] == trained_with)]
    best, tied = marks
    return SummaryValue(
        estimate=mean_interval(list(own["value"]), bounded=bounded),
        status=overall_status(own),
        mark="best" if encoding == best else "tied" if encoding in tied else "",
    )
