"""The canvas of every static figure: our matplotlib settings and fonts, and figures as files.

A page's figures are compact SVG files whose text is drawn as paths. `printed` makes a figure for a paper or a slide
instead: PDF with embedded fonts, SVG with text that an editor can change, or PNG at 300 dots per inch.

Convention: the same figure gives the same bytes, and the caller's matplotlib settings are left alone.
"""

import io
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, Literal, ParamSpec

import matplotlib
from matplotlib.figure import Figure
from matplotlib.text import Text

from benchmark.files import write_atomically
from benchmark.reports.draw.fonts import families, is_latin
from benchmark.reports.draw.style import EDGE, GRID, INK, SURFACE, THEME

Arguments = ParamSpec("Arguments")
PRINTED = ("pdf", "svg", "png")  # formats of `printed`
PRINT_DOTS = 300  # per inch
UNDATED: dict[str, dict[str, None]] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {"Software": None}}
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
        figure.savefig(buffer, format=kind, dpi=160, metadata=UNDATED[kind])
    content = themed(compact(buffer.getvalue().decode())).encode() if kind == "svg" else buffer.getvalue()
    also_print(content, lambda: figure)
    return content


def printed(figure: Figure, kind: str) -> bytes:
    """The bytes of a figure's file for print, in one of the formats PRINTED; the same figure gives the same bytes."""
    # TrueType, which journals ask for; matplotlib can embed the Chinese font, which has CFF outlines, only as Type 3.
    truetype = all(is_latin(text.get_text()) for text in figure.findobj(Text))
    buffer = io.BytesIO()
    with look(), matplotlib.rc_context({"svg.fonttype": "none", "pdf.fonttype": 42 if truetype else 3}):
        figure.savefig(buffer, format=kind, dpi=PRINT_DOTS, metadata=UNDATED[kind])
    return buffer.getvalue()


@dataclass(frozen=True, kw_only=True)
class Prints:
    """Figures for print, by the bytes of the page's picture of the same figure."""

    kind: str
    files: dict[bytes, bytes] = field(default_factory=dict)


_PRINTS: ContextVar[Prints | None] = ContextVar("prints", default=None)


@contextmanager
def printing(kind: str) -> Iterator[Prints]:
    """A context in which each figure that is rendered is also made for print."""
    prints = Prints(kind=kind)
    token = _PRINTS.set(prints)
    try:
        yield prints
    finally:
        _PRINTS.reset(token)


def also_print(picture: bytes, draw: Callable[[], Figure]) -> None:
    """Make the figure of a picture for print too, if that is asked for."""
    prints = _PRINTS.get()
    if prints is not None:
        prints.files[picture] = printed(draw(), prints.kind)


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


def save_printed(figure: Figure, folder: Path, name: str, kind: str) -> Path:
    """Write a figure for print, into the subfolder of its format."""
    path = folder / kind / f"{name}.{kind}"
    write_atomically(path, printed(figure, kind))
    return path


def _settings() -> dict[Any, Any]:
    defaults = {name: value for name, value in matplotlib.rcParamsDefault.items() if name != "backend"}
    return {**defaults, **LOOK, "font.family": list(families())}
