"""Mean ranks on a line, with the critical difference: bars join encodings that do not differ significantly.

Source: Demsar 2006, Journal of Machine Learning Research 7, figure 1.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.reports.draw.canvas import styled
from benchmark.reports.draw.fonts import drawable, label_width
from benchmark.reports.draw.style import INK, MUTED, Styles

ROW = 0.21  # inches from label to label
BAR_ROW = 0.11  # from bar to bar
HEADER = 0.87  # notes, and the critical difference
LINE_WIDTH = 2.4  # of the line of ranks, at least
PLACE = 0.09  # of a rank on a line with many
TICK = 0.3  # the least from tick to tick


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """An encoding's label, its mean rank, and the encoding whose style it takes."""

    label: str
    encoding: str
    rank: float

    @property
    def text(self) -> str:
        """The label followed by the rank."""
        return drawable(f"{self.label}  {self.rank:.2f}")


@styled
def ranks(
    ranked: Sequence[Ranked],
    runs: Sequence[tuple[int, int]],
    critical: float,
    styles: Styles,
    notes: Sequence[str],
) -> Figure:
    """Best on the left. `ranked` is in the order of ranks; `runs` comes from `friedman.indistinct_runs`."""
    half = math.ceil(len(ranked) / 2)
    side = 0.35 + max(label_width(each.text) for each in ranked)
    bars = 0.2 + BAR_ROW * len(runs)
    across = max(LINE_WIDTH, PLACE * len(ranked))
    width, height = 2 * side + across, HEADER + 0.45 + bars + ROW * half + 0.1
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(-height, 0)
    line = _Line(left=side, width=across, down=HEADER + 0.35, most=max(2, len(ranked)))
    _draw_line(axes, line)
    if math.isfinite(critical):
        _draw_critical(axes, line, critical)
    for place, each in enumerate(ranked):
        row = place if place < half else len(ranked) - 1 - place
        _draw_stem(axes, line, each, bars + ROW * row, styles[each.encoding].color, left=place < half)
    for row, (first, last) in enumerate(runs):
        ends = (line.at(ranked[first].rank) - 0.05, line.at(ranked[last].rank) + 0.05)
        axes.hlines(-(line.down + 0.12 + BAR_ROW * row), *ends, color=INK, linewidth=3.2)
    for place, note in enumerate(notes):
        axes.text(0.1, -(0.1 + 0.19 * place), note, fontsize=9, color=MUTED, va="top")
    return figure


@dataclass(frozen=True, kw_only=True)
class _Line:
    """Position of the line of ranks 1 .. most, in inches from the upper left."""

    left: float
    width: float
    down: float
    most: int

    def at(self, rank: float) -> float:
        return self.left + self.width * (rank - 1) / (self.most - 1)


def _draw_line(axes: Axes, line: _Line) -> None:
    axes.hlines(-line.down, line.left, line.left + line.width, color=INK, linewidth=1.2)
    step = math.ceil((line.most - 1) * TICK / line.width)
    for rank in range(1, line.most + 1, step):
        axes.vlines(line.at(rank), -line.down, -line.down + 0.07, color=INK, linewidth=1.2)
        axes.text(line.at(rank), -line.down + 0.11, str(rank), fontsize=9, ha="center", va="bottom")


def _draw_critical(axes: Axes, line: _Line, critical: float) -> None:
    """The critical difference as a bar above the line; an arrow marks one that is longer than the line."""
    whole = critical <= line.most - 1
    end = line.at(1 + critical) if whole else line.left + line.width
    down = line.down - 0.42
    axes.hlines(-down, line.left, end, color=MUTED, linewidth=2)
    marks = (line.left, end) if whole else (line.left,)
    axes.vlines(marks, -down - 0.05, -down + 0.05, color=MUTED, linewidth=2)
    if not whole:
        axes.plot(end, -down, marker=">", color=MUTED, markersize=7)
    axes.text(line.left - 0.08, -down, f"CD {critical:.2f}", fontsize=9, color=MUTED, ha="right", va="center")


def _draw_stem(axes: Axes, line: _Line, each: Ranked, down: float, color: str, *, left: bool) -> None:
    """From the rank down, then out to the label on its side."""
    place, level = line.at(each.rank), -(line.down + down)
    end = line.left - 0.15 if left else line.left + line.width + 0.15
    axes.plot([place, place, end], [-line.down, level, level], color=color, linewidth=1.3, solid_joinstyle="miter")
    axes.text(
        end - 0.06 if left else end + 0.06, level, each.text, fontsize=8.5, ha="right" if left else "left", va="center"
    )
