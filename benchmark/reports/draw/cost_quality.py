"""Cost against quality: points with bars in both directions, and the Pareto front as a step line.

There is one panel per kind of cost. A few encodings are named at their points; many are numbered by value, with a key
below.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullLocator

from benchmark.reports.draw.canvas import styled
from benchmark.reports.draw.fonts import drawable, label_width
from benchmark.reports.draw.style import INK, MUTED, SURFACE, Style, Styles
from benchmark.reports.page.exhibit import MANY
from benchmark.reports.stats.estimate import Estimate, Floats
from benchmark.reports.stats.pareto import front, steps

PANEL = (3.95, 2.9)  # width and height of a panel, in inches
LEFT, TOP, BOTTOM, BETWEEN = 0.8, 0.15, 0.55, 0.3
KEY_ROW = 0.185  # height of a key entry, in inches
WIDE_RANGE = 4  # costs that differ by a larger factor get a logarithmic axis
TEXT_HEIGHT = 0.13  # of a label at a point, in inches
RADII = (0.1, 0.2, 0.32, 0.46)  # distances from a point at which its label may stand, in inches

Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, bottom, right, top


@dataclass(frozen=True, kw_only=True)
class Dot:
    """An encoding: its label, the encoding whose style it takes, its value, and its cost in each panel."""

    label: str
    encoding: str
    value: Estimate
    costs: tuple[Estimate, ...]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What the axes say."""

    costs: tuple[str, ...]  # one per panel
    value: str
    lower_is_better: bool
    share: bool  # the value lies between 0 and 1


@styled
def cost_quality(dots: Sequence[Dot], frame: Frame, styles: Styles) -> Figure:
    """Draw dots that have a value and a cost in at least one panel, best value first."""
    panels = len(frame.costs)
    many = len(dots) > MANY
    panel = (2 * PANEL[0], 1.5 * PANEL[1]) if many else PANEL
    width = LEFT + panels * (panel[0] + BETWEEN) - 0.15
    columns = max(1, int(width / (0.4 + max(label_width(f"00  {dot.label}") for dot in dots))))
    bottom = BOTTOM + many * (0.2 + KEY_ROW * math.ceil(len(dots) / columns))
    height = TOP + panel[1] + bottom
    figure = Figure(figsize=(width, height))
    for index in range(panels):
        left = LEFT + index * (panel[0] + BETWEEN)
        axes = figure.add_axes((left / width, bottom / height, panel[0] / width, panel[1] / height))
        _draw(axes, dots, index, frame, styles, panel)
    if many:
        best = set().union(*(_on_front(dots, index, frame) for index in range(panels)))
        _key(figure, dots, styles, best, columns)
    return figure


def placed(points: Sequence[Point], widths: Sequence[float], panel: Point, lines: Sequence[Box] = ()) -> list[Point]:
    """The lower left corners of point labels, in inches: near their point, and clear of the others and of `lines`.

    Each label takes the nearest free place around its point, or the place to its right if none is free.
    """
    taken: list[Box] = [*((x - 0.05, y - 0.05, x + 0.05, y + 0.05) for x, y in points), *lines]
    corners = []
    for point, width in zip(points, widths, strict=True):
        places = list(_around(point, width))
        free = (
            place for place in places if _inside(_box(place, width), panel) and not _hits(_box(place, width), taken)
        )
        corner = next(free, places[0])
        taken.append(_box(corner, width))
        corners.append(corner)
    return corners


def _around(point: Point, width: float) -> Iterator[Point]:
    """Places to the right, left, above, below and diagonally, at growing distances."""
    x, y = point
    for off in RADII:
        across = (x + off, x - off - width, x - width / 2)
        along = (y - TEXT_HEIGHT / 2, y + off, y - off - TEXT_HEIGHT)
        yield from (
            (left, bottom)
            for bottom, left in itertools.product(along, across)
            if (left, bottom) != (across[2], along[0])
        )


def _box(corner: Point, width: float) -> Box:
    return corner[0], corner[1], corner[0] + width, corner[1] + TEXT_HEIGHT


def _inside(box: Box, panel: Point) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= panel[0] and box[3] <= panel[1]


def _hits(box: Box, taken: Sequence[Box]) -> bool:
    return any(
        box[0] < right and left < box[2] and box[1] < top and bottom < box[3] for left, bottom, right, top in taken
    )


def _on_front(dots: Sequence[Dot], index: int, frame: Frame) -> set[str]:
    flags = front(
        [dot.costs[index].value for dot in dots],
        [dot.value.value for dot in dots],
        lower_is_better=frame.lower_is_better,
    )
    return {dot.label for dot, flag in zip(dots, flags, strict=True) if flag}


def _draw(axes: Axes, dots: Sequence[Dot], index: int, frame: Frame, styles: Styles, panel: Point) -> None:
    known = [dot for dot in dots if not math.isnan(dot.costs[index].value)]
    best = _on_front(dots, index, frame)
    for dot in known:
        _draw_dot(axes, dot, dot.costs[index], styles[dot.encoding], on_front=dot.label in best)
    _scales(axes, [dot.costs[index] for dot in known], frame)
    if frame.share:
        _share(axes, [dot.value for dot in known])
    axes.set_xlabel(frame.costs[index])
    axes.set_ylabel(frame.value if index == 0 else "")
    _name(axes, dots, known, index, panel, _draw_front(axes, known, index, best))


def _draw_dot(axes: Axes, dot: Dot, cost: Estimate, style: Style, *, on_front: bool) -> None:
    look: dict[str, Any] = {"fmt": "none", "ecolor": style.color, "elinewidth": 0.8, "alpha": 0.45}
    axes.errorbar(cost.value, dot.value.value, xerr=_reach(cost), yerr=_reach(dot.value), **look)
    axes.plot(cost.value, dot.value.value, **_mark(style, on_front=on_front))


def _mark(style: Style, *, on_front: bool) -> dict[str, Any]:
    edge = {"markeredgecolor": INK, "markersize": 8} if on_front else {"markeredgecolor": SURFACE, "markersize": 6}
    return {"marker": style.marker, "color": style.color, "linestyle": "", **edge}


def _reach(estimate: Estimate) -> Floats:
    """How far a bar extends below and above the value; 0 if there is none."""
    ends = np.array([[estimate.value - estimate.low], [estimate.high - estimate.value]])
    return np.asarray(np.maximum(0, np.nan_to_num(ends)))


def _scales(axes: Axes, costs: Sequence[Estimate], frame: Frame) -> None:
    axes.margins(0.08)
    values = [cost.value for cost in costs if cost.value > 0]
    if values and max(values) > WIDE_RANGE * min(values):
        axes.set_xscale("log")
        axes.set_xlim(min(values) / 1.25, max(values) * 1.25)
        axes.set_xticks(_ticks(min(values), max(values)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))


def _share(axes: Axes, values: Sequence[Estimate]) -> None:
    """From 0 up to 1, or less if all values are far below 1: points crowded in a corner would be indistinguishable."""
    top = 1.15 * max(float(np.nanmax([value.value, value.high])) for value in values)
    top = min(1.0, max(top, 0.1))
    axes.set_ylim(-0.03 * top, 1.05 * top)


def _ticks(low: float, high: float) -> list[float]:
    """Powers of ten times 1, 2 and 5."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [
        float(f"{step}e{power}")
        for power in decades
        for step in (1, 2, 5)
        if low / 1.25 <= step * 10.0**power <= high * 1.25
    ]


def _draw_front(axes: Axes, known: Sequence[Dot], index: int, best: set[str]) -> list[Point]:
    """Draw the step line; return its corners in data coordinates."""
    corners = steps(
        [dot.costs[index].value for dot in known],
        [dot.value.value for dot in known],
        [dot.label in best for dot in known],
    )
    low, high = axes.get_xlim()
    across = [cost for cost, _ in corners] + [high]
    down = [value for _, value in corners] + [corners[-1][1]]
    axes.step(across, down, where="post", color=INK, linewidth=1.1, zorder=1.5)
    axes.set_xlim(low, high)
    return [
        corner
        for start, end, level in zip(across, across[1:], down, strict=False)
        for corner in ((start, level), (end, level))
    ]


def _name(
    axes: Axes, dots: Sequence[Dot], known: Sequence[Dot], index: int, panel: Point, line: Sequence[Point]
) -> None:
    """Write names or numbers at the points, clear of the line of the front and of the bars."""
    numbers = {dot.label: str(place) for place, dot in enumerate(dots, start=1)}
    texts = [numbers[dot.label] if len(dots) > MANY else drawable(dot.label) for dot in known]
    points = _inches(axes, [(dot.costs[index].value, dot.value.value) for dot in known], panel)
    bars = [box for dot in known for box in _bars(axes, dot, index, panel)]
    lines = [*_along(_inches(axes, line, panel)), *bars]
    corners = placed(points, [label_width(text) * 0.95 for text in texts], panel, lines)
    for text, (left, bottom), (x, y) in zip(texts, corners, points, strict=True):
        axes.text(left / panel[0], bottom / panel[1], text, transform=axes.transAxes, fontsize=8, va="bottom")
        middle = left + label_width(text) / 2, bottom + TEXT_HEIGHT / 2
        if math.dist(middle, (x, y)) > RADII[1] + label_width(text) / 2:
            ends = [[x / panel[0], middle[0] / panel[0]], [y / panel[1], middle[1] / panel[1]]]
            axes.plot(*ends, transform=axes.transAxes, color=MUTED, linewidth=0.5, zorder=1.6)


def _bars(axes: Axes, dot: Dot, index: int, panel: Point) -> list[Box]:
    """The boxes that the bars of a point cover."""
    value, cost = dot.value, dot.costs[index]
    ends = [
        [(low if math.isfinite(low) else cost.value, value.value) for low in (cost.low, cost.high)],
        [(cost.value, low if math.isfinite(low) else value.value) for low in (value.low, value.high)],
    ]
    return [box for pair in ends for box in _along(_inches(axes, pair, panel))]


def _inches(axes: Axes, points: Sequence[Point], panel: Point) -> list[Point]:
    """Data coordinates as inches from the lower left of the panel."""
    shares = axes.transLimits.transform(axes.transScale.transform(points))
    return [(float(x) * panel[0], float(y) * panel[1]) for x, y in shares]


def _along(corners: Sequence[Point]) -> list[Box]:
    """The boxes that the segments of a line cover."""
    return [
        (min(a, c) - 0.02, min(b, d) - 0.02, max(a, c) + 0.02, max(b, d) + 0.02)
        for (a, b), (c, d) in itertools.pairwise(corners)
    ]


def _key(figure: Figure, dots: Sequence[Dot], styles: Styles, best: set[str], columns: int) -> None:
    handles = [
        Line2D(
            [], [], label=drawable(f"{place}  {dot.label}"), **_mark(styles[dot.encoding], on_front=dot.label in best)
        )
        for place, dot in enumerate(dots, start=1)
    ]
    spaces: dict[str, Any] = {"labelspacing": 0.28, "handletextpad": 0.4, "columnspacing": 1.0, "borderaxespad": 0.2}
    figure.legend(handles=handles, loc="lower left", ncols=columns, fontsize=8, **spaces)
