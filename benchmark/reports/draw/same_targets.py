"""Language loss of the same target tokens at every length, and its difference to a context cropped to L."""

import pandas as pd
from matplotlib.figure import Figure

from benchmark.reports.draw.axes import (
    COLUMN,
    PANEL,
    draw_curves,
    draw_legend,
    draw_trained_line,
    label_of,
    set_length_axis,
    set_metric_axis,
    with_ends,
)
from benchmark.reports.draw.canvas import styled
from benchmark.reports.draw.style import MUTED, Styles
from benchmark.reports.stats.points import over_seeds
from benchmark.reports.words import t


@styled
def same_targets(losses: pd.DataFrame, over_crop: pd.DataFrame, styles: Styles) -> Figure:
    """Above: the loss of the same targets. Below: the same, minus their loss after exactly L tokens of context."""
    points, differences = over_seeds(losses), over_seeds(over_crop)
    label_of(points, "task")
    figure = Figure(figsize=(COLUMN, 1.6 * PANEL), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    draw_curves(top, points, styles)
    set_metric_axis(top, points)
    draw_trained_line(top, int(points["train_length"].iloc[0]))
    draw_curves(bottom, differences, styles)
    draw_trained_line(bottom, int(points["train_length"].iloc[0]))
    bottom.axhline(0, color=MUTED, linewidth=1.2)
    bottom.set_title(t("minus their loss after exactly L tokens"))
    bottom.set_ylabel(t("difference in loss\n(nats per token)"))
    set_length_axis(bottom, points)
    draw_legend(figure, top, with_ends(points, styles))
    return figure
