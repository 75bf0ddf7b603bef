"""Language loss of the same target tokens at every length, and its difference to a context cropped to L."""

from typing import Any

import pandas as pd
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
from benchmark.reports.draw.style import MUTED, Styles
from benchmark.reports.stats.points import over_seeds
from benchmark.reports.words import t


@styled
def same_targets(losses: pd.DataFrame, over_crop: pd.DataFrame, styles: Styles) -> Figure:
    """Above: the loss of the same targets. Below: the same, minus their loss after exactly L tokens of context."""
    points, differences = over_seeds(losses), over_seeds(over_crop)
    width, height = beside_legend(points["encoding"])
    figure = Figure(figsize=(width, 1.4 * height), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    draw_curves(top, points, styles)
    top.set_title(t("{task}: the same targets after more context", task=label_of(points, "task")), pad=24)
    write_note(top, band_note(points))
    set_metric_axis(top, points)
    draw_trained_line(top, int(points["train_length"].iloc[0]))
    draw_legend(top, with_ends(points, styles))
    draw_curves(bottom, differences, styles)
    draw_trained_line(bottom, int(points["train_length"].iloc[0]))
    bottom.axhline(0, color=MUTED, linewidth=1.2)
    bottom.set_title(t("minus the loss of the same targets after exactly L tokens each"), fontsize=10)
    bottom.set_ylabel(t("difference in loss\n(nats per token)"))
    side: dict[str, Any] = {"transform": bottom.transAxes, "fontsize": 9, "color": MUTED, "ha": "left"}
    bottom.text(1.02, 0.98, t("above 0: context beyond\nL does harm"), va="top", **side)
    bottom.text(1.02, 0.02, t("below 0: context beyond\nL helps"), va="bottom", **side)
    set_length_axis(bottom, points)
    return figure
