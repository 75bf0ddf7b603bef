"""Curves of a look inside models, one panel beside the other: against length, or by layer."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from benchmark.reports.draw.axes import CHANCE_LINE, COLUMN, PANEL, draw_legend
from benchmark.reports.draw.canvas import styled
from benchmark.reports.draw.factors import Level, by_end, draw_levels
from benchmark.reports.draw.style import Styles

WIDTH = 3.4  # of a panel beside another, in inches


@dataclass(frozen=True, kw_only=True)
class MechanismPanel:
    """One panel: the curve of every encoding, and a dashed line to judge them by."""

    title: str
    across: str  # the horizontal axis
    up: str  # the vertical axis
    ticks: tuple[tuple[float, str], ...]
    levels: dict[str, tuple[Level, ...]]  # by encoding, in ascending order
    mark: str = ""  # names the dashed line
    marks: tuple[tuple[float, float], ...] = ()  # along it
    share: bool = False  # values lie between 0 and 1
    octaves: bool = False  # a logarithmic horizontal axis


@styled
def mechanism(panels: Sequence[MechanismPanel], styles: Styles) -> Figure:
    """Draw panels side by side."""
    names = sorted({name for panel in panels for name in panel.levels})
    figure = Figure(figsize=(max(COLUMN, WIDTH * len(panels)), PANEL), layout="constrained")
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False, sharey=True)[0], panels, strict=True):
        _draw(axes, panel, styles)
    draw_legend(figure, axes, [(name, styles[name], name) for name in by_end(panels[-1].levels, names)])
    return figure


def _draw(axes: Axes, panel: MechanismPanel, styles: Styles) -> None:
    for name, levels in panel.levels.items():
        draw_levels(axes, [level for level in levels if math.isfinite(level.estimate.value)], styles[name])
    if panel.marks:
        axes.plot(*zip(*panel.marks, strict=True), label=panel.mark, **CHANCE_LINE)
    axes.set_title(panel.title)
    if panel.octaves:
        axes.set_xscale("log", base=2)
    places, labels = zip(*panel.ticks, strict=True)
    axes.xaxis.set_major_locator(FixedLocator(places))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(places, labels)
    axes.set_xlabel(panel.across)
    axes.set_ylabel(panel.up)
    if panel.share:
        axes.set_ylim(-0.05, 1.05)
    else:
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
