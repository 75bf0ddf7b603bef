"""Small multiples of one encoding: one panel per task, with its curve on top of everyone else's in grey.

The SVG is written by hand: matplotlib takes a second for such a figure, and a report of thirty encodings has thirty of
them. Inside a page, colours come from the stylesheet and follow the reader's theme; a standalone file falls back on the
colours of all other figures.

    right   log2(length)                             L is a vertical line
    up      the value, 0 to 1 for a share; otherwise the span of all means shown, widened by a twentieth on each side
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import pandas as pd
from markupsafe import escape

from benchmark.metrics import METRICS
from benchmark.reports.draw.interactive import series
from benchmark.reports.draw.style import EDGE, MUTED, REFERENCE, Style, variables
from benchmark.reports.page.rows import CurveRow, PointRow, typed_rows
from benchmark.reports.phrases import DOTS
from benchmark.reports.stats.floor import shortcut_line

ABREAST = 2  # panels side by side
WIDTH, HEIGHT = 230, 150  # of a panel with its text, in CSS pixels
LEFT, TOP, RIGHT, BOTTOM = 34, 36, 8, 18  # margins for the text
GREY = f"var(--axis,{EDGE})"
INK = f"var(--muted,{MUTED})"
BLUE = f"var(--reference,{REFERENCE})"

Spot = tuple[float, float]
Placing = Callable[[float, float], Spot]  # from a length and a value


@dataclass(frozen=True, kw_only=True)
class Backdrop:
    """What the panels of a task have in common, whichever encoding they show."""

    title: str
    note: str  # the metric, and which direction is better
    points: pd.DataFrame  # of `points.over_seeds`
    train_length: int

    @cached_property
    def rows(self) -> list[CurveRow]:
        """The points that have a value, curve by curve."""
        known = self.points[self.points["mean"].map(math.isfinite)]
        return typed_rows(known.sort_values(["encoding", "trained_with", "length"]), CurveRow)

    @cached_property
    def across(self) -> tuple[float, float]:
        """The ends of the axis of lengths, in octaves."""
        octaves = [math.log2(length) for length in self.points["length"]]
        return min(octaves), max(max(octaves), min(octaves) + 1)

    @cached_property
    def up(self) -> tuple[float, float]:
        """The ends of the axis of values."""
        if METRICS[self.points["metric"].iloc[0]].bounded:
            return 0.0, 1.0
        means = [row.mean for row in self.rows] or [0.0]
        room = 0.05 * (max(means) - min(means)) or 0.5
        return min(means) - room, max(means) + room

    def spot(self, length: float, value: float) -> Spot:
        """Where a value is drawn; values outside the panel stand at its edge."""
        (left, right), (bottom, top) = self.across, self.up
        share = min(1.0, max(0.0, (value - bottom) / (top - bottom)))
        along = (math.log2(length) - left) / (right - left)
        return LEFT + along * (WIDTH - LEFT - RIGHT), TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A backdrop as SVG, which is the same in the panels of all encodings."""

    backdrop: Backdrop
    rows: Sequence[CurveRow]
    below: str

    @classmethod
    def of(cls, backdrop: Backdrop) -> "Drawn":
        """Draw the common part: text, axes, the trained length, chance, the best shortcut and every curve in grey."""
        rows = backdrop.rows
        return cls(backdrop=backdrop, rows=rows, below=_frame(backdrop) + _others(backdrop, rows))

    def panel(self, encoding: str, color: str, reference: str) -> str:
        """The panel of one encoding."""
        spots = self.backdrop.spot
        own = [row for row in self.rows if row.encoding == encoding]
        compared = [row for row in self.rows if row.encoding == reference != encoding]
        seeds = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.2"/>' for x, y in _seeds(own, spots))
        marks = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2"/>' for x, y in _places(own, spots))
        return (
            f"{self.below}"
            f'<path d="{_curves(compared, spots)}" style="fill:none;stroke:{BLUE};stroke-width:1.2"/>'
            f'<path d="{_bands(own, spots)}" style="fill:{color};opacity:.22"/>'
            f'<path d="{_curves(own, spots)}" style="fill:none;stroke:{color};stroke-width:2.2"/>'
            f'<g style="fill:{color};opacity:.6">{seeds}</g><g style="fill:{color}">{marks}</g>'
        )


def draw(panels: Sequence[Drawn], encoding: str, style: Style, reference: str, alt: str) -> bytes:
    """The SVG file of one encoding, one panel per task."""
    color = f"var(--{series(style).removeprefix('$')},{style.color})"
    columns = min(ABREAST, len(panels))
    size = (columns * WIDTH, math.ceil(len(panels) / ABREAST) * HEIGHT)
    drawn = "".join(
        f'<g transform="translate({at % ABREAST * WIDTH} {at // ABREAST * HEIGHT})">'
        f"{panel.panel(encoding, color, reference)}</g>"
        for at, panel in enumerate(panels)
    )
    dark = f"<style>@media screen and (prefers-color-scheme:dark){{svg{{{variables(dark=True)}}}}}</style>"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" width="{size[0]}" '
        f'height="{size[1]}" role="img" aria-label="{escape(alt)}" font-size="11" font-family="system-ui, sans-serif">'
        f'<rect width="100%" height="100%" style="fill:var(--surface,#fff)"/>{drawn}{dark}</svg>'
    ).encode()


def _frame(backdrop: Backdrop) -> str:
    """Text, axes and landmarks."""
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    up, lengths = backdrop.up, sorted(set(backdrop.points["length"]))
    trained, _ = backdrop.spot(backdrop.train_length, up[0])
    ticks = "".join(
        f'<text x="{backdrop.spot(length, up[0])[0]:.1f}" y="{HEIGHT - 5}" text-anchor="{anchor}">{length:,}</text>'
        for length, anchor in zip(dict.fromkeys((lengths[0], lengths[-1])), ("start", "end"), strict=False)
    )
    values = "".join(
        f'<text x="{LEFT - 4}" y="{y}" text-anchor="end">{value:.3g}</text>'
        for value, y in ((up[1], TOP + 8), (up[0], bottom))
    )
    return (
        f'<text x="{LEFT}" y="13" style="fill:var(--text,#1a1f27);font-weight:600">{escape(backdrop.title)}</text>'
        f'<g style="fill:{INK}"><text x="{LEFT}" y="27">{escape(backdrop.note)}</text>{ticks}{values}</g>'
        f'<path d="M{LEFT} {TOP}V{bottom}H{right}" style="fill:none;stroke:{GREY}"/>'
        f'<path d="M{trained:.1f} {TOP}V{bottom}" style="stroke:{INK}"/>'
        f'<path d="{_chance(backdrop)}" style="fill:none;stroke:{INK};stroke-dasharray:3 3"/>'
        f'<path d="{_shortcut(backdrop)}" style="fill:none;stroke:{INK};stroke-width:.9;stroke-dasharray:7 2 1 2"/>'
    )


def _others(backdrop: Backdrop, rows: Sequence[PointRow]) -> str:
    return f'<path d="{_curves(rows, backdrop.spot)}" style="fill:none;stroke:{GREY};stroke-width:.8;opacity:.7"/>'


def _chance(backdrop: Backdrop) -> str:
    known = backdrop.points.dropna(subset="chance").drop_duplicates("length").sort_values("length")
    return _inside(backdrop, zip(known["length"], known["chance"], strict=True))


def _shortcut(backdrop: Backdrop) -> str:
    found = shortcut_line(backdrop.points)
    return _inside(backdrop, found.places) if found else ""


def _inside(backdrop: Backdrop, places: Iterable[Spot]) -> str:
    """A line through the places whose value the panel shows."""
    low, high = backdrop.up
    return _line(backdrop.spot(length, value) for length, value in places if low <= value <= high)


def _curves(rows: Sequence[PointRow], spot: Placing) -> str:
    """The curves of these rows as one path."""
    return "".join(_line(_places(list(own), spot)) for _, own in groupby(rows, key=_curve))


def _bands(rows: Sequence[PointRow], spot: Placing) -> str:
    """The bands around these rows, from the lowest to the highest seed, as one path."""
    return "".join(_band([row for row in own if math.isfinite(row.low)], spot) for _, own in groupby(rows, key=_curve))


def _band(rows: Sequence[PointRow], spot: Placing) -> str:
    if not rows:
        return ""
    there = [spot(row.length, row.high) for row in rows]
    back = [spot(row.length, row.low) for row in reversed(rows)]
    return f"{_line([*there, *back])}z"


def _curve(row: PointRow) -> tuple[str, str]:
    return row.encoding, row.trained_with


def _places(rows: Sequence[PointRow], spot: Placing) -> list[Spot]:
    return [spot(row.length, row.mean) for row in rows]


def _seeds(rows: Sequence[CurveRow], spot: Placing) -> list[Spot]:
    """Where the seeds are drawn, if there are few of them."""
    return [spot(row.length, value) for row in rows if 1 < len(row.each) <= DOTS for _, value in row.each]


def _line(places: Iterable[Spot]) -> str:
    written = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return f"M{written}" if written else ""
