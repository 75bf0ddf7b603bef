"""Every encoding against every other: how often a seed of the one beats a seed of the other, over tasks.

    P(row better than column) = mean over tasks of the share of pairs of seeds that row wins, ties a half

Source: Agarwal et al. 2021, https://arxiv.org/abs/2108.13264 (probability of improvement).
Convention: as `across_tasks.improvements`, which has one reference; here every encoding is one in turn, those of a
league among themselves. Each interval is of one pair, and is not widened for their number.
"""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from benchmark.reports.stats.improvement import improvement, won
from benchmark.reports.stats.ranks import STRATUM, WHERE, WHO
from benchmark.reports.stats.resampling import Floats

OTHER = ["other_trained_with", "other"]
COLUMNS = [*WHERE, *WHO, *OTHER, "probability", "low", "high", "tasks", "all_tasks", "told_apart"]
FEWEST_TASKS = 2  # of one task, the interval of 3 seeds leaves .5 out in 22 % of cases where nothing differs

Name = tuple[str, str]
Task = tuple[dict[Name, Floats], np.ufunc]  # values by encoding, over the same seeds; what better means


def pairwise(table: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Each ordered pair of encodings at each multiple of L, of headline metrics; pass rows of one setting a task.

    Columns: multiple, league, trained_with, encoding, other_trained_with, other, probability (that a seed of encoding
    beats one of other), low, high (NaN where a task has one common seed), tasks (in which they share a seed),
    all_tasks, told_apart (at least FEWEST_TASKS, and the interval leaves .5 out).
    """
    rows = []
    for where, group in table[table["headline"]].groupby(WHERE, sort=True):
        tasks = [_task(own) for _, own in group.groupby(STRATUM, sort=True)]
        names = sorted(set(zip(group["trained_with"], group["encoding"], strict=True)))
        for first, second in combinations(names, 2):
            found = improvement(_won(tasks, first, second), seed) | {"all_tasks": len(tasks)}
            place = dict(zip(WHERE, where, strict=True))
            rows += [place | _named(first, second) | found, place | _named(second, first) | _turned(found)]
    pairs = pd.DataFrame(rows, columns=COLUMNS)
    apart = (pairs["low"] > 0.5) | (pairs["high"] < 0.5)
    return pairs.assign(told_apart=apart & (pairs["tasks"] >= FEWEST_TASKS))


def _task(rows: pd.DataFrame) -> Task:
    wide = rows.pivot(index=WHO, columns="seed", values="value")
    values = dict(zip(wide.index, wide.to_numpy(dtype=float), strict=True))
    return values, np.less if rows["lower_is_better"].iloc[0] else np.greater


def _won(tasks: list[Task], first: Name, second: Name) -> list[Floats]:
    """Who wins each pair of common seeds [first, second], in each task that has some."""
    found = []
    for values, better in tasks:
        if first in values and second in values:
            common = ~np.isnan(values[first]) & ~np.isnan(values[second])
            found += [won(values[first][common], values[second][common], better)] if common.any() else []
    return found


def _named(first: Name, second: Name) -> dict[str, Any]:
    return dict(zip([*WHO, *OTHER], [*first, *second], strict=True))


def _turned(found: dict[str, Any]) -> dict[str, Any]:
    """The same pair, from the side of the other."""
    return found | {
        "probability": 1 - found["probability"],
        "low": 1 - found["high"],
        "high": 1 - found["low"],
    }
