"""What a handful of seeds allows to be said, and no more.

An interval is Student's t over seeds, 95 %: mean +- t(n - 1, 0.975) * s / sqrt(n). One seed gives no interval (NaN).
Two encodings are compared by their differences over common seeds, which share data and initial weights.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95
BOUNDED = frozenset({"token_accuracy", "exact_match"})  # metrics that lie in [0, 1]
RESAMPLES = 2000


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value with its interval; NaN where there is none."""

    value: float
    low: float
    high: float
    n: int


def paired_ratio(own: Sequence[float], reference: Sequence[float]) -> Estimate:
    """Median of own[i] / reference[i], with a percentile bootstrap interval over the pairs (fixed resamples)."""
    ratios = np.asarray(own, dtype=float) / np.asarray(reference, dtype=float)
    if len(ratios) < 2:
        return Estimate(value=float(np.median(ratios)), low=math.nan, high=math.nan, n=len(ratios))
    draws = np.random.default_rng(0).integers(len(ratios), size=(RESAMPLES, len(ratios)))
    medians = np.median(ratios[draws], axis=1)
    low, high = np.quantile(medians, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(value=float(np.median(ratios)), low=float(low), high=float(high), n=len(ratios))
