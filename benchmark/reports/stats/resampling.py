"""Resampling of a few seeds: sign flips for p values, bootstrap weights for intervals.

    flipped mean    mean(s_i d_i),   s_i = +-1           every pattern up to 12 seeds, 10,000 random ones above
    resampled mean  sum(w_i d_i),    n w ~ multinomial   2,000 resamples

Patterns and weights depend only on the number of seeds, so one matrix product serves every row of a table, and a row
gets the same result whatever rows stand beside it.

Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 14.3 (BCa) and chapter 15 (permutation).
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import special  # type: ignore[import-untyped]

from benchmark.reports.stats.estimate import CONFIDENCE, RESAMPLES, Floats

EXACT_SEEDS = 12  # up to here every pattern of signs is tried
PATTERNS = 10_000  # random ones, above
ROUNDING = 1e-12  # sums that differ by less, relative to their terms, are equal


def sign_flip_p(differences: Floats, seed: int = 0) -> Floats:
    """Two-sided p of each row of differences [rows, n] against a distribution that is symmetric about 0.

    The fraction of sign patterns whose mean is at least as far from 0 as the observed one: no smaller than 2 / 2^n.
    """
    count = differences.shape[1]
    observed = np.abs(differences.sum(axis=1)) - ROUNDING * np.abs(differences).sum(axis=1)
    reached = np.abs(differences @ _signs(count, seed).T) >= observed[:, None]
    if count <= EXACT_SEEDS:
        return np.asarray(reached.mean(axis=1))
    return np.asarray((1 + reached.sum(axis=1)) / (1 + PATTERNS))


def bca_interval(differences: Floats, seed: int = 0) -> Floats:
    """The bias-corrected and accelerated bootstrap interval [rows, 2] of each row's mean."""
    mean = differences.mean(axis=1, keepdims=True)
    resampled = np.sort(differences @ _weights(differences.shape[1], seed).T, axis=1)
    below = ((resampled < mean).mean(axis=1) + (resampled <= mean).mean(axis=1)) / 2
    bias = special.ndtri(np.clip(below, 1 / RESAMPLES, 1 - 1 / RESAMPLES))[:, None]
    reach = bias + special.ndtri([(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    share = special.ndtr(bias + reach / (1 - _acceleration(differences - mean) * reach))
    places = np.rint(share * (RESAMPLES - 1)).astype(int)
    return np.asarray(np.take_along_axis(resampled, places, axis=1))


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


def _acceleration(centred: Floats) -> Floats:
    """A sixth of the skewness of the mean, by the jackknife; 0 for a constant row."""
    spread = (centred**2).sum(axis=1, keepdims=True) ** 1.5
    cubes = (centred**3).sum(axis=1, keepdims=True)
    return np.asarray(np.divide(cubes, 6 * spread, out=np.zeros_like(cubes), where=spread > 0))


@cache
def _signs(count: int, seed: int) -> Floats:
    """Patterns of signs [patterns, count]; of two mirror images, the one that ends with + counts for both."""
    if count > EXACT_SEEDS:
        return 1.0 - 2.0 * np.random.default_rng(seed).integers(2, size=(PATTERNS, count))
    pattern = np.arange(2 ** (count - 1))[:, None] >> np.arange(count)
    return 1.0 - 2.0 * (pattern & 1)


@cache
def _weights(count: int, seed: int) -> Floats:
    """The weight of each of `count` values in each resample: [resamples, count]."""
    generator = np.random.default_rng(seed)
    return generator.multinomial(count, np.full(count, 1 / count), size=RESAMPLES) / count
