"""How things look in a figure: one style per encoding (`palette`), and the colours that every figure shares.

    luminance = 0.2126 R + 0.7152 G + 0.0722 B,   R, G, B linearised from sRGB

Text on a coloured field is black where the luminance exceeds 0.179 and white elsewhere, whichever contrasts more.

Sources: Okabe and Ito 2008, https://jfly.uni-koeln.de/color/ (colours that colour-blind readers can distinguish);
WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance.
Convention: an encoding also has its own marker and dash pattern, so a figure can be read without colour.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

OWN_COLOR = {
    "rope": "#0072B2",  # blue
    "alibi": "#D55E00",  # vermilion
    "learned": "#009E73",  # bluish green
    "sinusoidal": "#CC79A7",  # reddish purple
    "none": "#6E6E6E",  # grey
}
COLORS = ("#E69F00", "#56B4E9", *OWN_COLOR.values())  # the first two are reserved for no encoding
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")  # plotly's names
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINE_STYLES: dict[str, Any] = {
    "solid": "-",
    "dash": (0, (5, 2)),
    "dot": (0, (1, 1.5)),
    "dashdot": (0, (5, 2, 1, 2)),
    "longdash": (0, (10, 3)),
    "longdashdot": (0, (10, 3, 1, 3)),
}
OWN_MARK = {
    "rope": ("o", "solid"),
    "alibi": ("s", "dash"),
    "learned": ("^", "dot"),
    "sinusoidal": ("D", "dashdot"),
    "none": ("v", "solid"),
}
MUTED = "#595959"  # reference lines and small print: contrast 7:1 on white
EDGE = "#B0B0B0"  # axes
GRID = "#E6E6E6"
HATCH = "#C8C8C8"
VALUES = "viridis"  # colour map of values
BLANK = "#EFEFEF"  # behind fields without a value
INK_SWITCH = 0.179  # luminance at which black and white contrast equally


@dataclass(frozen=True, kw_only=True)
class Style:
    """How an encoding is drawn, in static and interactive figures alike."""

    color: str  # "#RRGGBB"
    marker: str  # matplotlib's name
    dash: str  # one of DASHES
    light: bool = False  # thin and without a band, so that the others stand out

    @property
    def line_style(self) -> Any:
        """The dash as matplotlib spells it."""
        return LINE_STYLES[self.dash]

    @property
    def stroke(self) -> dict[str, Any]:
        """A line as matplotlib spells it."""
        weight = {"linewidth": 0.9, "markersize": 3, "alpha": 0.55, "zorder": 1.9} if self.light else {}
        return {"color": self.color, "linestyle": self.line_style, **weight}

    @property
    def dots(self) -> dict[str, Any]:
        """The seeds of a curve as matplotlib spells them."""
        mark = {"marker": "o", "markersize": 2.6, "markeredgewidth": 0, "linestyle": "", "zorder": 2.2}
        return {"color": self.color, "alpha": 0.6, **mark}


Styles = Mapping[str, Style]


def palette(encodings: Iterable[str]) -> dict[str, Style]:
    """A style per label. Classic encodings always keep theirs; the others start from a hash of their label.

    Up to 42 encodings, no two share both colour and dash.
    """
    labels = sorted(set(encodings))
    styles = {label: _own_style(label) for label in labels if label in OWN_COLOR}
    for label in labels:
        if label not in styles:
            styles[label] = _free_style(label, list(styles.values()))
    return styles


def value_colors(*, lower_is_better: bool) -> str:
    """The colour map of values: the better a value, the brighter its colour."""
    return f"{VALUES}_r" if lower_is_better else VALUES


def ink_on(faces: ArrayLike) -> NDArray[np.str_]:
    """The text colour, "black" or "white", that contrasts more with each background. `faces`: [..., RGB or RGBA]."""
    rgb = np.asarray(faces, dtype=float)[..., :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    return np.where(luminance > INK_SWITCH, "black", "white")


def _own_style(label: str) -> Style:
    marker, dash = OWN_MARK[label]
    return Style(color=OWN_COLOR[label], marker=marker, dash=dash)


def _free_style(label: str, taken: Sequence[Style]) -> Style:
    """The first free colour, counting from the label's hash; after those, the first free pair of colour and dash."""
    start = zlib.crc32(label.encode())
    colors = [COLORS[(start + step) % len(COLORS)] for step in range(len(COLORS))]
    dashes = [DASHES[(start + step) % len(DASHES)] for step in range(len(DASHES))]
    used_colors, used_pairs = {style.color for style in taken}, {(style.color, style.dash) for style in taken}
    pairs = [(color, dash) for dash, color in product(dashes, colors)]
    unused = [pair for pair in pairs if pair[0] not in used_colors] or [
        pair for pair in pairs if pair not in used_pairs
    ]
    color, dash = (unused or pairs)[0]
    return Style(color=color, marker=MARKERS[(start + len(taken)) % len(MARKERS)], dash=dash)
