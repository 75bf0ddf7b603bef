"""TODO."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from benchmark.reports.draw.style import OWN_COLOR, Style
from benchmark.reports.page.crowd import MANY


def emphasised(styles: Mapping[str, Style], points: pd.DataFrame, reference: str) -> Mapping[str, Style]:
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
