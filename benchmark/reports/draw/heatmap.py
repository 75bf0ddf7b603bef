"""A heatmap of encodings x lengths for one task: the same values as the extrapolation curve, at a glance.

Convention: rows are ordered by the value at the longest length, best first; encodings without one come last.
"""

import numpy as np
import pandas as pd
import seaborn  # type: ignore[import-untyped]
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.metrics import METRICS
from benchmark.reports.draw.axes import label_of, length_labels, one_panel
from benchmark.reports.draw.canvas import styled
from benchmark.reports.draw.fonts import drawable, label_width
from benchmark.reports.draw.style import BLANK, MUTED, SURFACE, ink_on, value_colors
from benchmark.reports.page.exhibit import MANY
from benchmark.reports.phrases import NOTHING, STATUSES, metric_label
from benchmark.reports.stats.points import over_seeds
from benchmark.reports.words import t

FIELD_WIDTH, FIELD_HEIGHT = 0.6, 0.3  # inches
CROWDED = 0.19  # inches: the height of a field where there are many encodings


@styled
def length_heatmap(table: pd.DataFrame) -> Figure:
    """Encodings x lengths with the mean over seeds in each field. `table`: as for `extrapolation`."""
    points = over_seeds(table)
    label_of(points, "task")
    grid = points.pivot(index="encoding", columns="length", values="mean")
    order = (
        grid[grid.columns[-1]].fillna(grid.mean(axis=1)).sort_values(ascending=bool(points["lower_is_better"].iloc[0]))
    )
    absent = grid[grid.columns[-1]].isna()
    grid = grid.loc[[*order.index[~absent[order.index]], *order.index[absent[order.index]]]]
    states = points.pivot(index="encoding", columns="length", values="status").reindex_like(grid)
    names = max(label_width(str(name)) for name in grid.index)
    row = CROWDED if len(grid) > MANY else FIELD_HEIGHT
    figure, axes = one_panel(1.2 + names + FIELD_WIDTH * grid.shape[1], 0.9 + max(5 * FIELD_HEIGHT, row * len(grid)))
    axes.grid(visible=False)
    bounded = METRICS[points["metric"].iloc[0]].bounded
    seaborn.heatmap(
        grid,
        ax=axes,
        cmap=value_colors(lower_is_better=bool(points["lower_is_better"].iloc[0])),
        vmin=0 if bounded else None,
        vmax=1 if bounded else None,
        annot=True,
        annot_kws={"fontsize": 8},
        fmt=".2f",
        linewidths=1,
        linecolor=SURFACE,
        cbar_kws={
            "label": metric_label(label_of(points, "metric")),
            "fraction": 0.08,
            "pad": 0.02,
            "aspect": 16,
            "shrink": min(1, 12 / len(grid)),
            "anchor": (0, 1),
        },
    )
    set_ink(axes, columns=grid.shape[1])
    axes.set_facecolor(BLANK)
    for row, column in zip(*np.nonzero(grid.isna().to_numpy()), strict=True):
        axes.text(
            column + 0.5,
            row + 0.5,
            _absent(states.iloc[row, column]),
            ha="center",
            va="center",
            color=MUTED,
            fontsize=8,
        )
    axes.set_yticks(np.arange(len(grid)) + 0.5, [drawable(str(name)) for name in grid.index], rotation=0)
    axes.set_xticks(np.arange(grid.shape[1]) + 0.5, length_labels(points), rotation=0)
    axes.tick_params(length=0)
    axes.set_xlabel(t("problem length (multiple of the trained length)"))
    axes.set_ylabel("")
    return figure


def set_ink(axes: Axes, *, columns: int) -> None:
    """Give every number of a heatmap the ink that contrasts more with its field."""
    inks = ink_on(axes.collections[0].get_facecolor())
    for text in axes.texts:
        column, row = (int(place) for place in text.get_position())
        text.set_color(str(inks[row * columns + column]))


def _absent(status: object) -> str:
    return STATUSES[str(status)] if status in ("failed", "diverged") else NOTHING
