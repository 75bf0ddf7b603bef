"""The size of an effect: the median over seeds with its 95 % interval or, below 6 seeds, with the lowest and highest.

The two are never mixed up: `covers` says which it is, and so do the brackets, [low, high] or (low to high).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from benchmark.reports.stats.estimate import Estimate
from benchmark.reports.stats.intervals import median_interval
from benchmark.reports.words import t

Covers = Literal["95 %", "lowest to highest", ""]


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A median; NaN without a value, and without ends for a single one."""

    value: float
    low: float
    high: float
    n: int
    covers: Covers  # what low and high are

    @classmethod
    def of(cls, values: Sequence[float], interval: Estimate | None = None) -> "Effect":
        """Of one value a seed; `interval` takes the place of `median_interval(values)`."""
        found = median_interval(values) if interval is None else interval
        if not math.isnan(found.low):
            return cls(value=found.value, low=found.low, high=found.high, n=found.n, covers="95 %")
        if len(values) < 2:
            return cls(value=found.value, low=math.nan, high=math.nan, n=found.n, covers="")
        return cls(value=found.value, low=min(values), high=max(values), n=found.n, covers="lowest to highest")

    def spelled(self, form: str = "+z.3f") -> str:
        """For people: "+0.120 [+0.100, +0.150]" with the interval, "+0.120 (+0.100 to +0.150)" with the ends."""
        middle, low, high = (f"{each:{form}}" for each in (self.value, self.low, self.high))
        spread = {"95 %": f" [{low}, {high}]", "lowest to highest": t(" ({low} to {high})", low=low, high=high), "": ""}
        return "" if math.isnan(self.value) else middle + spread[self.covers]
