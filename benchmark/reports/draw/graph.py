"""The graph of a formula: lines over a number, with nothing trained and so without seeds, bands or intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from benchmark.reports.draw.axes import CHANCE_LINE, COLUMN, PANEL, one_panel
from benchmark.reports.draw.canvas import styled
from benchmark.reports.draw.fonts import drawable
from benchmark.reports.draw.style import COLORS, DASHES, LINE_STYLES, REFERENCE
from benchmark.reports.words import said

LINES = (REFERENCE, COLORS[1], COLORS[2], COLORS[3])  # a dash pattern goes with each, so that paper tells them apart
LEGEND_ROW = 0.22  # inches
DECADES = FuncFormatter(lambda value, _: f"{value:,g}")  # matplotlib's own are set in its mathematics, which is off


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a graph, or single points."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    points: bool = False


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Lines with what their axes say; all words are messages, translated when they are drawn."""

    across: str  # the horizontal axis, with its unit
    up: str
    caption: str  # what is drawn, and what to see in it
    lines: Sequence[Line]
    marks: Sequence[float] = ()  # heights of dashed lines to judge the others by
    log_across: bool = False
    log_up: bool = False


@styled
def graph(drawn: Graph) -> Figure:
    """Draw a graph, its legend below it if it has several lines."""
    several = len(drawn.lines) > 1
    figure, axes = one_panel(COLUMN, PANEL + several * LEGEND_ROW * (len(drawn.lines) + 1) // 2)
    for height in drawn.marks:
        axes.axhline(height, **CHANCE_LINE)
    for line, color, dash in zip(drawn.lines, LINES, DASHES, strict=False):
        name = drawable(said(line.name))
        if line.points:
            axes.scatter(line.x, line.y, color=color, label=name, zorder=3)
        else:
            axes.plot(line.x, line.y, color=color, linestyle=LINE_STYLES[dash], label=name)
    if drawn.log_across:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(DECADES)
    if drawn.log_up:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(DECADES)
    axes.set_xlabel(said(drawn.across))
    axes.set_ylabel(said(drawn.up))
    if several:
        figure.legend(loc="outside lower center", ncols=2)
    return figure
