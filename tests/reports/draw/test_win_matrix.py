"""Win rates: values for a few encodings, only dots for many."""

import math

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.win_matrix import wins
from benchmark.reports.stats.win_rates import win_rates

NAN = math.nan


def texts(figure: Figure) -> list[str]:
    return [artist.get_text() for artist in figure.findobj(matplotlib.text.Text)]


def draw(figure: Figure) -> None:
    assert render(figure, "svg").rstrip().endswith(b"</svg>")


def names_of(labels: list[str]) -> list[tuple[str, str, str]]:
    return [(label, label, "") for label in labels]


def grid(tidy_rows, encodings: list[str], tasks: list[str], seeds: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(len(encodings))
    tables = [
        tidy_rows({name: list(rng.uniform(size=seeds)) for name in encodings}, task=task, multiple=multiple)
        for task in tasks
        for multiple in (1, 8)
    ]
    return pd.concat(tables)


def drawn(table: pd.DataFrame, names: list[str]) -> Figure:
    """The win rates of a table at the longest of its multiples."""
    pairs = win_rates(table)
    longest = max(pair.multiple for pair in pairs)
    return wins([pair for pair in pairs if pair.multiple == longest], names_of(names))


def test_wins_of_few_have_values_and_of_many_dots_alone(tidy) -> None:
    few = [f"e{index}" for index in range(3)]
    figure = drawn(grid(tidy, few, ["x", "y"]), few)
    draw(figure)
    assert texts(figure).count("—") == 3  # with itself
    many = [f"e{index}" for index in range(33)]
    figure = drawn(grid(tidy, many, ["x", "y"]), many)
    draw(figure)
    assert "—" not in texts(figure) and {"e0", "e32"} <= set(texts(figure))


def test_stripes_are_spoken_of_where_there_are_some(tidy) -> None:
    whole = tidy({"a": [0.1, 0.2], "b": [0.3, 0.4]}, task="x")
    part = tidy({"a": [0.1, 0.2], "b": [NAN, NAN]}, task="y")
    assert not any("stripes" in text for text in texts(drawn(whole, ["a", "b"])))
    assert any("stripes" in text for text in texts(drawn(pd.concat([whole, part]), ["a", "b"])))
