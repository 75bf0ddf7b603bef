"""Every chart says what it shows, whoever is in it; a missing glyph is a warning, and warnings are errors here."""

import math

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.cost_quality import TEXT_HEIGHT, Dot, Frame, placed, trade
from benchmark.reports.draw.rank_line import Ranked, ranks
from benchmark.reports.draw.skill_matrix import matrix
from benchmark.reports.draw.style import palette
from benchmark.reports.draw.tiles import Board, Labels, Scale, boards, label_width
from benchmark.reports.draw.win_matrix import wins
from benchmark.reports.stats.estimate import Estimate
from benchmark.reports.stats.skill import skills
from benchmark.reports.stats.win_rates import pairwise

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


def test_wins_of_few_have_values_and_of_many_dots_alone(tidy) -> None:
    few = [f"e{index}" for index in range(3)]
    pairs = pairwise(grid(tidy, few, ["x", "y"]))
    figure = wins(pairs[pairs["multiple"] == 8], names_of(few), "who")
    draw(figure)
    assert texts(figure).count("—") == 3  # with itself
    many = [f"e{index}" for index in range(33)]
    pairs = pairwise(grid(tidy, many, ["x", "y"]))
    figure = wins(pairs[pairs["multiple"] == 8], names_of(many), "who")
    draw(figure)
    assert "—" not in texts(figure) and {"e0", "e32"} <= set(texts(figure))


def test_stripes_are_spoken_of_where_there_are_some(tidy) -> None:
    whole = tidy({"a": [0.1, 0.2], "b": [0.3, 0.4]}, task="x")
    part = tidy({"a": [0.1, 0.2], "b": [NAN, NAN]}, task="y")
    names = names_of(["a", "b"])
    assert not any("stripes" in text for text in texts(wins(pairwise(whole), names, "who")))
    assert any("stripes" in text for text in texts(wins(pairwise(pd.concat([whole, part])), names, "who")))


@pytest.mark.parametrize("count", [2, 5, 33])
@pytest.mark.parametrize("critical", [0.7, 100.0, NAN])
def test_ranks_name_everybody_with_a_rank(count: int, critical: float) -> None:
    drawn = [Ranked(label=f"e{place}", encoding="rope", rank=1 + place * 0.5) for place in range(count)]
    figure = ranks(drawn, [(0, 1)], critical, palette(["rope"]), "Ranks", ["a note"])
    draw(figure)
    assert {f"e{place}  {1 + place * 0.5:.2f}" for place in range(count)} <= set(texts(figure))
    assert any(text.startswith("CD") for text in texts(figure)) == math.isfinite(critical)


def dots_of(count: int, panels: int = 1) -> list[Dot]:
    rng = np.random.default_rng(count)
    values = sorted(rng.uniform(size=count), reverse=True)
    return [
        Dot(
            label=f"e{place}",
            encoding="rope",
            value=Estimate(value=value, low=value - 0.1, high=value + 0.1, n=3),
            costs=tuple(Estimate(value=cost, low=NAN, high=NAN, n=1) for cost in rng.uniform(1, 9, size=panels)),
        )
        for place, value in enumerate(values)
    ]


@pytest.mark.parametrize(("count", "panels"), [(1, 1), (7, 2), (33, 1), (33, 2)])
def test_a_trade_names_everybody(count: int, panels: int) -> None:
    frame = Frame(costs=("time", "memory")[:panels], value="accuracy", lower_is_better=False, share=True)
    figure = trade(dots_of(count, panels), frame, palette(["rope"]), "Trade", ["a note"])
    draw(figure)
    wanted = {f"{place}  e{place - 1}" for place in range(1, 34)} if count > 10 else {f"e{n}" for n in range(count)}
    assert wanted <= set(texts(figure))


def test_a_cost_that_is_missing_in_one_panel_leaves_it_out_there_alone() -> None:
    dots = dots_of(3, 2)
    lost = Estimate(value=NAN, low=NAN, high=NAN, n=0)
    dots[0] = Dot(label="e0", encoding="rope", value=dots[0].value, costs=(dots[0].costs[0], lost))
    frame = Frame(costs=("time", "memory"), value="loss", lower_is_better=True, share=False)
    figure = trade(dots, frame, palette(["rope"]), "Trade", [])
    draw(figure)
    assert texts(figure).count("e0") == 1 and texts(figure).count("e1") == 2


def test_labels_of_a_crowd_do_not_cover_each_other() -> None:
    rng = np.random.default_rng(13)
    points = [(float(x), float(y)) for x, y in rng.uniform(0.5, 3.5, size=(23, 2))]
    corners = placed(points, [0.14] * len(points), (5.0, 4.0))
    for first, (left, bottom) in enumerate(corners):
        assert 0 <= left <= 5 and 0 <= bottom <= 4
        for other_left, other_bottom in corners[first + 1 :]:
            assert abs(left - other_left) >= 0.14 - 1e-9 or abs(bottom - other_bottom) >= TEXT_HEIGHT - 1e-9


def test_a_label_stands_off_the_line_of_the_front() -> None:
    corner = (2.0, 1.0)
    right = placed([corner], [0.14], (5.0, 3.0))
    left = placed([corner], [0.14], (5.0, 3.0), [(2.0, 0.98, 5.0, 1.02)])
    assert right[0][0] > corner[0] and left[0][0] + 0.14 < corner[0]


@pytest.mark.parametrize(("best", "top"), [(0.2, 0.2415), (0.97, 1.05)])
def test_a_share_is_drawn_up_to_1_unless_all_stay_far_below(best: float, top: float) -> None:
    value = Estimate(value=best, low=NAN, high=NAN, n=1)
    dot = Dot(label="rope", encoding="rope", value=value, costs=(Estimate(value=2, low=NAN, high=NAN, n=1),))
    frame = Frame(costs=("time",), value="accuracy", lower_is_better=False, share=True)
    axes = trade([dot], frame, palette(["rope"]), "Trade", []).axes[0]
    assert axes.get_ylim() == pytest.approx((-0.03 * top / 1.05, top))


def test_chinese_labels_have_room_and_glyphs() -> None:
    board = Board(title="在", values=np.array([[0.5]]), texts=(("0.50",),))
    scale = Scale(colors="viridis", low=0, high=1, label="score")
    figure = boards([board], Labels(rows=("旋转位置",), columns=("三国演义",)), scale, "title", ["note"])
    draw(figure)
    assert label_width("旋转") > label_width("ab")
