"""Whether mean ranks over tasks differ at all, and which of them cannot be told apart.

    Friedman    chi2 = 12 N / (k (k + 1)) * (sum of R_j^2 - k (k + 1)^2 / 4),  k - 1 degrees of freedom, ties corrected
    Nemenyi     R_i and R_j are told apart where |R_i - R_j| >= critical      (`across_tasks.critical_difference`)

k encodings, N tasks, R_j the mean rank of the j-th. Tasks are the blocks, and seeds are not: a seed more makes the mean
of a task surer, and says nothing of other tasks.

Source: Demsar 2006, JMLR 7, https://www.jmlr.org/papers/v7/demsar06a.html, section 3.2.2; scipy has the test.
Convention: pairs are told apart only where Friedman's test rejects that all are alike, as Demsar has it. His chi2 is
the approximation of scipy; Iman and Davenport 1980 showed that it rejects too rarely where tasks are few.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats  # type: ignore[import-untyped]

from benchmark.reports.stats.against import LEVEL
from benchmark.reports.stats.resampling import Floats


@dataclass(frozen=True, kw_only=True)
class Friedman:
    """The outcome of the test; NaN where there was none."""

    statistic: float
    p: float

    @property
    def rejects(self) -> bool:
        """Whether the ranks are shown to differ at all."""
        return self.p < LEVEL


def friedman(costs: Floats) -> Friedman:
    """Friedman's test of costs [encodings, tasks]; none below three encodings or two tasks, or where all are alike."""
    encodings, tasks = costs.shape
    if encodings < 3 or tasks < 2 or (costs == costs[:1]).all():
        return Friedman(statistic=math.nan, p=math.nan)
    outcome = stats.friedmanchisquare(*np.asarray(costs))
    return Friedman(statistic=float(outcome.statistic), p=float(outcome.pvalue))


def indistinct_runs(ranks: Sequence[float], critical: float) -> list[tuple[int, int]]:
    """Runs of ascending mean ranks that are not told apart, as first and last place; none within another, none of one.

    A run is what a bar of the diagram joins: its ends lie closer than the critical difference.
    """
    runs: list[tuple[int, int]] = []
    for first, low in enumerate(ranks):
        last = max(place for place, rank in enumerate(ranks) if place >= first and rank - low < critical)
        if last > first and (not runs or last > runs[-1][1]):
            runs.append((first, last))
    return runs
