"""Emphasis: which encodings are marked as possibly the best and, in crowded figures, which are drawn bold.

Bold are the classic encodings (which keep their colour in every figure), the reference, and the encoding with the best
mean at the longest length. The others are thin and grey behind them.

Convention: up to MANY encodings, all are bold. Only bold ones are marked.
"""

from collections.abc import Collection
from dataclasses import replace

import pandas as pd

from benchmark.reports.draw.style import OWN_COLOR, Styles
from benchmark.reports.page.exhibit import MANY


def emphasised(styles: Styles, points: pd.DataFrame, reference: str, favourites: Collection[str] = ()) -> Styles:
    """The styles for a figure of `points.over_seeds`: if there are many, all but a few are light.

    `favourites` may be the best, by the one rule (`Selection.favourites`).
    """
    bold = prominent(points, reference)
    return {
        name: replace(style, light=name not in bold, best=name in bold and name in favourites)
        for name, style in styles.items()
    }


def prominent(points: pd.DataFrame, reference: str) -> set[str]:
    """The encodings that are drawn bold: all of them, unless there are many."""
    names = set(points["encoding"])
    return names & {*OWN_COLOR, reference, _best(points)} if len(names) > MANY else names


def _best(points: pd.DataFrame) -> str:
    """The encoding with the best mean at the longest length; "" if none has a value there."""
    longest = points[(points["length"] == points["length"].max()) & points["mean"].notna()]
    if longest.empty:
        return ""
    ordered = longest.sort_values("mean", ascending=bool(longest["lower_is_better"].iloc[0]), kind="stable")
    return str(ordered["encoding"].iloc[0])
