"""TODO."""

import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from pathlib import Path
from typing import Any, Literal, ParamSpec

import matplotlib
from matplotlib.figure import Figure

from benchmark.files import write_atomically
from benchmark.reports.draw.fonts import families

Arguments = ParamSpec("Arguments")
LOOK: dict[str, Any] = {
    "figure.facecolor": "white",
    "axes.edgecolor": "#B0B0B0",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 13,
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "lines.linewidth": 2,
    "lines.markersize": 6,
    "text.parse_math": False,  # a label or a word may hold a dollar sign
    "figure.constrained_layout.w_pad": 0.1,
    "figure.constrained_layout.h_pad": 0.1,
    "svg.fonttype": "path",  # glyphs as paths: Chinese shows where no Chinese font is
    "svg.hashsalt": "position-benchmark",  # the same figure, the same bytes
    "path.simplify_threshold": 0.2,  # points: lines of many values lose those that nobody could see
}


def styled(draw: Callable[Arguments, Figure]) -> Callable[Arguments, Figure]:
    """Draw in our look and with our fonts, whatever the caller's settings are, and leave those alone."""

    @wraps(draw)
    def wrapped(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Figure:
        with look():
            return draw(*args, **kwargs)

    return wrapped


def look() -> AbstractContextManager[None]:
    """Within it, matplotlib has our settings and no other."""
    return matplotlib.rc_context(_settings())


def _settings() -> dict[Any, Any]:
    defaults = {name: value for name, value in matplotlib.rcParamsDefault.items() if name != "backend"}
    return {**defaults, **LOOK, "font.family": list(families())}


def render(figure: Figure, kind: Literal["svg", "png"]) -> bytes:
    """The figure as a file's bytes; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with look():
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(buffer, format=kind, dpi=160, metadata=metadata)
    return compact(buffer.getvalue().decode()).encode() if kind == "svg" else buffer.getvalue()


def compact(svg: str) -> str:
    """An SVG file without comments, line ends and digits past a hundredth of a point: half as long, and no less sharp.

    All text in our SVG files is drawn as paths, so that no white space in them means anything.
    """
    svg = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"(scale\([^)]*\))|(\.\d\d)\d+", lambda found: found[1] or found[2], svg)
    return re.sub(r"(?<=>) (?=<)", "", re.sub(r"\s+", " ", svg)).strip()


def save(figure: Figure, path: Path) -> Path:
    """Write a figure to an .svg or .png file."""
    write_atomically(path, render(figure, "png" if path.suffix == ".png" else "svg"))
    return path
