"""Attention images of many models on one sentence: the words are drawn once, each model's weights on top of them.

Laying out hundreds of words takes most of the time, and all models that read the same sentence share them. So
everything except the weights is drawn once and kept, and each model's weights are drawn over a copy of it.

Convention: an image has 256 colours, 231 of the weight scale and 25 greys, which makes it a third of the size. No
colour moves by more than one step of that scale.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.image import AxesImage
from PIL import Image

from benchmark.reports.draw.attention import WEIGHTS, attention, seen
from benchmark.reports.draw.canvas import also_print, look
from benchmark.reports.draw.style import EDGE, INK, SURFACE
from benchmark.reports.tables.probes import Probe

DOTS = 120  # per inch
GREYS = 25  # odd: the middle one is that of frames


def attention_pictures(probes: Sequence[Probe]) -> list[bytes]:
    """The attention of each probe as a PNG file; the same probes give the same bytes."""
    backgrounds: dict[tuple[object, ...], _Background] = {}
    found = []
    with look():
        for probe in probes:
            shared = (probe.words, probe.attention.shape)
            backgrounds[shared] = backgrounds.get(shared) or _Background.of(probe)
            found.append(backgrounds[shared].image(probe))
            also_print(found[-1], partial(attention, probe))
    return found


@dataclass(frozen=True, kw_only=True)
class _Background:
    """What the images of one sentence have in common, and the parts that change."""

    canvas: Any  # matplotlib's, which is untyped
    pixels: Any  # matplotlib's copy of the canvas
    panels: tuple[tuple[Axes, AxesImage], ...]  # layer by layer, head by head

    @classmethod
    def of(cls, probe: Probe) -> "_Background":
        figure = attention(probe, titled=False)
        figure.set_dpi(DOTS)
        canvas: Any = FigureCanvasAgg(figure)
        panels = tuple((axes, axes.images[0]) for axes in figure.axes if axes.images)
        for artist in (part for axes, image in panels for part in (image, *axes.spines.values())):
            artist.set_animated(True)  # left out of the background
        canvas.draw()
        return cls(canvas=canvas, pixels=canvas.copy_from_bbox(figure.bbox), panels=panels)

    def image(self, probe: Probe) -> bytes:
        """The image of one probe."""
        self.canvas.restore_region(self.pixels)
        weights = probe.attention.reshape(-1, *probe.attention.shape[2:])
        for (axes, drawn), own in zip(self.panels, weights, strict=True):
            drawn.set_data(seen(own))
            for artist in (drawn, *axes.spines.values()):
                axes.draw_artist(artist)
        return _png(Image.fromarray(np.asarray(self.canvas.buffer_rgba())).convert("RGB"))


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.quantize(palette=_palette(), dither=Image.Dither.NONE).save(buffer, "png", optimize=True)
    return buffer.getvalue()


@cache
def _palette() -> Image.Image:
    """The weight scale, and greys for text, from our ink over the grey of frames to white."""
    scale = WEIGHTS(np.linspace(0, 1, 256 - GREYS))[:, :3]
    stops = np.array([to_rgb(color) for color in (INK, EDGE, SURFACE)])
    greys = np.stack([np.interp(np.linspace(0, 2, GREYS), range(3), channel) for channel in stops.T], axis=1)
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.rint(255 * np.concatenate([scale, greys])).astype(np.uint8).tobytes())
    return palette
