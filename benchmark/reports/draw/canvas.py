"""The canvas of every static figure: our matplotlib settings and fonts, and figures as files.

Convention: the same figure gives the same bytes, and the caller's matplotlib settings are left alone.
"""

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
from benchmark.reports.draw.style import EDGE, GRID, INK, SURFACE, THEME

Arguments = ParamSpec("Arguments")
LOOK: dict[str, Any] = {
    "figure.facecolor": SURFACE,
    "axes.facecolor": SURFACE,
    "axes.edgecolor": EDGE,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": EDGE,
    "ytick.color": EDGE,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "text.parse_math": False,  # labels and words may contain a dollar sign
    "figure.constrained_layout.w_pad": 0.06,
    "figure.constrained_layout.h_pad": 0.06,
    "svg.fonttype": "path",  # glyphs as paths: Chinese shows without a Chinese font
    "svg.hashsalt": "position-benchmark",  # reproducible ids
    "path.simplify_threshold": 0.2,  # points: long lines lose vertices that nobody could see
}


def styled(draw: Callable[Arguments, Figure]) -> Callable[Arguments, Figure]:
    """Decorate a drawing function: it uses our look and fonts, and leaves the caller's settings alone."""

    @wraps(draw)
    def wrapped(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Figure:
        with look():
            return draw(*args, **kwargs)

    return wrapped


def look() -> AbstractContextManager[None]:
    """A context in which matplotlib has our settings and no others."""
    return matplotlib.rc_context(_settings())


def render(figure: Figure, kind: Literal["svg", "png"]) -> bytes:
    """The bytes of a figure's file; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with look():
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(buffer, format=kind, dpi=160, metadata=metadata)
    return themed(compact(buffer.getvalue().decode())).encode() if kind == "svg" else buffer.getvalue()


def compact(svg: str) -> str:
    """An SVG file without comments, line breaks and digits below a hundredth of a point: half as long, just as sharp.

    All text in our SVG files is drawn as paths, so their white space carries no meaning.
    """
    svg = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"(scale\([^)]*\))|(\.\d\d)\d+", lambda found: found[1] or found[2], svg)
    return re.sub(r"(?<=>) (?=<)", "", re.sub(r"\s+", " ", svg)).strip()


def themed(svg: str) -> str:
    """An SVG file that is dark where its reader prefers that, and light on paper and in programs without style sheets.

    Only the colours of our theme change; those of a colour map carry values.
    """
    own = ((light.lower(), dark) for name, (light, dark) in THEME.items() if name != "page")
    rules = "".join(
        f'[style*="{kind}: {light}"]{{{kind}:{dark}!important}}[{kind}="{light}"]{{{kind}:{dark}}}'
        for light, dark in own
        for kind in ("fill", "stroke")
        if f"{kind}: {light}" in svg or f'{kind}="{light}"' in svg
    )
    return svg.replace("</svg>", f"<style>@media screen and (prefers-color-scheme:dark){{{rules}}}</style></svg>")


def save(figure: Figure, path: Path) -> Path:
    """Write a figure to an .svg or .png file."""
    write_atomically(path, render(figure, "png" if path.suffix == ".png" else "svg"))
    return path


def _settings() -> dict[Any, Any]:
    defaults = {name: value for name, value in matplotlib.rcParamsDefault.items() if name != "backend"}
    return {**defaults, **LOOK, "font.family": list(families())}
