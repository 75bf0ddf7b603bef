"""Static figures: each a pure function from a table of `aggregate` to a matplotlib Figure, without pyplot's globals.

Every figure says how many seeds it stands on and which interval it draws. An encoding has one style everywhere
(`palette`), in colours that the colour-blind can tell apart (Okabe and Ito 2008, https://jfly.uni-koeln.de/color/),
with a marker and a line pattern of its own besides.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

OWN_COLOR = {
    "rope": "#0072B2",  # blue
    "alibi": "#D55E00",  # vermilion
    "learned": "#009E73",  # bluish green
    "sinusoidal": "#CC79A7",  # reddish purple
    "none": "#6E6E6E",  # grey
}
COLORS = ("#E69F00", "#56B4E9", *OWN_COLOR.values())  # the first two are nobody's own
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
MUTED = "#595959"  # reference lines and small print: 7:1 on white


@dataclass(frozen=True, kw_only=True)
class Style:
    """How an encoding is drawn, in static and in interactive figures."""

    color: str  # "#RRGGBB"
    marker: str  # matplotlib's name
    dash: str  # one of DASHES
    light: bool = False  # thin and without a band, so that others stand out

    @property
    def line_style(self) -> Any:
        """The dash as matplotlib spells it."""
        return LINE_STYLES[self.dash]

    @property
    def stroke(self) -> dict[str, Any]:
        """A line as matplotlib spells it."""
        weight = {"linewidth": 0.9, "markersize": 3, "alpha": 0.55, "zorder": 1.9} if self.light else {}
        return {"color": self.color, "linestyle": self.line_style, **weight}


Styles = Mapping[str, Style]


def palette(encodings: Iterable[str]) -> dict[str, Style]:
    """A style for each label. The classic encodings keep theirs always; others start from a hash of their label.

    No two share a colour and a dash as long as there are not more than 42.
    """
    labels = sorted(set(encodings))
    styles = {label: _own_style(label) for label in labels if label in OWN_COLOR}
    for label in labels:
        if label not in styles:
            styles[label] = _free_style(label, list(styles.values()))
    return styles


def _own_style(label: str) -> Style:
    marker, dash = OWN_MARK[label]
    return Style(color=OWN_COLOR[label], marker=marker, dash=dash)


def _free_style(label: str, taken: Sequence[Style]) -> Style:
    """The first free colour from the label's hash on; when all are taken, the first free pair of colour and dash."""
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
