"""Figures as files: the same bytes each time, compact, and without touching the caller's settings."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import matplotlib
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from benchmark.cli.terminal.options import PRINTS
from benchmark.reports.draw.canvas import PRINTED, compact, printed, printing, render, save, themed
from benchmark.reports.draw.heatmap import length_heatmap
from benchmark.reports.tables.values import metric_table
from benchmark.reports.words import speaking
from benchmark.results.store import Store


@pytest.fixture
def headline(example: Store) -> pd.DataFrame:
    table = metric_table(example)
    return table[table["headline"]]


@pytest.fixture
def copying(headline: pd.DataFrame) -> pd.DataFrame:
    return headline[headline["task"] == "copy"]


def test_saved_figures_are_the_same_bytes_each_time(copying: pd.DataFrame, tmp_path: Path) -> None:
    def make() -> Figure:
        return length_heatmap(copying)

    assert render(make(), "svg") == render(make(), "svg")
    path = save(make(), tmp_path / "deep" / "figure.png")
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("setting", ["font.family", "text.parse_math", "axes.grid"])
def test_a_callers_settings_are_left_alone(copying: pd.DataFrame, setting: str) -> None:
    before = matplotlib.rcParams[setting]
    draw_heatmap: Callable[[pd.DataFrame], Figure] = length_heatmap
    render(draw_heatmap(copying), "png")
    assert matplotlib.rcParams[setting] == before
    from matplotlib import pyplot

    assert pyplot.get_fignums() == []


def test_a_figure_is_dark_where_its_reader_prefers_that() -> None:
    light = (
        '<svg><path style="fill: #ffffff; stroke: #0072b2"/><rect fill="#eef1f5"/><path style="fill: #440154"/></svg>'
    )
    dark = themed(light)
    assert dark.startswith(light.removesuffix("</svg>"))  # and unchanged elsewhere
    rules = dark.removeprefix(light.removesuffix("</svg>"))
    assert rules.startswith("<style>@media screen and (prefers-color-scheme:dark){")
    assert '[style*="fill: #ffffff"]{fill:#1a1e25!important}' in rules
    assert '[style*="stroke: #0072b2"]{stroke:#4da3e0!important}' in rules
    assert '[fill="#eef1f5"]{fill:#232933}' in rules
    assert "#440154" not in rules  # a value's colour, which means the same in the dark


@pytest.mark.parametrize("kind", PRINTED)
def test_a_figure_for_print_is_the_same_bytes_each_time(copying: pd.DataFrame, kind: str) -> None:
    files = {printed(length_heatmap(copying), kind) for _ in range(2)}
    assert len(files) == 1 and files.pop().lstrip()[:5] in (b"%PDF-", b"<?xml", b"\x89PNG\r")


def test_an_svg_for_print_keeps_its_text_as_text(copying: pd.DataFrame) -> None:
    texts = re.findall(r"<text[^>]*>([^<]+)</text>", printed(length_heatmap(copying), "svg").decode())
    assert {"rope", "alibi", "16"} <= set(texts)
    assert "<text" not in render(length_heatmap(copying), "svg").decode()


def test_a_pdf_embeds_truetype_and_chinese_as_type_3(copying: pd.DataFrame) -> None:
    def kinds() -> set[bytes]:
        return set(re.findall(rb"/Subtype /(CIDFontType2|Type3)", printed(length_heatmap(copying), "pdf")))

    assert kinds() == {b"CIDFontType2"}
    with speaking("zh"):
        assert kinds() == {b"Type3"}


def test_a_png_for_print_has_300_dots_per_inch(copying: pd.DataFrame) -> None:
    figure = length_heatmap(copying)
    image = Image.open(io.BytesIO(printed(figure, "png")))
    assert image.size == tuple(300 * inches // 1 for inches in figure.get_size_inches())


def test_pictures_are_printed_too_only_inside_the_context(copying: pd.DataFrame) -> None:
    with printing("pdf") as prints:
        picture = render(length_heatmap(copying), "svg")
    render(length_heatmap(copying), "png")
    assert list(prints.files) == [picture] and prints.files[picture].startswith(b"%PDF-")


def test_the_command_line_offers_every_format() -> None:
    assert PRINTS == PRINTED


def test_a_compact_file_draws_the_same() -> None:
    svg = """<?xml version="1.0"?>
<!-- a comment -->
<svg>
 <metadata>
  <date/>
 </metadata>
 <path d="M 1.23456 -7.5
L 0.004999 2 " transform="translate(3.14159 0.5) scale(0.015625)" style="stroke: #0072b2; opacity: 0.55"/>
</svg>
"""
    assert compact(svg) == (
        '<?xml version="1.0"?><svg><path d="M 1.23 -7.5 L 0.00 2 " '
        'transform="translate(3.14 0.5) scale(0.015625)" style="stroke: #0072b2; opacity: 0.55"/></svg>'
    )
