"""Attention on one sentence: one panel per head, with the words on both axes.

Convention: colours follow the square root of the weight, so that small weights remain visible; a word without any
weight stays blank, unlike one that is hardly attended to. Words that may not be seen have none.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import seaborn  # type: ignore[import-untyped]
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmark.reports.draw.canvas import styled
from benchmark.reports.draw.fonts import drawable
from benchmark.reports.draw.style import MUTED
from benchmark.reports.tables.probes import Probe
from benchmark.reports.words import listed, t

WEIGHTS = seaborn.color_palette("rocket_r", as_cmap=True)  # of attention weights
HEAD_COLUMNS = 4  # panels side by side
TITLE, NOTE = 0.3, 0.2  # inches: the heights of the title and of a line of small print


@styled
def attention(
    probe: Probe,
    layers: Sequence[int] | None = None,
    *,
    titled: bool = True,
    spelled: Sequence[str] = (),
    without_id: Sequence[str] = (),
) -> Figure:
    """One panel per head, one block of rows per layer (default: every layer).

    `spelled` are words outside the vocabulary, `without_id` characters outside it; the picture says so.
    """
    notes = (
        t("rows: the word that attends; columns: the word attended to; blank: no weight"),
        *([_spelled(spelled)] if spelled else []),
        *([_without_id(without_id)] if without_id else []),
    )
    chosen = range(len(probe.attention)) if layers is None else layers
    heads = probe.attention.shape[1]
    columns = min(heads, HEAD_COLUMNS)
    rows = len(chosen) * math.ceil(heads / columns)
    top = TITLE * titled + NOTE * len(notes) + 0.1
    grid = _PanelGrid.around(probe.words, rows, columns, top)
    figure = Figure(figsize=(grid.width, grid.height))
    per_layer = rows // len(chosen) * columns
    for at, layer in enumerate(chosen):
        for head in range(heads):
            row, column = divmod(at * per_layer + head, columns)
            axes = figure.add_axes(grid.panel(row, column))
            _draw_attention(axes, probe, layer, head, first_column=column == 0)
    bar = figure.colorbar(axes.images[0], cax=figure.add_axes(grid.bar()), ticks=[0, 0.05, 0.2, 0.5, 1])
    bar.set_label(t("attention weight (square-root scale)"), fontsize=8)
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)
    if titled:
        figure.text(0.1 / grid.width, 1 - 0.1 / grid.height, probe_title(probe, t("attention")), fontsize=13, va="top")
    for line, note in enumerate(notes):
        down = (0.1 + TITLE * titled + NOTE * line) / grid.height
        figure.text(0.1 / grid.width, 1 - down, drawable(note), fontsize=9, color=MUTED, va="top")
    return figure


def _spelled(words: Sequence[str]) -> str:
    return t("not in the vocabulary, so read character by character: {words}", words=listed(words))


def _without_id(characters: Sequence[str]) -> str:
    return t("not in the vocabulary, so read as <unk>: {words}", words=listed(characters))


def seen(weights: NDArray[np.floating[Any]]) -> np.ma.MaskedArray[Any, Any]:
    """Attention weights, with those that are 0 masked out."""
    return np.ma.masked_equal(weights, 0)


def probe_title(probe: Probe, what: str) -> str:
    """The title of a figure that looks inside one model."""
    return t(
        "{encoding}: {what}, trained on {task} (1 seed: {seed}; no range)",
        encoding=drawable(probe.encoding),
        what=what,
        task=drawable(probe.task),
        seed=probe.seed,
    )


@dataclass(frozen=True, kw_only=True)
class _PanelGrid:
    """Square panels with words along two sides, in inches: measuring hundreds of labels would take seconds."""

    rows: int
    columns: int
    side: float  # of one panel
    margin: float  # room for the longest word
    top: float  # room for title and small print

    @classmethod
    def around(cls, words: Sequence[str], rows: int, columns: int, top: float) -> "_PanelGrid":
        longest = max(
            (0.11 * len(word) if _is_chinese(word) else 0.065 * len(drawable(word)) for word in words), default=0
        )
        return cls(rows=rows, columns=columns, side=max(1.8, 0.12 * len(words)), margin=0.1 + longest, top=top)

    @property
    def pitch(self) -> float:
        """Distance from the top of one row of panels to the top of the next."""
        return self.side + self.margin + 0.35

    @property
    def width(self) -> float:
        return self.margin + self.columns * (self.side + 0.15) + 1.0

    @property
    def height(self) -> float:
        return self.top + self.rows * self.pitch

    def panel(self, row: int, column: int) -> tuple[float, float, float, float]:
        """Left, bottom, width and height of a panel, as fractions of the figure."""
        left = self.margin + column * (self.side + 0.15)
        bottom = self.height - self.top - row * self.pitch - 0.35 - self.side
        return left / self.width, bottom / self.height, self.side / self.width, self.side / self.height

    def bar(self) -> tuple[float, float, float, float]:
        """The same for the colour bar."""
        left = self.margin + self.columns * (self.side + 0.15) + 0.05
        _, bottom, _, height = self.panel(0, 0)
        return left / self.width, bottom, 0.15 / self.width, height


def _draw_attention(axes: Axes, probe: Probe, layer: int, head: int, *, first_column: bool) -> None:
    weights = seen(probe.attention[layer, head])
    axes.imshow(weights, cmap=WEIGHTS, norm=PowerNorm(0.5, vmin=0, vmax=1), interpolation="nearest")
    axes.set_title(t("layer {layer}, head {head}", layer=layer + 1, head=head + 1), fontsize=9)
    _word_axes(axes, probe.words, first_column=first_column)


def _word_axes(axes: Axes, words: Sequence[str], *, first_column: bool) -> None:
    axes.grid(visible=False)
    axes.tick_params(length=0, pad=2)
    size = 7 if len(words) <= 32 else 6
    axes.set_xticks(range(len(words)), [_upright(drawable(word)) for word in words], fontsize=size, linespacing=1.15)
    for label, word in zip(axes.get_xticklabels(), words, strict=True):
        label.set_rotation(0 if _is_chinese(word) else 90)
    axes.set_yticks(range(len(words)), [drawable(word) for word in words] if first_column else [], fontsize=size)


def _is_chinese(word: str) -> bool:
    return re.fullmatch(r"[\u3000-\u9fff\uff00-\uffef]+", word) is not None


def _upright(word: str) -> str:
    """A label of the horizontal axis: Chinese runs downwards, one character per line; other scripts are rotated."""
    return "\n".join(word) if _is_chinese(word) else word
