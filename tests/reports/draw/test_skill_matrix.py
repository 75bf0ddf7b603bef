"""The skill matrix shows every value, what is missing, and the best."""

import math

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.skill_matrix import matrix
from benchmark.reports.stats.skill import skills

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


@pytest.mark.parametrize(("encodings", "tasks"), [(33, 4), (5, 32), (2, 1)])
def test_a_matrix_writes_every_value_and_runs_down_along_its_longer_side(tidy, encodings: int, tasks: int) -> None:
    names = [f"encoding-{index}" for index in range(encodings)]
    kinds = [f"task-{index}" for index in range(tasks)]
    figure = matrix(skills(grid(tidy, names, kinds)), names_of(names), kinds, encodings)
    draw(figure)
    said = texts(figure)
    assert {"at L", "at 8 L", *names, *kinds} <= set(said)
    assert sum(text.startswith("0.") and len(text) == 4 for text in said) >= 2 * encodings * tasks
    first = figure.axes[0]
    assert first.get_ylim() == (max(encodings, tasks), 0)
    assert all(width < 24 for width in figure.get_size_inches())


def test_a_matrix_says_what_is_missing_and_frames_the_best(tidy) -> None:
    table = tidy({"rope": [0.5], "alibi": [0.7], "learned": [NAN], "lost": [NAN], "digits": [0.9]})
    table.loc[table["encoding"] == "lost", "status"] = "diverged"
    table.loc[table["encoding"] == "digits", "league"] = "reads digits"
    names = [*names_of(["alibi", "rope", "learned", "lost"]), ("digits", "digits", "reads digits")]
    figure = matrix(skills(table), names, ["copy"], 2)
    said = texts(figure)
    assert {"0.70", "0.50", "—", "diverged", "digits (reads digits)"} <= set(said)
    framed = [patch.get_xy() for patch in figure.axes[0].patches if patch.get_linewidth() == 1.6]
    assert framed == [(0.04, 0.05)]  # alibi's, and not that of another league


def test_skills_that_lie_close_together_get_a_third_decimal(tidy) -> None:
    table = pd.concat([tidy({"a": [0.151], "b": [0.154]}, task="x"), tidy({"a": [0.151], "b": [0.9]}, task="y")])
    said = texts(matrix(skills(table), names_of(["a", "b"]), ["x", "y"], 2))
    assert {"0.151", "0.154", "0.15", "0.90"} <= set(said)
