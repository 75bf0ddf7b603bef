"""TODO."""

import pandas as pd

from benchmark.reports.stats.estimate import Estimate, distinguishable, mean_or_nan, paired_difference
from benchmark.reports.stats.points import SHARED, by_seed


def compare(table: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """Two encodings at each (task, setting, metric, length): both means, and the paired difference first - second.

    Columns: task, setting, metric, length, multiple, train_length, lower_is_better, first, second (means over common
    seeds), difference, low, high, n (common seeds), better ("" while the interval includes 0 or there is none).
    """
    rows = []
    for key, group in table.groupby(["task", "setting", "metric", "length"], sort=True):
        own, other = by_seed(group, first), by_seed(group, second)
        difference = paired_difference(own, other)
        common = sorted(own.keys() & other.keys())
        shared = {name: group[name].iloc[0] for name in SHARED}
        rows.append(
            dict(zip(["task", "setting", "metric", "length"], key, strict=True))
            | shared
            | {
                "first": mean_or_nan([own[seed] for seed in common]),
                "second": mean_or_nan([other[seed] for seed in common]),
                "difference": difference.value,
                "low": difference.low,
                "high": difference.high,
                "n": difference.n,
                "better": _better(difference, first, second, lower_is_better=bool(shared["lower_is_better"])),
            }
        )
    columns = ["task", "setting", "metric", "length", *SHARED]
    return pd.DataFrame(rows, columns=[*columns, "first", "second", "difference", "low", "high", "n", "better"])


def _better(difference: Estimate, first: str, second: str, *, lower_is_better: bool) -> str:
    if not distinguishable(difference):
        return ""
    return second if (difference.value > 0) == lower_is_better else first
