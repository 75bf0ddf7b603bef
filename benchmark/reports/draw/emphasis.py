"""Emphasis in crowded figures: a few encodings are drawn bold, the others thin and light behind them.

Bold are the classic encodings (which keep their colour in every figure), the reference, and the encoding with the best
mean at the longest length. The others stay in the legend.

Convention: up to MANY encodings, all are bold.
"""

from dataclasses import replace

import pandas as pd

from benchmark.reports.draw.style import OWN_COLOR, Styles
from benchmark.reports.page.exhibit import MANY


def emphasised(styles: Styles, points: pd.DataFrame, reference: str) -> Styles:
    """The styles for a figure of `points.over_seeds`: if there are many, all but a few are light."""
    names = set(points["encoding"])
    if len(names) <= MANY:
        return styles
    bold = {*OWN_COLOR, reference, _best(points)}
    return {name: replace(style, light=name not in bold) for name, style in styles.items()}


def _best(points: pd.DataFrame) -> str:
    """The encoding with the best mean at the longest length; "" if none has a value there."""
    longest = points[(points["length"] == points["length"].max()) & points["mean"].notna()]
    if longest.empty:
        return ""
    ordered = longest.sort_values("mean", ascending=bool(longest["lower_is_better"].iloc[0]), kind="stable")
    return str(ordered["encoding"].iloc[0])
