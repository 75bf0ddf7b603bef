"""The heatmap of encodings x lengths."""

import pandas as pd
import pytest
from matplotlib.figure import Figure

from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.heatmap import length_heatmap
from benchmark.reports.draw.style import ON_DARK, ON_LIGHT
from benchmark.reports.tables.values import metric_table
from benchmark.results.store import Store


@pytest.fixture
def headline(example: Store) -> pd.DataFrame:
    table = metric_table(example)
    return table[table["headline"]]


@pytest.fixture
def copying(headline: pd.DataFrame) -> pd.DataFrame:
    return headline[headline["task"] == "copy"]


def draw(figure: Figure) -> bytes:
    content = render(figure, "svg")
    assert content.startswith(b"<?xml") and content.rstrip().endswith(b"</svg>")
    return content


def test_length_heatmap_shows_what_is_unsupported(copying: pd.DataFrame) -> None:
    figure = length_heatmap(copying)
    fields = [text.get_text() for text in figure.axes[0].texts]
    assert fields.count("—") == 4  # learned, past L
    mean = copying[(copying["encoding"] == "rope") & (copying["length"] == 32)]["value"].mean()
    assert f"{mean:.2f}" in fields
    draw(figure)


def test_heatmap_figures_contrast_with_their_fields(copying: pd.DataFrame) -> None:
    figure = length_heatmap(copying)
    colors = {text.get_text(): text.get_color() for text in figure.axes[0].texts}
    assert colors["1.00"] == ON_LIGHT  # on yellow
    assert colors["0.02"] == ON_DARK  # on dark violet
