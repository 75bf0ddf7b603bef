"""Attention of many models on one sentence: its words are drawn once, and each model's weights over them.

Laying out hundreds of words takes most of the time of such a picture, and all models that were shown one sentence
share them. So everything but title and weights is drawn and kept, and these are put on it for each model in turn, as
the figures of a film are over their background.

Convention: a picture has 256 colours, 224 of the scale of weights and 32 greys, which makes it a third as large. No
colour moves by more than a step of that scale.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import AxesImage
from matplotlib.text import Text
from PIL import Image

from benchmark.reports.draw.attention import WEIGHTS, attention, probe_title, seen
from benchmark.reports.draw.canvas import look
from benchmark.reports.tables.probes import Probe
from benchmark.reports.words import t

DOTS = 120  # per inch
GREYS = 32


def attention_pictures(probes: Sequence[Probe]) -> list[bytes]:
    """The attention of each probe, as the bytes of a PNG; the same probes give the same bytes."""
    films: dict[tuple[object, ...], _Film] = {}
    found = []
    with look():
        for probe in probes:
            scene = (probe.words, probe.attention.shape)
            films[scene] = films.get(scene) or _Film.of(probe)
            found.append(films[scene].frame(probe))
    return found


@dataclass(frozen=True, kw_only=True)
class _Film:
    """What the pictures of one sentence have in common, and the parts that differ."""

    canvas: Any  # matplotlib's, without types
    background: Any  # matplotlib's copy of the canvas
    title: Text
    panels: tuple[tuple[Axes, AxesImage], ...]  # layer by layer, head by head

    @classmethod
    def of(cls, probe: Probe) -> "_Film":
        figure = attention(probe)
        figure.set_dpi(DOTS)
        canvas: Any = FigureCanvasAgg(figure)
        panels = tuple((axes, axes.images[0]) for axes in figure.axes if axes.images)
        title = figure.texts[0]
        for artist in (title, *(part for axes, image in panels for part in (image, *axes.spines.values()))):
            artist.set_animated(True)  # left out of the background
        canvas.draw()
        return cls(canvas=canvas, background=canvas.copy_from_bbox(figure.bbox), title=title, panels=panels)

    def frame(self, probe: Probe) -> bytes:
        """The picture of one probe."""
        self.canvas.restore_region(self.background)
        self.title.set_text(probe_title(probe, t("attention")))
        self.canvas.figure.draw_artist(self.title)
        weights = probe.attention.reshape(-1, *probe.attention.shape[2:])
        for (axes, image), own in zip(self.panels, weights, strict=True):
            image.set_data(seen(own))
            for artist in (image, *axes.spines.values()):
                axes.draw_artist(artist)
        return _png(Image.fromarray(np.asarray(self.canvas.buffer_rgba())).convert("RGB"))


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.quantize(palette=_palette(), dither=Image.Dither.NONE).save(buffer, "png", optimize=True)
    return buffer.getvalue()


@cache
def _palette() -> Image.Image:
    """The scale of weights, and greys for what is written; white and black are among them."""
    scale = matplotlib.colormaps[WEIGHTS](np.linspace(0, 1, 256 - GREYS))[:, :3]
    greys = np.linspace(0, 1, GREYS)[:, None].repeat(3, axis=1)
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.rint(255 * np.concatenate([scale, greys])).astype(np.uint8).tobytes())
    return palette
