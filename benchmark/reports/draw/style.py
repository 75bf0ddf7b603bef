"""How things look in a figure: one style per encoding (`palette`), and the colours that every figure shares.

    luminance = 0.2126 R + 0.7152 G + 0.0722 B,   R, G, B linearised from sRGB

Text on a coloured field is dark where the luminance exceeds 0.179 and light elsewhere, whichever contrasts more.

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

REFERENCE = "#0072B2"  # blue, reserved for the encoding that others are compared with
BEST = "#009E73"  # bluish green, reserved for the mark behind those that may be the best
OWN_COLOR = {
    "rope": "#332288",  # indigo, where it is not the reference
    "alibi": "#D55E00",  # vermilion
    "learned": "#E69F00",  # orange
    "sinusoidal": "#CC79A7",  # reddish purple
    "none": "#6E6E6E",  # grey
}
COLORS = (
    *OWN_COLOR.values(),
    "#56B4E9",
    "#999933",
)  # of all encodings but the reference; the last two are nobody's own
# Each colour of a page and of its figures by name, on a light and on a dark ground.
THEME = {
    "page": ("#f6f7f9", "#12151a"),
    "surface": ("#ffffff", "#1a1e25"),
    "text": ("#1a1f27", "#e6e9ee"),
    "muted": ("#56606d", "#a3adba"),
    "axis": ("#9aa3af", "#5f6a78"),
    "grid": ("#e6e9ee", "#2b313b"),
    "blank": ("#eef1f5", "#232933"),
    "hatch": ("#c5cbd3", "#4a5361"),
    "best": (BEST, "#2fc295"),
    "reference": (REFERENCE, "#4da3e0"),
    **{
        f"series-{index}": (color, dark)
        for index, (color, dark) in enumerate(
            zip(COLORS, ("#a79cf0", "#ff8a3d", "#f2b73d", "#e59ac4", "#b4bac2", "#8fd0f7", "#cccc66"), strict=True)
        )
    },
}
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
    "rope": ("P", "longdash"),
    "alibi": ("s", "dash"),
    "learned": ("^", "dot"),
    "sinusoidal": ("D", "dashdot"),
    "none": ("v", "solid"),
}
SURFACE = THEME["surface"][0]
INK = THEME["text"][0]
MUTED = THEME["muted"][0]  # reference lines and small print: contrast 6.4:1 on white
EDGE = THEME["axis"][0]
GRID = THEME["grid"][0]
HATCH = THEME["hatch"][0]
BLANK = THEME["blank"][0]  # behind fields without a value
VALUES = "viridis"  # colour map of values
ON_LIGHT, ON_DARK = "#101010", "#fdfdfd"  # text on fields of a colour map, which are the same in the dark
INK_SWITCH = 0.179  # luminance at which black and white contrast equally


@dataclass(frozen=True, kw_only=True)
class Style:
    """How an encoding is drawn, in static and interactive figures alike."""

    color: str  # "#RRGGBB"
    marker: str  # matplotlib's name
    dash: str  # one of DASHES
    light: bool = False  # thin, grey and without a band, so that the others stand out
    best: bool = False  # marked as one that may be the best

    @property
    def line_style(self) -> Any:
        """The dash as matplotlib spells it."""
        return LINE_STYLES[self.dash]

    @property
    def stroke(self) -> dict[str, Any]:
        """A line as matplotlib spells it."""
        if self.light:
            return {"color": EDGE, "linestyle": "-", "linewidth": 0.7, "markersize": 0, "alpha": 0.7, "zorder": 1.9}
        return {"color": self.color, "linestyle": self.line_style}

    @property
    def dots(self) -> dict[str, Any]:
        """The seeds of a curve as matplotlib spells them."""
        mark = {"marker": "o", "markersize": 2.6, "markeredgewidth": 0, "linestyle": "", "zorder": 2.2}
        return {"color": self.color, "alpha": 0.6, **mark}


Styles = Mapping[str, Style]


def palette(encodings: Iterable[str], reference: str = "rope") -> dict[str, Style]:
    """A style per label: the reference has a colour to itself, and classic encodings keep theirs.

    The others start from a hash of their label. Up to 42 encodings besides the reference, no two share both colour and
    dash.
    """
    names = set(encodings)
    labels = sorted(names - {reference})
    styles = {label: _own_style(label) for label in labels if label in OWN_COLOR}
    for label in labels:
        if label not in styles:
            styles[label] = _free_style(label, list(styles.values()))
    if reference in names:
        styles[reference] = Style(color=REFERENCE, marker="o", dash="solid")
    return styles


def variables(*, dark: bool = False) -> str:
    """The colours of THEME as variables of a style sheet."""
    return "".join(f"--{name}:{colors[dark]};" for name, colors in THEME.items())


def value_colors(*, lower_is_better: bool) -> str:
    """The colour map of values: the better a value, the brighter its colour."""
    return f"{VALUES}_r" if lower_is_better else VALUES


def ink_on(faces: ArrayLike) -> NDArray[np.str_]:
    """The text colour, ON_LIGHT or ON_DARK, that contrasts more with each background. `faces`: [..., RGB or RGBA]."""
    rgb = np.asarray(faces, dtype=float)[..., :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    return np.where(luminance > INK_SWITCH, ON_LIGHT, ON_DARK)


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
