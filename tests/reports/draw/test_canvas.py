"""Figures as files: the same bytes each time, compact, and without touching the caller's settings."""

from collections.abc import Callable
from pathlib import Path

import matplotlib
import pandas as pd
import pytest
from matplotlib.figure import Figure

from benchmark.reports.draw.canvas import compact, render, save, themed
from benchmark.reports.draw.heatmap import length_heatmap
from benchmark.reports.tables.values import metric_table
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
