"""The multiples of the trained length L at which many tasks can be compared: those that all of them have.

    near    L
    far     8 L, or else the longest multiple of L at which every task was tested

Tasks differ in L and in how far they were tested, so one figure shows them only at a common multiple.
"""

import pandas as pd

FAR = 8.0


def common_multiples(table: pd.DataFrame) -> list[float]:
    """The multiples of L at which every task of a table was tested, in ascending order."""
    each = [set(rows["multiple"].astype(float)) for _, rows in table.groupby(["task", "setting"])]
    return sorted(set.intersection(*each)) if each else []


def near_and_far(table: pd.DataFrame) -> tuple[float, ...]:
    """L and the far multiple, as far as the tasks share them: two, one or none."""
    shared = common_multiples(table)
    far = FAR if FAR in shared else max(shared, default=1.0)
    return tuple(place for place in sorted({1.0, far}) if place in shared)


def farthest(multiples: pd.Series) -> float:
    """8, or the longest of the multiples of one task that was not tested there."""
    return FAR if FAR in set(multiples) else float(multiples.max())
