"""Small multiples of one encoding: a panel a task, with its curve over those of all others in grey.

Written as SVG by hand: matplotlib takes a second for such a figure, and a report of thirty encodings has thirty. Inside
a page the colours are the stylesheet's, and follow the reader's theme; a file that stands alone falls back on those of
all other figures.

    right   log2(length)                             L is an upright line
    up      the value, 0 to 1 for a share; else the span of all means that are shown, with a twentieth more on each side
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import pandas as pd
from markupsafe import escape

from benchmark.metrics import METRICS
from benchmark.reports.draw.interactive import series
from benchmark.reports.draw.style import MUTED, Style

COLUMNS = 2
WIDTH, HEIGHT = 230, 150  # of a panel with its words, in CSS pixels
LEFT, TOP, RIGHT, BOTTOM = 34, 36, 8, 18  # of the words around it
GREY = "var(--axis,#b0b0b0)"
INK = f"var(--muted,{MUTED})"

Row = dict[Any, Any]
Spot = tuple[float, float]
Placing = Callable[[float, float], Spot]  # of a length and a value


@dataclass(frozen=True, kw_only=True)
class Backdrop:
    """What the panels of a task have in common, whatever encoding they are of."""

    title: str
    note: str  # the unit, and which way is better
    points: pd.DataFrame  # of `statistics.over_seeds`
    train_length: int

    @cached_property
    def rows(self) -> list[Row]:
        """The points that have a value, curve by curve."""
        known = self.points[self.points["mean"].map(math.isfinite)]
        return known.sort_values(["encoding", "trained_with", "length"]).to_dict("records")

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
        means = [row["mean"] for row in self.rows] or [0.0]
        room = 0.05 * (max(means) - min(means)) or 0.5
        return min(means) - room, max(means) + room

    def spot(self, length: float, value: float) -> Spot:
        """Where a value is drawn; what is outside the panel stands at its edge."""
        (left, right), (bottom, top) = self.across, self.up
        share = min(1.0, max(0.0, (value - bottom) / (top - bottom)))
        along = (math.log2(length) - left) / (right - left)
        return LEFT + along * (WIDTH - LEFT - RIGHT), TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A backdrop with its marks, which are the same in the panels of all encodings."""

    backdrop: Backdrop
    rows: Sequence[Row]
    below: str

    @classmethod
    def of(cls, backdrop: Backdrop) -> "Drawn":
        """Draw what is common: words, axes, the trained length, chance and every curve in grey."""
        rows = backdrop.rows
        return cls(backdrop=backdrop, rows=rows, below=_frame(backdrop) + _others(backdrop, rows))

    def panel(self, encoding: str, color: str, reference: str) -> str:
        """The panel of one encoding."""
        spots = self.backdrop.spot
        own = [row for row in self.rows if row["encoding"] == encoding]
        compared = [row for row in self.rows if row["encoding"] == reference != encoding]
        marks = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2"/>' for x, y in _places(own, spots))
        return (
            f"{self.below}"
            f'<path d="{_curves(compared, spots)}" style="fill:none;stroke:{INK};stroke-width:1.2"/>'
            f'<path d="{_bands(own, spots)}" style="fill:{color};opacity:.22"/>'
            f'<path d="{_curves(own, spots)}" style="fill:none;stroke:{color};stroke-width:2.2"/>'
            f'<g style="fill:{color}">{marks}</g>'
        )


def draw(panels: Sequence[Drawn], encoding: str, style: Style, reference: str, alt: str) -> bytes:
    """An SVG file of one encoding, a panel a task."""
    color = f"var(--{series(style).removeprefix('$')},{style.color})"
    columns = min(COLUMNS, len(panels))
    size = (columns * WIDTH, math.ceil(len(panels) / COLUMNS) * HEIGHT)
    drawn = "".join(
        f'<g transform="translate({at % COLUMNS * WIDTH} {at // COLUMNS * HEIGHT})">'
        f"{panel.panel(encoding, color, reference)}</g>"
        for at, panel in enumerate(panels)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" width="{size[0]}" '
        f'height="{size[1]}" role="img" aria-label="{escape(alt)}" font-size="11" font-family="system-ui, sans-serif">'
        f'<rect width="100%" height="100%" style="fill:var(--surface,#fff)"/>{drawn}</svg>'
    ).encode()


def _frame(backdrop: Backdrop) -> str:
    """Words, axes and landmarks."""
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
    )


def _others(backdrop: Backdrop, rows: Sequence[Row]) -> str:
    return f'<path d="{_curves(rows, backdrop.spot)}" style="fill:none;stroke:{GREY};stroke-width:.8;opacity:.7"/>'


def _chance(backdrop: Backdrop) -> str:
    known = backdrop.points.dropna(subset="chance").drop_duplicates("length").sort_values("length")
    low, high = backdrop.up
    inside = known[(known["chance"] >= low) & (known["chance"] <= high)]
    return _line(backdrop.spot(row["length"], row["chance"]) for row in inside.to_dict("records"))


def _curves(rows: Sequence[Row], spot: Placing) -> str:
    """The curves of these rows as one path."""
    return "".join(_line(_places(list(own), spot)) for _, own in groupby(rows, key=_curve))


def _bands(rows: Sequence[Row], spot: Placing) -> str:
    """The intervals around these rows as one path."""
    return "".join(
        _band([row for row in own if math.isfinite(row["low"])], spot) for _, own in groupby(rows, key=_curve)
    )


def _band(rows: Sequence[Row], spot: Placing) -> str:
    if not rows:
        return ""
    there = [spot(row["length"], row["high"]) for row in rows]
    back = [spot(row["length"], row["low"]) for row in reversed(rows)]
    return f"{_line([*there, *back])}z"


def _curve(row: Row) -> tuple[str, str]:
    return row["encoding"], row["trained_with"]


def _places(rows: Sequence[Row], spot: Placing) -> list[Spot]:
    return [spot(row["length"], row["mean"]) for row in rows]


def _line(places: Iterable[Spot]) -> str:
    written = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return f"M{written}" if written else ""
