"""All needs in one small figure: a strip for each, a row for each encoding, a dot for each seed.

Each strip has its own scale, drawn from worse on the left to better on the right:

    an accuracy    0 at chance and 1 at perfect; a value below chance stands to the left
    a loss         from guessing to the best value shown, because no text can be predicted without any loss

so the dashed marks of chance are below one another. The best shortcut has a mark of its own, dash-dotted, where it
beats chance by more than the margin. Rows are in order of quality, best first.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.reports.draw.axes import CHANCE_LINE, SHORTCUT_LINE
from benchmark.reports.draw.canvas import styled
from benchmark.reports.draw.fonts import drawable, label_width
from benchmark.reports.draw.style import BEST, GRID, INK, MUTED, Style, Styles
from benchmark.reports.stats.floor import Floor
from benchmark.reports.words import t

WIDTH = 4.6  # inches: on a phone it shrinks by a quarter
ROW, HEAD, GAP = 0.19, 0.42, 0.16
OTHERS = Style(color=MUTED, marker="o", dash="solid")


@dataclass(frozen=True, kw_only=True)
class Row:
    """An encoding in a strip, with its value for each seed; several encodings if `encoding` is ""."""

    label: str
    encoding: str
    values: tuple[float, ...]
    mean: float  # NaN for several encodings
    best: bool = False  # may be the best, so its row is marked


@dataclass(frozen=True, kw_only=True)
class Strip:
    """A need at its longest length."""

    title: str
    rows: tuple[Row, ...]
    floor: Floor
    perfect: float  # the right end: a perfect value; the best value shown, of a loss
    lower_is_better: bool

    def along(self, value: float) -> float:
        """Where a value stands: 0 at chance, 1 at the right end."""
        start = self.start
        return (value - start) / (self.perfect - start) if self.perfect != start else 0.0

    @property
    def start(self) -> float:
        """The value at 0: chance, or without it the worst value shown."""
        if math.isfinite(self.floor.chance):
            return self.floor.chance
        shown = [value for row in self.rows for value in row.values]
        return (max if self.lower_is_better else min)(shown)


@styled
def bottom_line(strips: Sequence[Strip], styles: Styles) -> Figure:
    """Strips below one another, with a common left edge and a common mark for chance."""
    height = sum(HEAD + ROW * len(strip.rows) + GAP for strip in strips) + 0.1
    figure = Figure(figsize=(WIDTH, height))
    names = [drawable(row.label) for strip in strips for row in strip.rows]
    side = min(1.7, 0.25 + max(label_width(name) for name in names))
    values = [strip.along(value) for strip in strips for row in strip.rows for value in row.values]
    ends = min(-0.04, *values) - 0.03, 1.05
    down = 0.05
    for strip in strips:
        tall = ROW * len(strip.rows)
        figure.text(0.1 / WIDTH, 1 - (down + 0.12) / height, drawable(strip.title), fontsize=10.5, va="center")
        place = (side / WIDTH, 1 - (down + HEAD + tall) / height, (WIDTH - side - 0.1) / WIDTH, tall / height)
        axes = figure.add_axes(place)
        _draw(axes, strip, styles, ends)
        down += HEAD + tall + GAP
    return figure


def _draw(axes: Axes, strip: Strip, styles: Styles, ends: tuple[float, float]) -> None:
    axes.set_xlim(*ends)
    axes.set_ylim(len(strip.rows) - 0.5, -0.5)
    axes.grid(visible=False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.hlines(range(len(strip.rows)), *ends, color=GRID, linewidth=0.8, zorder=1)
    axes.set_yticks(range(len(strip.rows)), [drawable(row.label) for row in strip.rows], fontsize=9.5)
    axes.set_xticks([])
    if math.isfinite(strip.floor.chance):
        axes.axvline(0, **CHANCE_LINE)
        _above(axes, 0, t("chance {value}", value=f"{strip.floor.chance:.2f}"), "left")
    if strip.floor.matters:
        axes.axvline(strip.along(strip.floor.shortcut), **SHORTCUT_LINE)
    end = f"{strip.perfect:.2f}"
    _above(axes, 1, t("best seed {value}", value=end) if strip.lower_is_better else end, "right")
    axes.axvline(1, color=GRID, linewidth=0.8, zorder=1)
    for at, row in enumerate(strip.rows):
        if row.best:
            axes.axhspan(at - 0.5, at + 0.5, facecolor=BEST, alpha=0.15, linewidth=0, zorder=0)
        style = styles[row.encoding] if row.encoding else OTHERS
        places = [strip.along(value) for value in row.values]
        size, alpha = (20, 0.75) if row.encoding else (9, 0.45)
        look: dict[str, Any] = {"color": style.color, "marker": style.marker, "linewidths": 0}
        axes.scatter(places, [at] * len(places), s=size, alpha=alpha, zorder=3, **look)
        if math.isfinite(row.mean):
            axes.vlines(strip.along(row.mean), at - 0.42, at + 0.42, color=INK, linewidth=1.6, zorder=4)


def _above(axes: Axes, place: float, text: str, side: str) -> None:
    axes.annotate(
        text,
        (place, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 3),
        textcoords="offset points",
        fontsize=8.5,
        color=MUTED,
        ha=side,
        va="bottom",
    )
