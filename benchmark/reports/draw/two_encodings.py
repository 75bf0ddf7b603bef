"""Two encodings side by side: their curves, and the paired difference at each length."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.reports.draw.axes import (
    band_note,
    beside_legend,
    draw_curves,
    draw_legend,
    draw_trained_line,
    label_of,
    set_length_axis,
    set_metric_axis,
    with_ends,
    write_note,
)
from benchmark.reports.draw.canvas import styled
from benchmark.reports.draw.fonts import drawable
from benchmark.reports.draw.style import MUTED, Styles
from benchmark.reports.phrases import metric_label, seeds_phrase
from benchmark.reports.stats.points import over_seeds
from benchmark.reports.stats.two_encodings import compare
from benchmark.reports.words import t


@styled
def paired(table: pd.DataFrame, first: str, second: str, styles: Styles) -> Figure:
    """Above: both curves. Below: the paired difference with its interval. `table`: as for `extrapolation`."""
    own = table[table["encoding"].isin([first, second])]
    points, differences = over_seeds(own), compare(own, first, second)
    figure = Figure(figsize=(beside_legend([first, second])[0], 6.2), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    draw_curves(top, points, styles)
    pair = {"first": drawable(first), "second": drawable(second)}
    top.set_title(t("{task}: {first} and {second}", task=label_of(points, "task"), **pair), pad=24)
    write_note(top, band_note(points))
    set_metric_axis(top, points)
    draw_trained_line(top, int(points["train_length"].iloc[0]))
    draw_legend(top, with_ends(points, styles))
    _draw_differences(bottom, differences, first, second)
    draw_trained_line(bottom, int(points["train_length"].iloc[0]))
    set_length_axis(bottom, points)
    return figure


def _draw_differences(axes: Axes, differences: pd.DataFrame, first: str, second: str) -> None:
    known = differences[differences["n"] > 0]
    margins = (known["high"] - known["difference"]).fillna(0)
    axes.axhline(0, color=MUTED, linewidth=1.2)
    axes.errorbar(
        known["length"], known["difference"], yerr=margins, color="#222222", marker="o", capsize=4, linewidth=1.5
    )
    lower_is_better = bool(differences["lower_is_better"].iloc[0])
    above, below = (second, first) if lower_is_better else (first, second)
    title = t(
        "{first} − {second}  (bars: {interval}, paired)",
        first=drawable(first),
        second=drawable(second),
        interval=seeds_phrase(list(known["n"])),
    )
    axes.set_title(title, fontsize=10)
    axes.set_ylabel(t("difference in\n{metric}", metric=metric_label(label_of(differences, "metric"))))
    side: dict[str, Any] = {"transform": axes.transAxes, "fontsize": 9, "color": MUTED, "ha": "left"}
    axes.text(1.02, 0.98, t("above 0:\n{name} is better", name=drawable(above)), va="top", **side)
    axes.text(1.02, 0.02, t("below 0:\n{name} is better", name=drawable(below)), va="bottom", **side)
