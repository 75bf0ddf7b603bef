"""Values against a factor of the setting (learning rate, steps, width): a panel per length, a line per encoding.

Every seed is a dot, if there are few of them; a ring marks the level that was chosen for an encoding, if one was.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from benchmark.metrics import METRICS
from benchmark.reports.draw.axes import (
    CHANCE_LINE,
    COLUMN,
    PANEL,
    SHORTCUT_LINE,
    draw_curve,
    draw_legend,
    draw_seeds,
)
from benchmark.reports.draw.canvas import styled
from benchmark.reports.draw.style import Style, Styles
from benchmark.reports.phrases import arrow, metric_label
from benchmark.reports.stats.estimate import Estimate
from benchmark.reports.stats.floor import NO_FLOOR, Floor
from benchmark.reports.words import t

RING = 12.0  # size of the mark of a chosen level


@dataclass(frozen=True, kw_only=True)
class Level:
    """An encoding at one level of the factor."""

    at: float
    estimate: Estimate  # the mean, the lowest and the highest seed
    each: tuple[tuple[int, float], ...] = ()  # seed and value
    chosen: bool = False


@dataclass(frozen=True, kw_only=True)
class FactorPanel:
    """One length: the levels of every encoding."""

    title: str
    metric: str
    levels: dict[str, tuple[Level, ...]]  # by encoding, in ascending order
    floor: Floor = NO_FLOOR


@styled
def factors(panels: Sequence[FactorPanel], styles: Styles, factor: str) -> Figure:
    """Draw panels side by side; `factor` names the horizontal axis."""
    names = sorted({name for panel in panels for name in panel.levels})
    figure = Figure(figsize=(COLUMN * len(panels), PANEL), layout="constrained")
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        _draw(axes, panel, styles, factor)
    draw_legend(figure, axes, [(name, styles[name], name) for name in by_end(panels[-1].levels, names)])
    return figure


def _draw(axes: Axes, panel: FactorPanel, styles: Styles, factor: str) -> None:
    for name, levels in panel.levels.items():
        draw_levels(axes, [level for level in levels if math.isfinite(level.estimate.value)], styles[name])
    if not math.isnan(panel.floor.chance):
        axes.axhline(panel.floor.chance, label=t("chance"), **CHANCE_LINE)
    if panel.floor.matters:
        axes.axhline(panel.floor.shortcut, label=t("best shortcut"), **SHORTCUT_LINE)
    axes.set_title(panel.title)
    _scale(axes, {level.at for levels in panel.levels.values() for level in levels}, factor)
    metric = METRICS[panel.metric]
    axes.set_ylabel(f"{metric_label(panel.metric)}\n{arrow(lower_is_better=metric.lower_is_better)}")
    if metric.bounded:
        axes.set_ylim(-0.03, 1.03)


def draw_levels(axes: Axes, levels: Sequence[Level], style: Style) -> None:
    """The curve of one encoding: mean, band and seeds, and a ring around the chosen level."""
    places = [level.at for level in levels]
    draw_curve(axes, places, [level.estimate.value for level in levels], style)
    if not style.light:
        low, high = ([getattr(level.estimate, end) for level in levels] for end in ("low", "high"))
        axes.fill_between(places, low, high, color=style.color, alpha=0.15, linewidth=0)
    draw_seeds(axes, places, [level.each for level in levels], style)
    ringed = [(level.at, level.estimate.value) for level in levels if level.chosen]
    if ringed and not style.light:
        axes.plot(
            *zip(*ringed, strict=True), "o", markersize=RING, fillstyle="none", color=style.color, label="_chosen"
        )


def _scale(axes: Axes, levels: Iterable[float], factor: str) -> None:
    ticks = sorted(levels)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(ticks, [f"{tick:,g}" if tick < 1e6 else f"{tick:g}" for tick in ticks])
    axes.set_xlabel(factor)


def by_end(drawn: Mapping[str, Sequence[Level]], names: Sequence[str]) -> list[str]:
    """Encodings in the order of their right ends, the highest first."""
    ends = {name: levels[-1].estimate.value for name, levels in drawn.items() if levels}
    return sorted(names, key=lambda name: (not math.isfinite(ends.get(name, math.nan)), -ends.get(name, 0.0)))
