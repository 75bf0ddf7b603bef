"""Two encodings side by side: their curves, and the seed-by-seed difference at each length."""

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.metrics import METRICS
from benchmark.reports.draw.axes import (
    COLUMN,
    PANEL,
    draw_curves,
    draw_legend,
    draw_seeds,
    draw_trained_line,
    set_length_axis,
    set_metric_axis,
    with_ends,
)
from benchmark.reports.draw.canvas import styled
from benchmark.reports.draw.fonts import drawable
from benchmark.reports.draw.style import INK, MUTED, Style, Styles
from benchmark.reports.page.two_encodings import PairAt
from benchmark.reports.phrases import DOTS, metric_label
from benchmark.reports.stats.points import over_seeds
from benchmark.reports.words import language, t

LINE = 62  # characters of a line of small print
ASIDE = 1.06  # seeds stand beside the bar at their length, by this factor


@styled
def paired(pairs: Sequence[PairAt], styles: Styles) -> Figure:
    """Above: both curves. Below: the median difference with its interval, and each seed's. `styles`: by label."""
    panel = pairs[0].panel
    own = panel.headline[_of_either(panel.headline, pairs[0])]
    points = over_seeds(own)
    figure = Figure(figsize=(COLUMN, 1.8 * PANEL), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    draw_curves(top, points, styles)
    set_metric_axis(top, points)
    draw_trained_line(top, panel.train_length)
    _draw_differences(bottom, pairs)
    draw_trained_line(bottom, panel.train_length)
    set_length_axis(bottom, points)
    draw_legend(figure, top, with_ends(points, styles))
    return figure


def _draw_differences(axes: Axes, pairs: Sequence[PairAt]) -> None:
    known = [pair for pair in pairs if pair.differences]
    axes.axhline(0, color=MUTED, linewidth=1.2)
    middle = [pair.effect.value for pair in known]
    lengths = [pair.length for pair in known]
    axes.plot(lengths, middle, color=INK, marker="o", linewidth=1.5)
    for covers, weight in (("95 %", 1.5), ("lowest to highest", 0.7)):
        own = [pair for pair in known if pair.effect.covers == covers]
        below = [pair.effect.value - pair.effect.low for pair in own]
        above = [pair.effect.high - pair.effect.value for pair in own]
        at: dict[str, Any] = {"x": [pair.length for pair in own], "y": [pair.effect.value for pair in own]}
        axes.errorbar(**at, yerr=[below, above], fmt="none", ecolor=INK, capsize=4, elinewidth=weight)
    beside = [pair.length * ASIDE for pair in known]
    draw_seeds(
        axes, beside, [tuple(pair.differences.items()) for pair in known], Style(color=INK, marker="o", dash="solid")
    )
    dots = 1 < max(len(pair.differences) for pair in known) <= DOTS
    first, second = drawable(known[0].first.name), drawable(known[0].second.name)
    notes = language().semicolon.join(
        [*_bars(pair.effect.covers for pair in known), *([t("dots: each seed")] if dots else [])]
    )
    what = t("median of {first} − {second}", first=first, second=second)
    metric = known[0].panel.metric
    axes.set_ylabel(t("difference in\n{metric}", metric=metric_label(metric)))
    above_zero, below_zero = (second, first) if METRICS[metric].lower_is_better else (first, second)
    better = t("above 0: {above} is better; below 0: {below} is better", above=above_zero, below=below_zero)
    lines = (what, *textwrap.wrap(better, LINE), *textwrap.wrap(notes, LINE))
    axes.set_title("\n".join(lines), fontsize=9)


def _bars(covers: Iterable[str]) -> list[str]:
    """What the bars are; thin ones are no interval."""
    kinds = set(covers)
    bars, thin = t("bars: 95 % interval"), t("thin bars: lowest to highest")
    return [*([bars] if "95 %" in kinds else []), *([thin] if "lowest to highest" in kinds else [])]


def _of_either(rows: pd.DataFrame, pair: PairAt) -> "pd.Series[bool]":
    first, second = (
        (rows["trained_with"] == value.who.trained_with) & (rows["encoding"] == value.who.encoding)
        for value in (pair.first, pair.second)
    )
    return first | second
