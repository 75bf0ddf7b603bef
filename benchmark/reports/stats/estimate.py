"""What a handful of seeds allows to be said, and no more.

    interval = mean +- t(n - 1, 0.975) * s / sqrt(n)        Student's t over n seeds, s with n - 1 below

One seed gives no interval (NaN). Two encodings are compared by their differences over common seeds, which share data
and the initial value of every weight that is not the encoding's own. Two are tied when the interval of that difference
includes 0, or when there is none: "not shown to differ", which is not "equal".
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special  # type: ignore[import-untyped]

CONFIDENCE = 0.95


RESAMPLES = 2000


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


def _margin(values: Sequence[float]) -> float:
    if len(values) < 2:
        return math.nan
    quantile = float(special.stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2))
    return quantile * float(np.std(values, ddof=1)) / math.sqrt(len(values))


def mean_or_nan(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else math.nan
