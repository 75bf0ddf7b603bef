"""The extrapolation curve of a task: a metric against length, within and beyond the trained length."""

import pandas as pd
from matplotlib.figure import Figure

from benchmark.reports.draw.axes import (
    band_note,
    beside_legend,
    draw_curves,
    draw_legend,
    draw_trained_line,
    join_notes,
    label_of,
    light_note,
    one_panel,
    set_length_axis,
    set_metric_axis,
    with_ends,
    write_note,
)
from benchmark.reports.draw.canvas import styled
from benchmark.reports.draw.style import Styles
from benchmark.reports.stats.points import over_seeds
from benchmark.reports.words import t


@styled
def extrapolation(table: pd.DataFrame, styles: Styles, title: str = "") -> Figure:
    """Mean, range and seeds against length. `table`: rows of `metric_table` of one task, setting and metric."""
    points = over_seeds(table)
    figure, axes = one_panel(*beside_legend(points["encoding"]))
    draw_curves(axes, points, styles)
    said = title or t("{task}: beyond the trained length", task=label_of(points, "task"))
    axes.set_title(said, pad=24)
    write_note(axes, join_notes(band_note(points), light_note(styles)))
    set_length_axis(axes, points)
    draw_trained_line(axes, int(points["train_length"].iloc[0]))
    set_metric_axis(axes, points)
    draw_legend(axes, with_ends(points, styles))
    return figure
