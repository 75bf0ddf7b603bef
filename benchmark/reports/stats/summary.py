"""The summary: encodings by task at the trained and at the longest length, with the mark that the verdict gives each.

    value   mean over seeds, between the lowest and the highest seed
    solved  seeds with an accuracy of at least .9, of all with a value
    ratio   mean at the longest length / mean at L, over the seeds that have both

Convention: means are over each encoding's own seeds; one that lost some to a failure shows it by its n.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from benchmark.metrics import METRICS, ratio
from benchmark.reports.stats.estimate import Estimate, mean_and_range, mean_or_nan
from benchmark.reports.stats.floor import Floor
from benchmark.reports.stats.points import WHO, by_quality, by_seed, overall_status
from benchmark.reports.stats.solve_rate import SOLVED
from benchmark.reports.stats.verdict import Mark, Verdict, Who, by_league


@dataclass(frozen=True, kw_only=True)
class SummaryValue:
    """An encoding's value at one length of a task."""

    estimate: Estimate
    status: str  # "ok", "unsupported", "failed", "diverged" or "missing"
    mark: Mark
    more_seeds: int  # that would settle who is best; 0 if it is settled, or this value has no part in it
    floor: Floor
    solved: int | None  # seeds; None for a metric that is not an accuracy


@dataclass(frozen=True, kw_only=True)
class SummaryRow:
    """One encoding on one task, by the task's headline metric."""

    task: str
    setting: str
    metric: str
    trained_with: str
    encoding: str
    league: str  # marks are given within one
    train_length: int
    longest: int  # of the task's grid
    seeds: int  # of the task's grid
    ratio: float  # see `extrapolation_ratio`
    at_trained: SummaryValue
    at_longest: SummaryValue


def extrapolation_ratio(first: Mapping[int, float], longest: Mapping[int, float]) -> float:
    """Mean at the longest length / mean at the trained length, over the seeds that have both.

    1 is a flat curve. Below 1, an accuracy fell or a loss improved; above 1, the other way round.
    """
    common = sorted(first.keys() & longest.keys())
    return ratio(mean_or_nan([longest[seed] for seed in common]), mean_or_nan([first[seed] for seed in common]))


def summary(table: pd.DataFrame) -> list[SummaryRow]:
    """One row per (task, encoding), each task's best first; pass it rows of one setting per task."""
    headline = table[table["headline"]]
    return [row for _, group in headline.groupby(["task", "setting"], sort=True) for row in _rows(group)]


@dataclass(frozen=True, kw_only=True)
class _End:
    """One length of a task."""

    rows: pd.DataFrame
    by_who: Mapping[tuple[str, str], pd.DataFrame]
    verdicts: Mapping[str, Verdict]  # by league
    floor: Floor

    @classmethod
    def of(cls, rows: pd.DataFrame) -> "_End":
        return cls(
            rows=rows,
            by_who={(str(trained_with), str(encoding)): own for (trained_with, encoding), own in rows.groupby(WHO)},
            verdicts=by_league(rows),
            floor=Floor.of(rows),
        )

    def value(self, trained_with: str, encoding: str, league: str) -> SummaryValue:
        """The value of an encoding."""
        own, verdict = self.by_who.get((trained_with, encoding), self.rows.iloc[:0]), self.verdicts.get(league)
        mark = verdict.mark(Who(trained_with, encoding)) if verdict else ""
        solved = (own["value"] >= SOLVED).sum() if METRICS[str(self.rows["metric"].iloc[0])].bounded else None
        return SummaryValue(
            estimate=mean_and_range(list(own["value"])),
            status=overall_status(own),
            mark=mark,
            more_seeds=verdict.more_seeds if verdict and mark in ("untested", "among the best") else 0,
            floor=self.floor,
            solved=None if solved is None else int(solved),
        )


def _rows(group: pd.DataFrame) -> Iterator[SummaryRow]:
    """The rows of one task."""
    first, seeds = group.iloc[0], int(group["seed"].nunique())
    longest = int(group["length"].max())
    near, far = (_End.of(group[group["length"] == length]) for length in (first["train_length"], longest))
    for trained_with, encoding, league in by_quality(group):
        yield SummaryRow(
            task=str(first["task"]),
            setting=str(first["setting"]),
            metric=str(first["metric"]),
            trained_with=trained_with,
            encoding=encoding,
            league=league,
            train_length=int(first["train_length"]),
            longest=longest,
            seeds=seeds,
            ratio=extrapolation_ratio(by_seed(near.rows, encoding), by_seed(far.rows, encoding)),
            at_trained=near.value(trained_with, encoding, league),
            at_longest=far.value(trained_with, encoding, league),
        )
