"""Language loss by absolute position in the text, in log-spaced bins."""

import math

import pandas as pd
from matplotlib.figure import Figure

from benchmark.reports.draw.axes import (
    draw_band,
    draw_curve,
    draw_legend,
    draw_seeds,
    draw_trained_line,
    label_of,
    one_panel,
    powers_of_two,
    set_log2_axis,
    with_ends,
)
from benchmark.reports.draw.canvas import styled
from benchmark.reports.draw.style import Styles
from benchmark.reports.phrases import metric_label
from benchmark.reports.stats.estimate import mean_and_range
from benchmark.reports.words import t


@styled
def position_loss(table: pd.DataFrame, styles: Styles) -> Figure:
    """Loss by absolute position: mean, range and seeds. `table`: `by_position` of one task and setting."""
    label_of(table, "task")
    figure, axes = one_panel()
    for encoding, own in table.groupby("encoding"):
        style = styles[str(encoding)]
        rows = [_bin(group) for _, group in own.groupby(["position_start", "position_stop"])]
        curve = pd.DataFrame(rows, columns=["center", "mean", "low", "high", "n", "each"])
        draw_curve(axes, curve["center"], curve["mean"], style, markers=False)
        draw_band(axes, curve["center"], curve, style)
        draw_seeds(axes, curve["center"], curve["each"], style)
    axes.set_xlabel(t("position in the text (tokens, log scale)"))
    axes.set_ylabel(metric_label("loss_nats"))
    set_log2_axis(axes, powers_of_two(1, int(table["position_stop"].max())))
    draw_trained_line(axes, int(table["train_length"].iloc[0]))
    stops = table.rename(columns={"position_stop": "length", "loss_nats": "mean"}).assign(n=1)
    draw_legend(figure, axes, with_ends(stops, styles), markers=False)
    return figure


def _bin(group: pd.DataFrame) -> tuple[float, float, float, float, int, tuple[tuple[int, float], ...]]:
    """The geometric centre of a bin (positions counted from 1) and the loss there, over seeds."""
    start, stop = int(group["position_start"].iloc[0]), int(group["position_stop"].iloc[0])
    estimate = mean_and_range(list(group["loss_nats"]))
    each = tuple(zip(group["seed"].astype(int), group["loss_nats"].astype(float), strict=True))
    return math.sqrt((start + 1) * stop), estimate.value, estimate.low, estimate.high, estimate.n, each
