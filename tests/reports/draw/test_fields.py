"""Grids as heatmaps and as curves."""

import matplotlib
import pytest
from matplotlib.figure import Figure

from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.fields import along
from benchmark.reports.draw.fields import fields as draw_fields
from benchmark.reports.draw.style import REFERENCE, palette
from benchmark.reports.tables.fields import by_field
from benchmark.results.store import Store


def texts(figure: Figure) -> str:
    """All that a figure says."""
    return "\n".join(artist.get_text() for artist in figure.findobj(matplotlib.text.Text))


def draw(figure: Figure) -> bytes:
    content = render(figure, "svg")
    assert content.startswith(b"<?xml") and content.rstrip().endswith(b"</svg>")
    return content


def test_fields_are_a_heatmap_an_encoding_on_one_scale(example: Store) -> None:
    table = by_field(example)
    figure = draw_fields(table)
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in panels] == ["alibi", "learned", "rope"]
    assert {axes.collections[0].get_clim() for axes in panels} == {(0, 1)}
    own = table[(table["encoding"] == "rope") & (table["down_first"] == 3) & (table["across_first"] == 32)]
    shown = {text.get_position(): text.get_text() for text in panels[2].texts}
    assert shown[1.5, 2.5] == f"{own['value'].mean():.2f}"  # third range down, second length across
    assert len(panels[1].texts) == 5  # learned ends at L
    frames = [(axes.patches[0].get_width(), axes.patches[0].get_height()) for axes in panels]
    assert frames == [(1, 5)] * 3
    said = texts(figure)
    assert "lag (tokens)" in said and "17–32" in said
    draw(figure)


def test_along_shows_the_trained_and_the_longest_length(example: Store) -> None:
    table = by_field(example)
    figure = along(table, palette(table["encoding"]))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["length 16 (1×)", "length 256 (16×)"]
    blue = REFERENCE
    dots, curve = sorted(
        (line for line in figure.axes[1].get_lines() if line.get_color() == blue),
        key=lambda line: line.get_alpha() is None,
    )
    own = table[(table["encoding"] == "rope") & (table["length"] == 256)]
    assert list(curve.get_ydata()) == pytest.approx(list(own.groupby("down_first")["value"].mean()))
    assert list(curve.get_xdata()) == list(range(9))
    assert sorted(dots.get_ydata()) == pytest.approx(sorted(own["value"].dropna()))  # every seed
    said = texts(figure)
    assert "chance" in said and "129–256" in said
    draw(figure)
