"""Grids of a task: scores by two axes as heatmaps, one per encoding, and by one axis as curves.

Convention: black outlines mark the fields whose problems are no longer than those of training.
"""

import math

import numpy as np
import pandas as pd
import seaborn  # type: ignore[import-untyped]
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from benchmark.metrics import METRICS
from benchmark.reports.draw.axes import (
    CHANCE_LINE,
    COLUMN,
    PANEL,
    draw_curve,
    draw_legend,
    draw_seeds,
    label_of,
    set_metric_axis,
)
from benchmark.reports.draw.canvas import styled
from benchmark.reports.draw.fonts import drawable
from benchmark.reports.draw.heatmap import set_ink
from benchmark.reports.draw.style import BLANK, INK, SURFACE, Styles, value_colors
from benchmark.reports.phrases import AXES, metric_label
from benchmark.reports.stats.estimate import mean_and_range
from benchmark.reports.words import t

GRID_COLUMNS = 3  # heatmaps side by side


@styled
def fields(table: pd.DataFrame) -> Figure:
    """One heatmap per encoding, all on one scale, with the mean over seeds in each field. `table`: from `by_field`."""
    means = table.groupby(["encoding", "down_first", "across_first"])["value"].mean()
    limits = (0.0, 1.0) if METRICS[label_of(table, "metric")].bounded else (float(means.min()), float(means.max()))
    cmap = value_colors(lower_is_better=bool(table["lower_is_better"].iloc[0]))
    names = sorted(set(table["encoding"]))
    down, across = _ranges(table, "down"), _ranges(table, "across")
    columns = min(len(names), GRID_COLUMNS)
    rows = math.ceil(len(names) / columns)
    size = columns * (0.75 + 0.36 * len(across)) + 0.9, rows * (0.65 + 0.2 * len(down)) + 0.2
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes, name in zip(panels.flat, names, strict=False):
        grid = means[name].unstack().reindex(index=list(down), columns=list(across))
        _draw_fields(axes, grid, limits, cmap)
        _outline_trained(axes, table[table["encoding"] == name], list(down), list(across))
        axes.set_title(drawable(name))
        axes.set_xticks(np.arange(len(across)) + 0.5, list(across.values()), rotation=0, fontsize=8)
        axes.set_yticks(np.arange(len(down)) + 0.5, list(down.values()), rotation=0, fontsize=8)
        axes.set_xlabel(_axis(table, "across"), fontsize=9)
        axes.set_ylabel(_axis(table, "down") if axes in panels[:, 0] else "", fontsize=9)
    for axes in panels.flat[len(names) :]:
        axes.set_axis_off()
    bar = figure.colorbar(
        panels.flat[0].collections[0], ax=panels, shrink=0.9 if rows < 3 else 0.3, pad=0.02, aspect=25, anchor=(0, 1)
    )
    bar.set_label(metric_label(label_of(table, "metric")))
    bar.outline.set_visible(False)
    return figure


@styled
def along(table: pd.DataFrame, styles: Styles) -> Figure:
    """The vertical axis of a grid as curves: mean, range and seeds, at L and at the longest length."""
    lengths = ends_of(table)
    down = _ranges(table[table["length"].isin(lengths)], "down")
    label_of(table, "grid")
    figure = Figure(figsize=(COLUMN / 2 * (1 + len(lengths)), 1.2 * PANEL), layout="constrained")
    panels = figure.subplots(1, len(lengths), sharey=True, squeeze=False)[0]
    for axes, length in zip(panels, lengths, strict=True):
        here = table[table["length"] == length]
        _draw_along(axes, here, list(down), styles)
        multiple = length / int(here["train_length"].iloc[0])
        axes.set_title(t("length {length:,} ({multiple:g}×)", length=length, multiple=multiple))
        axes.set_xticks(range(len(down)), list(down.values()), rotation=90 if len(down) > 6 else 0)
        axes.set_xlabel(_axis(table, "down"))
    set_metric_axis(panels[0], table)
    draw_legend(figure, panels[-1], [(name, styles[name], name) for name in sorted(set(table["encoding"]))])
    return figure


def ends_of(table: pd.DataFrame) -> list[int]:
    """The trained and the longest length of a grid, if they were measured."""
    return sorted({int(table["train_length"].iloc[0]), int(table["length"].max())} & set(table["length"]))


def range_label(first: int, last: int) -> str:
    """A range on an axis: "3–4", or "20" for a single value."""
    return f"{first:,}" if first == last else f"{first:,}–{last:,}"


def _ranges(table: pd.DataFrame, side: str) -> dict[int, str]:
    """The ranges along an axis, in order: {first value: label}."""
    known = table.drop_duplicates(f"{side}_first").sort_values(f"{side}_first")
    return {
        int(first): range_label(int(first), int(last))
        for first, last in zip(known[f"{side}_first"], known[f"{side}_last"], strict=True)
    }


def _draw_fields(axes: Axes, grid: pd.DataFrame, limits: tuple[float, float], cmap: str) -> None:
    """One heatmap of means, on the common scale."""
    low, high = limits
    seaborn.heatmap(
        grid,
        ax=axes,
        cmap=cmap,
        vmin=low,
        vmax=high,
        annot=True,
        fmt=".2f",
        annot_kws={"fontsize": 7},
        linewidths=0.8,
        linecolor=SURFACE,
        cbar=False,
    )
    set_ink(axes, columns=grid.shape[1])
    axes.grid(visible=False)
    axes.set_facecolor(BLANK)
    axes.tick_params(length=0)


def _outline_trained(axes: Axes, own: pd.DataFrame, down: list[int], across: list[int]) -> None:
    """Outline the fields whose problems are no longer than those of training."""
    inside = own[own["length"] <= own["train_length"]]
    if not inside.empty:
        rows, columns = down.index(inside["down_first"].max()) + 1, across.index(inside["across_first"].max()) + 1
        axes.add_patch(Rectangle((0, 0), columns, rows, fill=False, edgecolor=INK, linewidth=1.8, clip_on=False))


def _draw_along(axes: Axes, here: pd.DataFrame, down: list[int], styles: Styles) -> None:
    """Draw the curves of one length."""
    for name, own in here.groupby("encoding"):
        style, by_place = styles[str(name)], own.groupby("down_first")["value"].agg(list).sort_index()
        places = [down.index(first) for first in by_place.index]
        each = [[(seed, value) for seed, value in enumerate(values) if value == value] for values in by_place]
        points = [mean_and_range(values) for values in by_place]
        draw_curve(axes, places, [point.value for point in points], style)
        if not style.light:
            low, high = [point.low for point in points], [point.high for point in points]
            axes.fill_between(places, low, high, color=style.color, alpha=0.15, linewidth=0)
        draw_seeds(axes, places, each, style)
    chance = float(here["chance"].iloc[0])
    if math.isfinite(chance):
        axes.axhline(chance, label=t("chance"), **CHANCE_LINE)


def _axis(table: pd.DataFrame, side: str) -> str:
    """The name of an axis as a reader sees it."""
    return AXES.get(label_of(table, side), label_of(table, side))
