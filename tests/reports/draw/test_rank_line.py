"""The line of mean ranks names every encoding, whatever the critical difference."""

import math

import matplotlib
import pytest
from matplotlib.figure import Figure

from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.rank_line import Ranked, ranks
from benchmark.reports.draw.style import palette

NAN = math.nan


def texts(figure: Figure) -> list[str]:
    return [artist.get_text() for artist in figure.findobj(matplotlib.text.Text)]


def draw(figure: Figure) -> None:
    assert render(figure, "svg").rstrip().endswith(b"</svg>")


@pytest.mark.parametrize("count", [2, 5, 33])
@pytest.mark.parametrize("critical", [0.7, 100.0, NAN])
def test_ranks_name_everybody_with_a_rank(count: int, critical: float) -> None:
    drawn = [Ranked(label=f"e{place}", encoding="rope", rank=1 + place * 0.5) for place in range(count)]
    figure = ranks(drawn, [(0, 1)], critical, palette(["rope"]), ["a note"])
    draw(figure)
    assert {f"e{place}  {1 + place * 0.5:.2f}" for place in range(count)} <= set(texts(figure))
    assert any(text.startswith("CD") for text in texts(figure)) == math.isfinite(critical)
