"""The bootstrap over seeds within each task: which values each resample draws, and what weight that gives each.

The draws depend only on the numbers of seeds, so every quantity of a table is resampled alike.

Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13 (percentile intervals).
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmark.reports.stats.estimate import CONFIDENCE, RESAMPLES, Floats


def percentile_interval(resampled: Floats) -> tuple[float, float]:
    """The interval that holds the middle 95 % of resampled values."""
    low, high = np.quantile(resampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


@cache
def stratified_draws(sizes: tuple[int, ...], seed: int = 0) -> list[NDArray[np.intp]]:
    """For each stratum of `size` values, the indices that make up each resample: [resamples, size]."""
    generator = np.random.default_rng(seed)
    return [generator.integers(size, size=(RESAMPLES, size)) for size in sizes]


@cache
def stratified_weights(sizes: tuple[int, ...], seed: int = 0) -> list[Floats]:
    """The same draws as the weight of each value in each resample: [resamples, size]."""
    draws = stratified_draws(sizes, seed)
    return [(draw[:, :, None] == np.arange(draw.shape[1])).mean(axis=1) for draw in draws]
