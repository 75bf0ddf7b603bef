"""Cost against quality: which encodings are beaten in neither without losing in the other.

    front   all i for which there is no j that is at least as good in cost and in value, and better in one of them

Convention: two that are equal in both are both on the front; who lacks either is not, and keeps nobody off it. The
front is of the means: their intervals are drawn, and decide nothing.
"""

from collections.abc import Sequence

import numpy as np


def front(costs: Sequence[float], values: Sequence[float], *, lower_is_better: bool) -> list[bool]:
    """Whether each of the points is on the front; less cost is better, and less of a value where it says so."""
    spent = np.asarray(costs, dtype=float)
    lost = np.asarray(values, dtype=float) * (1 if lower_is_better else -1)
    no_worse = (spent[:, None] <= spent) & (lost[:, None] <= lost)
    better = (spent[:, None] < spent) | (lost[:, None] < lost)
    known = ~(np.isnan(spent) | np.isnan(lost))
    return [bool(flag) for flag in known & ~(no_worse & better & known[:, None]).any(axis=0)]


def steps(costs: Sequence[float], values: Sequence[float], on_front: Sequence[bool]) -> list[tuple[float, float]]:
    """The corners of the front by cost: from each on, its value is the best that so much buys."""
    return sorted({(cost, value) for cost, value, is_on in zip(costs, values, on_front, strict=True) if is_on})
