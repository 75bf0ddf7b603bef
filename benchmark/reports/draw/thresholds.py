"""Values against the ranges that decide a claim: a strip for each criterion, a dot for each seed.

The range that reproduces the claim and the one that refutes it are shaded and named; between them lies what decides
nothing. Each strip has its own scale, logarithmic where all its numbers are positive and span more than WIDE.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.reports.draw.canvas import styled
from benchmark.reports.draw.fonts import drawable
from benchmark.reports.draw.style import BEST, EDGE, INK, MUTED, OWN_COLOR, REFERENCE
from benchmark.reports.words import t

WIDTH, STRIP, HEAD, FOOT = 4.6, 0.42, 0.42, 0.3  # inches
WIDE = 300
ROOM = 0.12  # of the span, on either side
FOR, AGAINST, DOT = BEST, OWN_COLOR["alibi"], REFERENCE

Range = tuple[float, float]  # either end may be infinite


@dataclass(frozen=True, kw_only=True)
class Strip:
    """A criterion and its values."""

    title: str
    values: tuple[float, ...]
    median: float
    low: float  # of the interval; NaN without one
    high: float
    reproduced: tuple[Range, ...]
    refuted: tuple[Range, ...]

    @property
    def numbers(self) -> list[float]:
        """Every finite number to be shown."""
        bounds = (end for some in (self.reproduced, self.refuted) for each in some for end in each)
        return [each for each in (*self.values, self.low, self.high, *bounds) if math.isfinite(each)]

    @property
    def logarithmic(self) -> bool:
        """True if a linear scale would crowd the numbers at one end."""
        return min(self.numbers) > 0 and max(self.numbers) > WIDE * min(self.numbers)

    @property
    def ends(self) -> Range:
        """The ends of the scale."""
        low, high = min(self.numbers), max(self.numbers)
        if self.logarithmic:
            room = (high / low) ** ROOM
            return low / room, high * room
        room = ROOM * (high - low) or abs(high) or 1.0
        return low - room, high + room


@styled
def thresholds(strips: Sequence[Strip]) -> Figure:
    """Strips below one another."""
    each = HEAD + STRIP + FOOT
    height = each * len(strips) + 0.05
    figure = Figure(figsize=(WIDTH, height))
    for place, strip in enumerate(strips):
        down = place * each
        figure.text(0.1 / WIDTH, 1 - (down + 0.14) / height, drawable(strip.title), fontsize=10, va="center")
        bottom = 1 - (down + HEAD + STRIP) / height
        _draw(figure.add_axes((0.1 / WIDTH, bottom, 1 - 0.2 / WIDTH, STRIP / height)), strip)
    return figure


def _draw(axes: Axes, strip: Strip) -> None:
    axes.set_xscale("log" if strip.logarithmic else "linear")
    axes.set_xlim(*strip.ends)
    axes.set_ylim(-1, 1)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.minorticks_off()
    axes.spines[:].set_visible(False)
    axes.spines["bottom"].set_visible(True)
    axes.spines["bottom"].set_color(EDGE)
    for ranges, color, word in ((strip.reproduced, FOR, t("reproduced")), (strip.refuted, AGAINST, t("refuted"))):
        for own in ranges:
            _shade(axes, strip.ends, own, color, word)
    ticks = sorted({end for some in (strip.reproduced, strip.refuted) for own in some for end in own if _finite(end)})
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks], fontsize=8.5)
    values = [value for value in strip.values if math.isfinite(value)]
    axes.scatter(values, [0] * len(values), s=22, alpha=0.6, color=DOT, linewidths=0, zorder=3)
    if _finite(strip.low) and _finite(strip.high):
        axes.hlines(0, strip.low, strip.high, color=INK, linewidth=1.4, zorder=4)
    if _finite(strip.median) and len(values) > 1:
        axes.vlines(strip.median, -0.55, 0.55, color=INK, linewidth=1.8, zorder=4)


def _shade(axes: Axes, ends: Range, own: Range, color: str, word: str) -> None:
    left, right = max(own[0], ends[0]), min(own[1], ends[1])
    if left >= right:
        return
    axes.axvspan(left, right, color=color, alpha=0.16, linewidth=0, zorder=1)
    middle = math.sqrt(left * right) if axes.get_xscale() == "log" else (left + right) / 2
    axes.annotate(
        word,
        (middle, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 2),
        textcoords="offset points",
        fontsize=8,
        color=MUTED,
        ha="center",
    )


def _finite(value: float) -> bool:
    return math.isfinite(value)
