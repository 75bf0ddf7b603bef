"""What a handful of seeds allows to be said, and no more.

    interval = mean +- t(n - 1, 0.975) * s / sqrt(n)        Student's t over n seeds, s with n - 1 below

One seed gives no interval (NaN). Two encodings are compared by their differences over common seeds, which share data
and the initial value of every weight that is not the encoding's own. Two are tied when the interval of that difference
includes 0, or when there is none: "not shown to differ", which is not "equal".
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special  # type: ignore[import-untyped]

from benchmark.reports.words import Phrases, language, later, t

CONFIDENCE = 0.95
BOUNDED = frozenset({"token_accuracy", "exact_match"})  # metrics that lie in [0, 1]
RESAMPLES = 2000
NOTHING = "—"
LEAGUES = Phrases({"reads digits": later("reads digits")})
STATUSES = Phrases(  # of records, for people
    {
        "failed": later("failed"),
        "diverged": later("diverged"),
        "unsupported": later("unsupported"),
        "missing": later("missing"),
        "superseded": later("superseded"),
        "orphan": later("orphan"),
        "unreadable": later("unreadable"),
    }
)

POINT = ["task", "setting", "metric", "trained_with", "encoding", "length"]  # what is averaged over seeds
SHARED = ["multiple", "train_length", "lower_is_better"]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value with its interval; NaN where there is none."""

    value: float
    low: float
    high: float
    n: int


def mean_interval(values: Sequence[float], *, bounded: bool = False) -> Estimate:
    """Mean over seeds with its t interval; `bounded` clips the interval to [0, 1]. NaN values are left out."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return Estimate(value=math.nan, low=math.nan, high=math.nan, n=0)
    mean = float(np.mean(known))
    margin = _margin(known)
    low, high = mean - margin, mean + margin
    if bounded:
        low, high = (min(1.0, max(0.0, edge)) if not math.isnan(edge) else edge for edge in (low, high))
    return Estimate(value=mean, low=low, high=high, n=len(known))


def paired_difference(first: Mapping[int, float], second: Mapping[int, float]) -> Estimate:
    """Mean of first - second over the seeds that both have, with its t interval. Values by seed."""
    return mean_interval([first[seed] - second[seed] for seed in sorted(first.keys() & second.keys())])


def distinguishable(difference: Estimate) -> bool:
    """Whether a paired difference has an interval that leaves 0 out."""
    return difference.low > 0 or difference.high < 0


def paired_ratio(own: Sequence[float], reference: Sequence[float]) -> Estimate:
    """Median of own[i] / reference[i], with a percentile bootstrap interval over the pairs (fixed resamples)."""
    ratios = np.asarray(own, dtype=float) / np.asarray(reference, dtype=float)
    if len(ratios) < 2:
        return Estimate(value=float(np.median(ratios)), low=math.nan, high=math.nan, n=len(ratios))
    draws = np.random.default_rng(0).integers(len(ratios), size=(RESAMPLES, len(ratios)))
    medians = np.median(ratios[draws], axis=1)
    low, high = np.quantile(medians, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(value=float(np.median(ratios)), low=float(low), high=float(high), n=len(ratios))


def over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """One row a (task, setting, metric, encoding, length) of `aggregate.frame`, over its seeds.

    Columns: those, multiple, train_length, lower_is_better, chance, n (seeds with a value), seeds (seeds of the task's
    grid), mean, low, high, median, minimum, maximum, status ("ok" if any seed is, else what they came to).
    """
    groups = table.groupby(POINT, sort=True)
    points = groups["value"].agg(["count", "mean", "std", "median", "min", "max"])
    low, high = _edges(points)
    points = points.assign(**{name: groups[name].first() for name in (*SHARED, "chance")}, low=low, high=high)
    points = points.assign(status=_statuses(table)).reset_index()
    points = points.rename(columns={"count": "n", "min": "minimum", "max": "maximum"})
    columns = [*POINT, *SHARED, "chance", "n", "mean", "low", "high", "median", "minimum", "maximum", "status"]
    points = points[columns]
    seeds = table.groupby(["task", "setting"])["seed"].nunique().rename("seeds").reset_index()
    return points.merge(seeds, on=["task", "setting"], how="left")


def compare(table: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """Two encodings at each (task, setting, metric, length): both means, and the paired difference first - second.

    Columns: task, setting, metric, length, multiple, train_length, lower_is_better, first, second (means over common
    seeds), difference, low, high, n (common seeds), better ("" while the interval includes 0 or there is none).
    """
    rows = []
    for key, group in table.groupby(["task", "setting", "metric", "length"], sort=True):
        own, other = by_seed(group, first), by_seed(group, second)
        difference = paired_difference(own, other)
        common = sorted(own.keys() & other.keys())
        shared = {name: group[name].iloc[0] for name in SHARED}
        rows.append(
            dict(zip(["task", "setting", "metric", "length"], key, strict=True))
            | shared
            | {
                "first": _mean([own[seed] for seed in common]),
                "second": _mean([other[seed] for seed in common]),
                "difference": difference.value,
                "low": difference.low,
                "high": difference.high,
                "n": difference.n,
                "better": _better(difference, first, second, lower_is_better=bool(shared["lower_is_better"])),
            }
        )
    columns = ["task", "setting", "metric", "length", *SHARED]
    return pd.DataFrame(rows, columns=[*columns, "first", "second", "difference", "low", "high", "n", "better"])


def by_seed(group: pd.DataFrame, encoding: str) -> dict[int, float]:
    """The values of one encoding by seed, of rows of one task, metric and length; without NaN."""
    own = group[(group["encoding"] == encoding) & group["value"].notna()]
    return dict(zip(own["seed"], own["value"], strict=True))


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
    means = {encoding: sign * _mean(list(own.values())) for encoding, own in values.items()}
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
    base = _mean([first[seed] for seed in common])
    return _mean([longest[seed] for seed in common]) / base if base else math.nan


def summary(table: pd.DataFrame) -> pd.DataFrame:
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


def spell(mean: float, low: float, high: float, status: str = "ok") -> str:
    """A value for people: "0.97 [0.95, 0.99]"; "—" if unsupported or missing; else what became of it."""
    if math.isnan(mean):
        return NOTHING if status in ("unsupported", "missing", "ok") else STATUSES.get(status, status)
    digits = 2 if abs(mean) < 100 else 0
    if math.isnan(low):
        return f"{mean:z.{digits}f}"
    return f"{mean:z.{digits}f} [{low:z.{digits}f}, {high:z.{digits}f}]"


def seeds_phrase(counts: Sequence[int]) -> str:
    """How many seeds stand behind a figure: "95 % t interval over 3 seeds", "1 seed, no interval"."""
    known = sorted({count for count in counts if count})
    if not known:
        return t("no seeds")
    if known == [1]:
        return t("1 seed, no interval")
    if len(known) == 1:
        return t("95 % t interval over {n} seeds", n=known[0])
    return t("95 % t interval over {low} to {high} seeds", low=known[0], high=known[-1])


def seeds_of(count: int) -> str:
    """A number of seeds in words."""
    return t("1 seed") if count == 1 else t("{n} seeds", n=count)


def _margin(values: Sequence[float]) -> float:
    if len(values) < 2:
        return math.nan
    quantile = float(special.stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2))
    return quantile * float(np.std(values, ddof=1)) / math.sqrt(len(values))


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else math.nan


def _edges(points: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The t intervals of many points at once, as `mean_interval` makes each; NaN for fewer than two seeds."""
    count = points["count"].where(points["count"] > 1)
    margin = special.stdtrit(count - 1, (1 + CONFIDENCE) / 2) * points["std"] / np.sqrt(count)
    low, high = points["mean"] - margin, points["mean"] + margin
    bounded = points.index.get_level_values("metric").isin(BOUNDED)
    return low.where(~bounded, low.clip(0, 1)), high.where(~bounded, high.clip(0, 1))


def _statuses(table: pd.DataFrame) -> pd.Series:
    """The status of every point: most are ok, and only the others are counted out one by one."""
    any_ok = (table["status"] == "ok").groupby([table[name] for name in POINT]).any()
    lost = table[table["status"] != "ok"].groupby(POINT)
    others: dict[Any, str] = {key: _status(group) for key, group in lost}
    return pd.Series({key: "ok" if ok else others[key] for key, ok in any_ok.items()}, dtype=object).reindex(
        any_ok.index
    )


def _chance(group: pd.DataFrame) -> float:
    known = group["chance"].dropna()
    return float(known.iloc[0]) if len(known) else math.nan


def _status(group: pd.DataFrame) -> str:
    """What the seeds came to: "ok" if any is; the status of most, the first by name where they share."""
    if group.empty:
        return "missing"
    if (group["status"] == "ok").any():
        return "ok"
    return str(group["status"].mode().iloc[0])


def _better(difference: Estimate, first: str, second: str, *, lower_is_better: bool) -> str:
    if not distinguishable(difference):
        return ""
    return second if (difference.value > 0) == lower_is_better else first


def _summary_rows(group: pd.DataFrame) -> list[dict[str, Any]]:
    places = {
        "at_trained": group[group["length"] == group["train_length"]],
        "at_longest": group[group["length"] == group["length"].max()],
    }
    marks = {(place, league): best_and_tied(own) for place, rows in places.items() for league, own in _leagues(rows)}
    bounded = group["metric"].iloc[0] in BOUNDED
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


def arranged(table: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Every (trained_with, encoding, league) of a table, in the order of reports.

    What is applied at test time follows the encoding that it is applied to; leagues of their own come last.
    """
    found = set(zip(table["trained_with"], table["encoding"], table["league"], strict=True))
    return sorted(found, key=lambda row: (row[2], row[0], row[0] != row[1], row[1]))


def qualified(trained_with: str, encoding: str, league: str) -> str:
    """An encoding with what must be known before it is compared: "yarn (on rope)", "abacus (reads digits)"."""
    notes = [t("on {encoding}", encoding=trained_with)] if trained_with != encoding else []
    notes += [LEAGUES.get(league, league)] if league else []
    return t("{name} ({remarks})", name=encoding, remarks=language().semicolon.join(notes)) if notes else encoding


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
        f"{place}_status": _status(rows),
        f"{place}_best": encoding == best,
        f"{place}_tied": encoding in tied,
    }
