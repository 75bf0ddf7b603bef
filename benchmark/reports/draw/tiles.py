"""Boards of coloured tiles with a value in each, several boards on one colour scale.

The layout is computed in inches from the lengths of the labels: letting matplotlib measure a thousand labels would take
seconds.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from benchmark.reports.draw.axes import COLUMN
from benchmark.reports.draw.canvas import styled
from benchmark.reports.draw.fonts import drawable, label_width
from benchmark.reports.draw.style import BLANK, HATCH, INK, MUTED, ON_DARK, SURFACE, ink_on
from benchmark.reports.stats.estimate import Floats

FIELD_HEIGHT = {True: 0.25, False: 0.15}  # inches, here and below; with values, without
FIELD_WIDTH = {True: 0.44, False: 0.15}
LABEL_SIZE = {True: 8.5, False: 7.0}  # points
WIDEST = 15.0  # inches, of boards side by side
LINE = 0.19  # height of a line of small print
BAR = 0.75  # height of the colour bar with its label
BAR_WIDTH = 2.6
GAP = 0.2

Place = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Board:
    """Tiles by row and column; NaN is hatched. `framed` tiles have a frame, `dotted` ones a dot."""

    title: str
    values: Floats  # [rows, columns]
    texts: tuple[tuple[str, ...], ...] = ()  # empty: tiles too small for a value
    framed: frozenset[Place] = frozenset()
    dotted: frozenset[Place] = frozenset()
    partial: frozenset[Place] = frozenset()  # lightly hatched over their colour


@dataclass(frozen=True, kw_only=True)
class Scale:
    """From a value to a colour; values beyond an end take the colour of that end."""

    colors: str
    low: float
    high: float
    label: str

    @property
    def cmap(self) -> Colormap:
        """The colours as a matplotlib colour map."""
        return matplotlib.colormaps[self.colors]

    @property
    def norm(self) -> Normalize:
        """The ends as a matplotlib norm."""
        return Normalize(self.low, self.high, clip=True)


@dataclass(frozen=True, kw_only=True)
class Labels:
    """The labels of rows and columns, the same for every board, and the indices before which a rule is drawn."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    row_rules: tuple[int, ...] = ()
    column_rules: tuple[int, ...] = ()


@styled
def boards(drawn: Sequence[Board], labels: Labels, scale: Scale, key: str) -> Figure:
    """Draw boards that share rows, columns and colours. `key` says what their marks mean."""
    notes = _wrapped(key)
    layout = _layout(drawn, labels, notes)
    figure = Figure(figsize=layout.size)
    for index, board in enumerate(drawn):
        axes = figure.add_axes(layout.board(index))
        _draw(axes, board, labels, scale)
        _label(axes, board, labels, layout, first=index % layout.columns == 0)
    place = figure.add_axes(layout.bar())
    bar = figure.colorbar(ScalarMappable(scale.norm, scale.cmap), cax=place, orientation="horizontal")
    bar.set_label(scale.label, fontsize=8.5)
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)
    _header(figure, layout, notes)
    return figure


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """Sizes in inches; boards are stacked if they are too wide to fit side by side."""

    boards: int
    side: float  # of row labels
    top: float  # of column labels and the board's title
    width: float  # of a board
    height: float
    header: float  # of the notes
    right: float  # of the last column label, which leans over the edge

    @property
    def columns(self) -> int:
        across = self.boards * (self.width + GAP) + self.side
        return self.boards if across <= WIDEST else 1

    @property
    def size(self) -> tuple[float, float]:
        rows = math.ceil(self.boards / self.columns)
        width = self.side + self.columns * (self.width + GAP) + self.right
        return max(COLUMN, width), self.header + rows * (self.top + self.height + GAP) + BAR

    def board(self, index: int) -> tuple[float, float, float, float]:
        """Left, bottom, width and height of a board, as fractions of the figure."""
        row, column = divmod(index, self.columns)
        left = self.side + column * (self.width + GAP)
        return self._shares(left, self.header + self.top + row * (self.top + self.height + GAP))

    def bar(self) -> tuple[float, float, float, float]:
        """The same for the colour bar, below the boards."""
        width, height = self.size
        return self.side / width, (BAR - 0.15) / height, BAR_WIDTH / width, 0.12 / height

    def _shares(self, left: float, down: float) -> tuple[float, float, float, float]:
        width, height = self.size
        return left / width, 1 - (down + self.height) / height, self.width / width, self.height / height


def _layout(drawn: Sequence[Board], labels: Labels, notes: Sequence[str]) -> _Layout:
    texts = bool(drawn[0].texts)
    return _Layout(
        boards=len(drawn),
        side=0.2 + max(map(label_width, labels.rows)),
        # Column titles are set at 45 degrees.
        top=0.4 + 0.75 * max(map(label_width, labels.columns)),
        width=FIELD_WIDTH[texts] * len(labels.columns),
        height=FIELD_HEIGHT[texts] * len(labels.rows),
        header=0.1 + LINE * len(notes),
        right=0.75 * label_width(labels.columns[-1]),
    )


def _wrapped(text: str) -> list[str]:
    """The lines of small print that fit a narrow figure."""
    lines = [""]
    for word in re.split(r"(?<=[ ；，：。])", text):
        if label_width(lines[-1] + word) > COLUMN - 0.2:
            lines.append("")
        lines[-1] += word
    return lines


def _draw(axes: Axes, board: Board, labels: Labels, scale: Scale) -> None:
    rows, columns = board.values.shape
    known = np.ma.masked_invalid(board.values)
    # An image rather than a mesh: a thousand paths would make a page heavy.
    axes.imshow(known, cmap=scale.cmap, norm=scale.norm, extent=(0, columns, rows, 0), aspect="auto")
    axes.set_xlim(0, columns)
    axes.set_ylim(rows, 0)
    axes.hlines(range(1, rows), 0, columns, color=SURFACE, linewidth=0.8)
    axes.vlines(range(1, columns), 0, rows, color=SURFACE, linewidth=0.8)
    axes.grid(visible=False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for row, column in zip(*np.nonzero(np.isnan(board.values)), strict=True):
        _hatch(axes, (row, column), HATCH, BLANK)
    for place in sorted(board.partial):
        _hatch(axes, place, ON_DARK, "none")
    _write(axes, board, scale)
    for row, column in sorted(board.framed):
        frame = Rectangle((column + 0.04, row + 0.05), 0.92, 0.9, fill=False, edgecolor=INK, linewidth=1.6)
        axes.add_patch(frame)
    axes.hlines(labels.row_rules, -0.2, columns, color=INK, linewidth=1.2, clip_on=False)
    axes.vlines(labels.column_rules, -0.2, rows, color=INK, linewidth=1.2, clip_on=False)


def _hatch(axes: Axes, place: Place, color: str, face: str) -> None:
    row, column = place
    axes.add_patch(
        Rectangle((column, row), 1, 1, facecolor=face, edgecolor=color, hatch="////", linewidth=0, fill=face != "none")
    )


def _write(axes: Axes, board: Board, scale: Scale) -> None:
    """The values and the dots, in the ink that contrasts more with each tile."""
    inks = ink_on(scale.cmap(scale.norm(np.nan_to_num(board.values))))
    for row, texts in enumerate(board.texts):
        for column, text in enumerate(texts):
            ink = inks[row, column] if np.isfinite(board.values[row, column]) else MUTED
            axes.text(column + 0.5, row + 0.54, text, ha="center", va="center", fontsize=7.5, color=ink)
    if board.dotted:
        down, across = (np.array(side) for side in zip(*sorted(board.dotted), strict=True))
        aside = (0.89, 0.22) if board.texts else (0.5, 0.5)
        axes.scatter(across + aside[0], down + aside[1], s=9, c=inks[down, across], linewidths=0, zorder=3)


def _label(axes: Axes, board: Board, labels: Labels, layout: _Layout, *, first: bool) -> None:
    rows, columns = board.values.shape
    size = LABEL_SIZE[bool(board.texts)]
    axes.xaxis.tick_top()
    axes.set_xticks(np.arange(columns) + 0.5, [drawable(name) for name in labels.columns], fontsize=size)
    for tick in axes.get_xticklabels():
        tick.set(rotation=45, ha="left", rotation_mode="anchor")
    names = [drawable(name) for name in labels.rows] if first else []
    axes.set_yticks(np.arange(rows) + 0.5 if first else [], names, fontsize=size)
    height = 1 + (layout.top - 0.2) / layout.height
    axes.text(0, height, board.title, transform=axes.transAxes, fontsize=10, va="center")


def _header(figure: Figure, layout: _Layout, notes: Sequence[str]) -> None:
    width, height = layout.size
    for line, note in enumerate(notes):
        figure.text(0.1 / width, 1 - (0.08 + LINE * line) / height, note, fontsize=9, color=MUTED, va="top")
