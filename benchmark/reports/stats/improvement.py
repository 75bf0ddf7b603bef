"""TODO."""

import math
from typing import Any

import numpy as np

from benchmark.reports.stats.resampling import Floats, percentile_interval, stratified_weights


def won(mine: Floats, theirs: Floats, better: np.ufunc) -> Floats:
    """Who wins each pair of seeds [mine, theirs]: 1 for mine, 0 for theirs, a half for neither."""
    return np.asarray(better.outer(mine, theirs) + np.equal.outer(mine, theirs) / 2)


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
