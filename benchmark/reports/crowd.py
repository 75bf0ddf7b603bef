"""Many encodings in one figure: a few are drawn strong, the others thin and light behind them.

Strong are the classic encodings, which keep their colour in every figure, the reference, and the best mean at the
longest length. All others stay in the legend, in the order of their right ends.

Convention: up to MANY encodings all are strong.
"""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from benchmark.reports.figures import OWN_COLOR, Style
from benchmark.reports.words import t

MANY = 10


def crowded() -> str:
    """What a reader must know of a figure with many encodings."""
    return t(
        "Where there are more than {many} encodings, the classic ones, the reference and the best at the longest "
        "length are drawn strong, the others thin and without their band. Pointing at any of them reads its interval.",
        many=MANY,
    )


def weighted(styles: Mapping[str, Style], points: pd.DataFrame, reference: str) -> Mapping[str, Style]:
    """The styles of a figure of `statistics.over_seeds`: light for all but a few, where there are many."""
    names = set(points["encoding"])
    if len(names) <= MANY:
        return styles
    strong = {*OWN_COLOR, reference, _best(points)}
    return {name: replace(style, light=name not in strong) for name, style in styles.items()}


def _best(points: pd.DataFrame) -> str:
    """The encoding with the best mean at the longest length, "" if nothing has one."""
    longest = points[(points["length"] == points["length"].max()) & points["mean"].notna()]
    if longest.empty:
        return ""
    ordered = longest.sort_values("mean", ascending=bool(longest["lower_is_better"].iloc[0]), kind="stable")
    return str(ordered["encoding"].iloc[0])
