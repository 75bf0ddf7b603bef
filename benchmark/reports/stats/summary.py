"""TODO."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from benchmark.metrics import METRICS
from benchmark.reports.stats.estimate import distinguishable, mean_interval, mean_or_nan, paired_difference
from benchmark.reports.stats.points import arranged, by_seed, overall_status


def best_and_tied(group: pd.DataFrame) -> tuple[str | None, set[str]]:
    """The encoding with the best mean, and those that are not shown to differ from it.

    Where several share the best mean, none is the best, and they are tied. `group` holds the rows of one task, metric
    and length. Means are over each encoding's own seeds: who lost some to a failure may still be the best, and its n
    says that it did.
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

    1 is a flat curve. Below 1 an accuracy fell and a loss improved; above 1 the other way round.
    """
    common = sorted(first.keys() & longest.keys())
    base = mean_or_nan([first[seed] for seed in common])
    return mean_or_nan([longest[seed] for seed in common]) / base if base else math.nan


def summary_table(table: pd.DataFrame) -> pd.DataFrame:
    """Encodings x tasks, by each task's headline metric: the value at L and at the longest length of its grid.

    One row a (task, encoding), as `arranged`. Columns: task, setting, metric, lower_is_better, trained_with, encoding,
    league (best and tied are marked within one), train_length, longest, chance, seeds, ratio (see
    `extrapolation_ratio`), and for both places, with the prefix "at_trained_" or "at_longest_": mean, low, high, n,
    status ("ok", "unsupported", "failed", "diverged" or "missing"), best, tied.
    Pass it rows of one setting a task (`aggregate.newest_setting`).
    """
    headline = table[table["headline"]]
    rows = [row for _, group in headline.groupby(["task", "setting"], sort=True) for row in _summary_rows(group)]
    return pd.DataFrame(rows, columns=SUMMARY_COLUMNS)


NO_MARKS: tuple[None, set[str]] = (None, set())


PLACE_COLUMNS = ["mean", "low", "high", "n", "status", "best", "tied"]


SUMMARY_COLUMNS = [
    *["task", "setting", "metric", "lower_is_better", "trained_with", "encoding", "league", "train_length", "longest"],
    *["chance", "seeds", "ratio"],
    *[f"at_trained_{name}" for name in PLACE_COLUMNS],
    *[f"at_longest_{name}" for name in PLACE_COLUMNS],
]


def _chance(group: pd.DataFrame) -> float:
    known = group["chance"].dropna()
    return float(known.iloc[0]) if len(known) else math.nan


def _summary_rows(group: pd.DataFrame) -> list[dict[str, Any]]:
    places = {
        "at_trained": group[group["length"] == group["train_length"]],
        "at_longest": group[group["length"] == group["length"].max()],
    }
    marks = {(place, league): best_and_tied(own) for place, rows in places.items() for league, own in _leagues(rows)}
    bounded = METRICS[group["metric"].iloc[0]].bounded
    found = []
    for trained_with, encoding, league in arranged(group):
        trained, longest = (by_seed(places[place], encoding) for place in places)
        row = {
            **{name: group[name].iloc[0] for name in ("task", "setting", "metric", "lower_is_better", "train_length")},
            "trained_with": trained_with,
            "encoding": encoding,
            "league": league,
            "longest": group["length"].max(),
            "chance": _chance(places["at_longest"]),
            "seeds": group["seed"].nunique(),
            "ratio": extrapolation_ratio(trained, longest),
        }
        for place, rows in places.items():
            here = rows[(rows["encoding"] == encoding) & (rows["trained_with"] == trained_with)]
            row |= _place(place, here, marks.get((place, league), NO_MARKS), encoding, bounded=bounded)
        found.append(row)
    return found


def _leagues(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The rows of each league that has anything to rank."""
    groups = [(str(league), own) for league, own in rows.groupby("league")]
    return [(league, own) for league, own in groups if not league or own["encoding"].nunique() > 1]


def _place(
    place: str, rows: pd.DataFrame, marks: tuple[str | None, set[str]], encoding: str, *, bounded: bool
) -> dict[str, Any]:
    estimate = mean_interval(list(rows["value"]), bounded=bounded)
    best, tied = marks
    return {
        f"{place}_mean": estimate.value,
        f"{place}_low": estimate.low,
        f"{place}_high": estimate.high,
        f"{place}_n": estimate.n,
        f"{place}_status": overall_status(rows),
        f"{place}_best": encoding == best,
        f"{place}_tied": encoding in tied,
    }
