"""A mean over a handful of seeds, between the lowest and the highest of them.

Outcomes are often bimodal (a seed learns the task or does not), and no interval of a mean covers that with three to ten
seeds: Student's t covered the mean of one that fails 10 % of seeds in 27 to 57 % of cases. So the range is shown, and
called a range. What may be called a 95 % interval is in `intervals`; who does better than whom, in `verdict`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.metrics import ratio

CONFIDENCE = 0.95
LEVEL = 1 - CONFIDENCE

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value with its interval; NaN if there is none."""

    value: float
    low: float
    high: float
    n: int


def mean_and_range(values: Sequence[float]) -> Estimate:
    """Mean over seeds between the lowest and the highest of them; no range for one seed. NaN values are left out."""
    known = [value for value in values if not math.isnan(value)]
    low, high = (min(known), max(known)) if len(known) > 1 else (math.nan, math.nan)
    return Estimate(value=mean_or_nan(known), low=low, high=high, n=len(known))


def mean_or_nan(values: Sequence[float]) -> float:
    """The mean; NaN for no values."""
    return ratio(float(np.sum(values)), len(values))
