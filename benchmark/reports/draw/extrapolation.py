"""The extrapolation curve of a task: a metric against length, within and beyond the trained length."""

import pandas as pd
from matplotlib.figure import Figure

from benchmark.reports.draw.axes import (
    draw_curves,
    draw_legend,
    draw_trained_line,
    label_of,
    one_panel,
    set_length_axis,
    set_metric_axis,
    with_ends,
)
from benchmark.reports.draw.canvas import styled
from benchmark.reports.draw.style import Styles
from benchmark.reports.stats.points import over_seeds


@styled
def extrapolation(table: pd.DataFrame, styles: Styles) -> Figure:
    """Mean, range and seeds against length. `table`: rows of `metric_table` of one task, setting and metric."""
    points = over_seeds(table)
    label_of(points, "task")
    figure, axes = one_panel()
    draw_curves(axes, points, styles)
    set_length_axis(axes, points)
    draw_trained_line(axes, int(points["train_length"].iloc[0]))
    set_metric_axis(axes, points)
    draw_legend(figure, axes, with_ends(points, styles))
    return figure
