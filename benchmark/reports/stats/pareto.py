"""The Pareto front of cost and quality: the encodings that none beats in both.

    front   all i for which no j is at least as good in cost and in value, and better in one of them

Convention: two points that are equal in both are both on the front. A point that lacks either is not on it, and keeps
no other off it. The front is that of the means: their ranges are drawn, but decide nothing.
"""

from collections.abc import Sequence

import numpy as np


def front(costs: Sequence[float], values: Sequence[float], *, lower_is_better: bool) -> list[bool]:
    """For each point, True if it is on the front. Less cost is better; so is less of a value if `lower_is_better`."""
    spent = np.asarray(costs, dtype=float)
    lost = np.asarray(values, dtype=float) * (1 if lower_is_better else -1)
    no_worse = (spent[:, None] <= spent) & (lost[:, None] <= lost)
    better = (spent[:, None] < spent) | (lost[:, None] < lost)
    known = ~(np.isnan(spent) | np.isnan(lost))
    return [bool(flag) for flag in known & ~(no_worse & better & known[:, None]).any(axis=0)]


def steps(costs: Sequence[float], values: Sequence[float], on_front: Sequence[bool]) -> list[tuple[float, float]]:
    """The corners of the front, cheapest first: from each cost on, its value is the best to be had."""
    return sorted({(cost, value) for cost, value, is_on in zip(costs, values, on_front, strict=True) if is_on})
