"""A mean over a handful of seeds with its interval, and the paired difference of two encodings.

    interval = mean +- t(n - 1, 0.975) * s / sqrt(n)        Student's t over n seeds, s with n - 1 below

One seed gives no interval (NaN). Two encodings are compared by their differences over common seeds, which share data
and the initial value of every weight that is not the encoding's own. They are tied if the interval of that difference
includes 0, or if there is none: "not shown to differ", which does not mean "equal".
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special  # type: ignore[import-untyped]

from benchmark.metrics import ratio

CONFIDENCE = 0.95
LEVEL = 1 - CONFIDENCE
RESAMPLES = 2000

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value with its interval; NaN if there is none."""

    value: float
    low: float
    high: float
    n: int


def t_interval(mean: ArrayLike, spread: ArrayLike, count: ArrayLike, *, bounded: ArrayLike = False) -> Floats:
    """The t intervals [2, ...] of means of `count` values with standard deviation `spread`; NaN below two values.

    `bounded`, one flag or one per mean, clips an interval to [0, 1].
    """
    means, n = np.asarray(mean, dtype=float), np.where(np.greater(count, 1), count, math.nan)
    margin = special.stdtrit(n - 1, (1 + CONFIDENCE) / 2) * spread / np.sqrt(n)
    ends = np.stack([means - margin, means + margin])
    return np.where(bounded, ends.clip(0, 1), ends)


def mean_interval(values: Sequence[float], *, bounded: bool = False) -> Estimate:
    """Mean over seeds with its t interval, which `bounded` clips to [0, 1]. NaN values are left out."""
    known = [value for value in values if not math.isnan(value)]
    mean = mean_or_nan(known)
    spread = np.std(known, ddof=1) if len(known) > 1 else math.nan
    low, high = t_interval(mean, spread, len(known), bounded=bounded)
    return Estimate(value=mean, low=float(low), high=float(high), n=len(known))


def paired_difference(first: Mapping[int, float], second: Mapping[int, float]) -> Estimate:
    """Mean of first - second over common seeds, with its t interval. Both hold values by seed."""
    return mean_interval([first[seed] - second[seed] for seed in sorted(first.keys() & second.keys())])


def distinguishable(difference: Estimate) -> bool:
    """True if the interval of a paired difference excludes 0."""
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


def mean_or_nan(values: Sequence[float]) -> float:
    """The mean; NaN for no values."""
    return ratio(float(np.sum(values)), len(values))
