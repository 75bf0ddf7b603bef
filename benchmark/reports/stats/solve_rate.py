"""How many seeds solve a task at all: if some do and some do not, the mean describes none of them.

    solved = value >= .9,   rate = solved / n,   interval: Clopper and Pearson's exact 95 % binomial interval

8 of 8 say no more than "at least .63". Only for accuracies and exact match: a loss has no such threshold.

Convention: a seed without a value (diverged, failed, unsupported) is left out, and n < seeds shows it.
"""

from functools import cache
from typing import Any

import pandas as pd

from benchmark.metrics import METRICS
from benchmark.reports.stats.intervals import share_interval
from benchmark.reports.stats.points import POINT

THRESHOLD = 0.9
SOLVE_RATE_COLUMNS = [*POINT, "multiple", "threshold", "solved", "n", "seeds", "rate", "low", "high"]


def solve_rates(table: pd.DataFrame, threshold: float = THRESHOLD) -> pd.DataFrame:
    """One row per (task, setting, metric, trained_with, encoding, length) of bounded metrics, over its seeds.

    Columns: those, multiple, threshold, solved, n (seeds with a value), seeds (of the task's grid), rate, low, high.
    A point without a value has no row.
    """
    known = table[table["metric"].map(lambda name: METRICS[name].bounded) & table["value"].notna()]
    grid: dict[Any, int] = table.groupby(["task", "setting"])["seed"].nunique().to_dict()
    rows = []
    for point, group in known.groupby(POINT, sort=True):
        names = dict(zip(POINT, point, strict=True))
        solved = int((group["value"] >= threshold).sum())
        seeds = grid[names["task"], names["setting"]]
        rows.append(
            names
            | {"multiple": group["multiple"].iloc[0], "threshold": threshold, "seeds": seeds}
            | _rate(solved, len(group))
        )
    return pd.DataFrame(rows, columns=SOLVE_RATE_COLUMNS)


@cache
def _rate(solved: int, n: int) -> dict[str, Any]:
    low, high = share_interval(solved, n)
    return {"solved": solved, "n": n, "rate": solved / n, "low": float(low), "high": float(high)}
