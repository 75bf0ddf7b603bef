"""Every encoding against one reference, seed by seed: how large the difference is, and whether it is shown.

    d_s      = value of the encoding - value of the reference, at seed s     over the seeds that both have
    p        sign flips of d (`resampling.sign_flip_p`)                      floor 2 / 2^n
    p_holm   Holm over the m encodings of one (task, setting, metric, length)
    equal    two one-sided t tests of |mean d| >= margin                     floor 1 / 2^n, Holm likewise
    smallest (z(1 - .05 / 2m) + z(.8)) SD(d) / sqrt(n)                       2.8 SD / sqrt(n) for m = 1

An interval is of one difference, and is not widened for their number: t below 20 seeds, BCa from there on. Of samples
from a normal distribution 95 % bootstrap intervals held the mean in 85 % of cases at 5 seeds and 93 % at 20; t in 95 %.

Source: Fisher 1935 (sign flips), Holm 1979, Schuirmann 1987 (two one-sided tests).
Convention: a difference that is shown counts as shown even where it is smaller than the margin.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import special  # type: ignore[import-untyped]

from benchmark.errors import UsageError
from benchmark.metrics import METRICS
from benchmark.reports.stats.estimate import CONFIDENCE, mean_interval
from benchmark.reports.stats.points import SHARED
from benchmark.reports.stats.resampling import Floats, bca_interval, sign_flip_p
from benchmark.reports.words import t

LEVEL = 1 - CONFIDENCE
POWER = 0.8
BOOTSTRAP_SEEDS = 20  # fewer seeds get a t interval

PLACE = ["task", "setting", "metric", "length"]  # where encodings are compared
COLUMNS = [
    *[*PLACE, *SHARED, "reference", "trained_with", "encoding"],
    *["n", "difference", "spread", "low", "high", "interval", "p", "p_holm", "family"],
    *["margin", "p_equivalent", "p_equivalent_holm", "detectable", "seeds_needed", "verdict", "note"],
]


def against(
    table: pd.DataFrame, reference: str, *, margins: Mapping[str, float] | None = None, seed: int = 0
) -> pd.DataFrame:
    """Each encoding of the reference's league against it, at every (task, setting, metric, length) of a table.

    Columns: those, multiple, train_length, lower_is_better, reference, trained_with, encoding, n (common seeds),
    difference (mean of encoding - reference), spread (its SD), low, high, interval ("t", "BCa" or ""), p, p_holm,
    family (m), margin (NaN: the metric has none, and nothing is called equivalent), p_equivalent, p_equivalent_holm,
    detectable (the smallest difference that n seeds show with power .8), seeds_needed (NaN where it cannot be said),
    verdict and note.

    verdict: "better", "worse", "equivalent", "unmeasured" (neither is shown) or "one seed". `note` says what an
    undecided row lacks: "needs 3 more seeds", to show the larger of its own difference and the margin.
    """
    rows = [
        row
        for place, group in league_of(table, reference).groupby(PLACE, sort=True)
        for row in _compared(dict(zip(PLACE, place, strict=True)), group, reference, margins, seed)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def league_of(table: pd.DataFrame, reference: str) -> pd.DataFrame:
    """The rows of a table that are ranked with the reference; an error if it has none."""
    own = table[(table["encoding"] == reference) & (table["trained_with"] == reference)]
    if own.empty and not table.empty:
        known = sorted(set(table["trained_with"]))
        raise UsageError(f"no results of {reference!r} to compare with: choose one of {', '.join(known)}")
    return table[table["league"].isin(set(own["league"]))]


def holm(p: Floats) -> Floats:
    """Adjusted p values: the k-th smallest of m times m - k + 1, and none below the one before it. NaN stays NaN."""
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    adjusted = np.full(len(p), math.nan)
    steps = p[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return adjusted


def equivalence_p(differences: Floats, margin: float) -> Floats:
    """Of each row [rows, n]: p of the two one-sided t tests that its mean lies within +-margin, at least 1 / 2^n.

    The floor is the sign test's: that n differences lie close together is no proof against a seed that fails rarely.
    """
    count = differences.shape[1]
    if count < 2:
        return np.full(len(differences), math.nan)
    mean = differences.mean(axis=1)
    error = np.maximum(differences.std(axis=1, ddof=1) / math.sqrt(count), np.finfo(float).tiny)
    inside = (margin - np.abs(mean)) / error
    return np.asarray(np.maximum(0.5**count, special.stdtr(count - 1, -inside)))


def detectable(spread: float, n: int, family: int = 1) -> float:
    """The smallest paired difference that n seeds show with power .8 among `family` comparisons."""
    return _reach(family) * spread / math.sqrt(n)


def fewest_seeds(family: int = 1) -> int:
    """The fewest seeds with which sign flips can show any difference among `family` comparisons: 6 for one."""
    return math.ceil(math.log2(2 * family / LEVEL))


def seeds_to_show(effect: float, spread: float, family: int = 1) -> float:
    """Seeds that show a paired difference of this size with power .8; NaN where that cannot be said."""
    if math.isnan(spread) or math.isnan(effect) or effect == 0:
        return math.nan
    return max(fewest_seeds(family), math.ceil((_reach(family) * spread / effect) ** 2))


def _reach(family: int) -> float:
    """How many standard errors a difference must measure: 2.80 for a single comparison."""
    return float(special.ndtri(1 - LEVEL / 2 / family) + special.ndtri(POWER))


def _compared(
    place: dict[str, Any], group: pd.DataFrame, reference: str, margins: Mapping[str, float] | None, seed: int
) -> list[dict[str, Any]]:
    """The rows of one family: every encoding but the reference, at one place."""
    names, differences = _differences(group, reference)
    margin = METRICS[place["metric"]].margin if margins is None else margins.get(place["metric"], math.nan)
    tests = _tests(differences, margin, seed)
    family = int(np.sum(~np.isnan(tests["p"])))
    shared = {**place, **{name: group[name].iloc[0] for name in SHARED}, "reference": reference}
    rows = []
    for index, (trained_with, encoding) in enumerate(names):
        row = {
            **{**shared, "trained_with": trained_with, "encoding": encoding, "family": family, "margin": margin},
            **{name: column[index] for name, column in tests.items()},
        }
        row |= _needs(row)
        row["verdict"] = _verdict(row)
        row["note"] = _note(row)
        rows.append(row)
    return rows


def _differences(group: pd.DataFrame, reference: str) -> tuple[list[tuple[str, str]], Floats]:
    """Names, and differences to the reference [encodings, seeds]; NaN where either has no finite value."""
    values = group.pivot(index=["trained_with", "encoding"], columns="seed", values="value").astype(float)
    names = [(str(trained_with), str(encoding)) for trained_with, encoding in values.index]
    finite = np.where(np.isfinite(values), values, math.nan)
    own = np.array([name == (reference, reference) for name in names])
    base = finite[own] if own.any() else math.nan
    return [name for name in names if name != (reference, reference)], finite[~own] - base


def _tests(differences: Floats, margin: float, seed: int) -> dict[str, Any]:
    """Columns of what is tested, with rows of an equal number of seeds together."""
    known = ~np.isnan(differences)
    counts = known.sum(axis=1)
    names = ("difference", "spread", "low", "high", "p", "p_equivalent")
    found = {name: np.full(len(differences), math.nan) for name in names}
    for count in set(counts) - {0}:
        rows = counts == count
        own = differences[rows][known[rows]].reshape(-1, count)
        found["difference"][rows] = own.mean(axis=1)
        found["spread"][rows] = own.std(axis=1, ddof=1) if count > 1 else math.nan
        found["low"][rows], found["high"][rows] = difference_interval(own, seed)
        found["p"][rows] = sign_flip_p(own, seed)
        found["p_equivalent"][rows] = equivalence_p(own, margin)
    kinds = ["BCa" if count >= BOOTSTRAP_SEEDS else "t" if count > 1 else "" for count in counts]
    corrected = {"p_holm": holm(found["p"]), "p_equivalent_holm": holm(found["p_equivalent"])}
    return {**found, **corrected, "n": counts, "interval": kinds}


def difference_interval(differences: Floats, seed: int) -> Floats:
    """The 95 % interval [2, rows] of the mean of each row of differences [rows, n]; NaN for one seed."""
    if differences.shape[1] >= BOOTSTRAP_SEEDS:
        return bca_interval(differences, seed).T
    estimates = [mean_interval(list(row)) for row in differences]
    return np.array([[estimate.low for estimate in estimates], [estimate.high for estimate in estimates]])


def _needs(row: Mapping[str, Any]) -> dict[str, float]:
    if row["n"] == 0:
        return {"detectable": math.nan, "seeds_needed": math.nan}
    effect = float(np.fmax(abs(row["difference"]), row["margin"]))
    return {
        "detectable": detectable(row["spread"], row["n"], row["family"]),
        "seeds_needed": seeds_to_show(effect, row["spread"], row["family"]),
    }


def _verdict(row: Mapping[str, Any]) -> str:
    if row["n"] == 1:
        return "one seed"
    if row["p_holm"] < LEVEL:
        return "better" if (row["difference"] < 0) == bool(row["lower_is_better"]) else "worse"
    return "equivalent" if row["p_equivalent_holm"] < LEVEL else "unmeasured"


def _note(row: Mapping[str, Any]) -> str:
    if row["n"] == 0:
        return t("no common seed")
    if row["verdict"] not in ("unmeasured", "one seed"):
        return ""
    known = not math.isnan(row["seeds_needed"])
    needed = int(row["seeds_needed"]) if known else fewest_seeds(row["family"])
    more = max(1, needed - int(row["n"]))
    if known:
        return t("needs 1 more seed") if more == 1 else t("needs {n} more seeds", n=more)
    return t("needs at least 1 more seed") if more == 1 else t("needs at least {n} more seeds", n=more)
