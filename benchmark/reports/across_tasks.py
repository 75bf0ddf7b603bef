"""Many tasks in one figure: interquartile mean, probability of improvement, ranks.

    skill       (value - chance) / (perfect - chance)         0: a guesser, 1: no error; below 0: worse than guessing
    iqm         mean of the middle half of skill over tasks x seeds; a quarter is cut at either end
    improvement mean over tasks of P(X better than Y),  ties count a half, over all pairs of seeds (Mann-Whitney)
    rank        mid-rank among encodings of the mean over seeds, averaged over tasks; and the mean of 1 / rank
    critical    q(.95, k, inf) / sqrt(2) * sqrt(k (k + 1) / 6N)       k encodings, N tasks (Nemenyi)

Intervals of the first two are percentiles of a stratified bootstrap: seeds are drawn anew within each task, tasks are
not. They say what other seeds might give, never what other tasks would.

Source: Agarwal et al. 2021, https://arxiv.org/abs/2108.13264; Demsar 2006, JMLR 7, section 3.2.2.
Convention: they normalise by scores of random and human play; here chance and freedom from error take their place. They
resample both sides of an improvement apart; here seeds are paired, and drawn together.
Everything is of headline metrics at one multiple of L, within a league. Pass rows of one setting a task.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats  # type: ignore[import-untyped]

from benchmark.reports.paired import league_of
from benchmark.reports.resampling import Floats, percentile_interval, stratified_draws, stratified_weights
from benchmark.reports.statistics import CONFIDENCE

PERFECT = {"token_accuracy": 1.0, "exact_match": 1.0, "loss_nats": 0.0, "bits_per_character": 0.0, "perplexity": 1.0}
TRIMMED = 0.25  # share cut at either end

WHERE = ["multiple", "league"]
WHO = ["trained_with", "encoding"]
STRATUM = ["task", "setting"]
MEAN_COLUMNS = [*WHERE, *WHO, "iqm", "low", "high", "values", "tasks", "all_tasks"]
IMPROVEMENT_COLUMNS = [*WHERE, "reference", *WHO, "probability", "low", "high", "tasks", "all_tasks"]
RANK_COLUMNS = [*WHERE, *WHO, "rank", "reciprocal_rank", "tasks", "all_tasks", "ranked", "critical", "tasks_needed"]


def skill(table: pd.DataFrame) -> pd.Series:
    """Each value on the scale from a guesser (0) to no error (1); NaN where a task states no chance."""
    perfect = table["metric"].map(PERFECT).astype(float)
    span = perfect - table["chance"]
    return (table["value"] - table["chance"]) / span.where(span != 0)


def interquartile_means(table: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """The interquartile mean of skill of each encoding at each multiple of L.

    Columns: multiple, league, trained_with, encoding, iqm, low, high (NaN where a task has one seed), values (how many
    went in), tasks (that have one), all_tasks (of this league at this multiple). Where tasks < all_tasks, the mean is
    over other tasks than its neighbours', and is no comparison with theirs.
    """
    known = _headline(table)
    known = known.assign(skill=skill(known))
    rows = []
    for where, group in known.groupby(WHERE, sort=True):
        for who, own in group.groupby(WHO, sort=True):
            tasks = [scores.dropna().to_numpy() for _, scores in own.groupby(STRATUM)["skill"]]
            strata = [scores for scores in tasks if len(scores)]
            rows.append(dict(zip([*WHERE, *WHO], [*where, *who], strict=True)) | _mean(strata, seed) | _tasks(group))
    return pd.DataFrame(rows, columns=MEAN_COLUMNS)


def improvements(table: pd.DataFrame, reference: str, seed: int = 0) -> pd.DataFrame:
    """The probability that a seed of each encoding beats a seed of the reference, on a task drawn at random.

    Columns: multiple, league, reference, trained_with, encoding, probability, low, high (NaN where a task has one
    common seed), tasks (with common seeds), all_tasks. .5 is no improvement.
    """
    rows = []
    for where, group in _headline(league_of(table, reference)).groupby(WHERE, sort=True):
        for who, wins in _wins(group, reference).items():
            names = dict(zip([*WHERE, *WHO], [*where, *who], strict=True)) | {"reference": reference}
            rows.append(names | improvement(wins, seed) | _tasks(group))
    return pd.DataFrame(rows, columns=IMPROVEMENT_COLUMNS)


def mid_ranks(table: pd.DataFrame) -> pd.DataFrame:
    """The mean rank over tasks of each encoding at each multiple of L: 1 is best, equal means share the middle rank.

    Columns: multiple, league, trained_with, encoding, rank, reciprocal_rank, tasks, all_tasks, ranked (k: encodings
    with a value in every task; the others have no rank), critical (mean ranks closer than this are not shown to
    differ; NaN below two encodings), tasks_needed (with fewer, not even the first and the last can differ).
    """
    groups = _headline(table).groupby(WHERE, sort=True)
    return pd.DataFrame([row for where, group in groups for row in _ranked(where, group)], columns=RANK_COLUMNS)


def mean_costs(group: pd.DataFrame) -> pd.DataFrame:
    """Encodings x tasks: the mean over seeds, turned so that less is better. Headline rows of one place and league."""
    signed = group.assign(cost=group["value"] * np.where(group["lower_is_better"], 1, -1))
    # Rounded: equal seeds in another order add up to another last digit, and would not share a rank.
    return signed.groupby([*WHO, *STRATUM])["cost"].mean().unstack(STRATUM).round(12)


def critical_difference(encodings: int, tasks: int) -> float:
    """Nemenyi: how far mean ranks of so many encodings over so many tasks lie apart before they are shown to differ."""
    if encodings < 2:
        return math.nan
    quantile = float(stats.studentized_range.ppf(CONFIDENCE, encodings, math.inf)) / math.sqrt(2)
    return quantile * math.sqrt(encodings * (encodings + 1) / (6 * tasks))


def tasks_needed(encodings: int) -> float:
    """The fewest tasks with which a first in all can be told from a last in all; NaN below two encodings."""
    if encodings < 2:
        return math.nan
    return math.ceil((critical_difference(encodings, 1) / (encodings - 1)) ** 2)


def _headline(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["headline"]].reset_index(drop=True)


def _tasks(group: pd.DataFrame) -> dict[str, int]:
    return {"all_tasks": int(group.groupby(STRATUM).ngroups)}


def _mean(strata: list[Floats], seed: int) -> dict[str, Any]:
    sizes = tuple(len(scores) for scores in strata)
    found = {"iqm": math.nan, "low": math.nan, "high": math.nan, "values": sum(sizes), "tasks": len(strata)}
    if strata:
        found["iqm"] = float(stats.trim_mean(np.concatenate(strata), TRIMMED))
    if min(sizes, default=0) > 1:
        draws = stratified_draws(sizes, seed)
        resampled = np.concatenate([scores[draw] for scores, draw in zip(strata, draws, strict=True)], axis=1)
        found["low"], found["high"] = percentile_interval(stats.trim_mean(resampled, TRIMMED, axis=1))
    return found


def _wins(group: pd.DataFrame, reference: str) -> dict[tuple[str, str], list[Floats]]:
    """For each encoding but the reference, for each task: who wins each pair of common seeds [own, reference's].

    1 for its own seed, 0 for the reference's, a half for neither. A task without common seeds is left out.
    """
    found: dict[tuple[str, str], list[Floats]] = {(str(first), str(last)): [] for first, last in _who(group)}
    found.pop((reference, reference), None)
    for _, rows in group.groupby(STRATUM, sort=True):
        better = np.less if rows["lower_is_better"].iloc[0] else np.greater
        wide = rows.pivot(index=WHO, columns="seed", values="value")
        values = dict(zip(wide.index, wide.to_numpy(dtype=float), strict=True))
        theirs = values.pop((reference, reference), np.full(wide.shape[1], math.nan))
        for who, mine in values.items():
            common = ~np.isnan(mine) & ~np.isnan(theirs)
            found[who] += [won(mine[common], theirs[common], better)] if common.any() else []
    return found


def won(mine: Floats, theirs: Floats, better: np.ufunc) -> Floats:
    """Who wins each pair of seeds [mine, theirs]: 1 for mine, 0 for theirs, a half for neither."""
    return np.asarray(better.outer(mine, theirs) + np.equal.outer(mine, theirs) / 2)


def _who(group: pd.DataFrame) -> list[tuple[object, object]]:
    return sorted(set(zip(group["trained_with"], group["encoding"], strict=True)))


def improvement(wins: list[Floats], seed: int) -> dict[str, Any]:
    """Of the pairs of each task: their mean probability, its interval (NaN where a task has one seed), and tasks."""
    sizes = tuple(len(pairs) for pairs in wins)
    found = {"probability": math.nan, "low": math.nan, "high": math.nan, "tasks": len(wins)}
    if wins:
        found["probability"] = float(np.mean([pairs.mean() for pairs in wins]))
    if min(sizes, default=0) > 1:
        weights = stratified_weights(sizes, seed)
        resampled = [(own @ pairs * own).sum(axis=1) for own, pairs in zip(weights, wins, strict=True)]
        found["low"], found["high"] = percentile_interval(np.mean(resampled, axis=0))
    return found


def _ranked(where: tuple[object, ...], group: pd.DataFrame) -> Iterator[Mapping[str, Any]]:
    costs = mean_costs(group)
    ranks = costs.dropna().rank(method="average")
    critical = critical_difference(len(ranks), costs.shape[1])
    means, reciprocals = ranks.mean(axis=1).to_dict(), (1 / ranks).mean(axis=1).to_dict()
    for who in costs.index:
        yield {
            **dict(zip([*WHERE, *WHO], [*where, *who], strict=True)),
            "rank": means.get(who, math.nan),
            "reciprocal_rank": reciprocals.get(who, math.nan),
            "tasks": int(costs.loc[who].notna().sum()),
            "all_tasks": costs.shape[1],
            "ranked": len(ranks),
            "critical": critical,
            "tasks_needed": tasks_needed(len(ranks)),
        }
