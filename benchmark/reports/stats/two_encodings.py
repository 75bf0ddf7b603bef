"""Two encodings side by side: both means over common seeds, and the paired difference with its t interval.

Convention: one is called better if the interval excludes 0. That is one comparison at a time, uncorrected; for many
encodings see `against_reference`.
"""

import pandas as pd

from benchmark.reports.stats.estimate import Estimate, distinguishable, mean_or_nan, paired_difference
from benchmark.reports.stats.points import PLACE, SHARED, by_seed


def compare(table: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """Two encodings at each (task, setting, metric, length): both means, and the paired difference first - second.

    Columns: task, setting, metric, length, multiple, train_length, lower_is_better, first, second (means over common
    seeds), difference, low, high, n (common seeds), better ("" if the interval includes 0 or there is none).
    """
    rows = []
    for key, group in table.groupby(PLACE, sort=True):
        own, other = by_seed(group, first), by_seed(group, second)
        difference = paired_difference(own, other)
        common = sorted(own.keys() & other.keys())
        shared = {name: group[name].iloc[0] for name in SHARED}
        rows.append(
            dict(zip(PLACE, key, strict=True))
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
    columns = [*PLACE, *SHARED, "first", "second", "difference", "low", "high", "n", "better"]
    return pd.DataFrame(rows, columns=columns)


def _better(difference: Estimate, first: str, second: str, *, lower_is_better: bool) -> str:
    if not distinguishable(difference):
        return ""
    return second if (difference.value > 0) == lower_is_better else first
