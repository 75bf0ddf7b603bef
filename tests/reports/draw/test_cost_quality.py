"""Cost against quality: every encoding is named, and no label covers another."""

import math

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.cost_quality import TEXT_HEIGHT, Dot, Frame, cost_quality, placed
from benchmark.reports.draw.style import palette
from benchmark.reports.stats.estimate import Estimate

NAN = math.nan


def texts(figure: Figure) -> list[str]:
    return [artist.get_text() for artist in figure.findobj(matplotlib.text.Text)]


def draw(figure: Figure) -> None:
    assert render(figure, "svg").rstrip().endswith(b"</svg>")


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
    figure = cost_quality(dots_of(count, panels), frame, palette(["rope"]))
    draw(figure)
    wanted = {f"{place}  e{place - 1}" for place in range(1, 34)} if count > 10 else {f"e{n}" for n in range(count)}
    assert wanted <= set(texts(figure))


def test_a_cost_that_is_missing_in_one_panel_leaves_it_out_there_alone() -> None:
    dots = dots_of(3, 2)
    lost = Estimate(value=NAN, low=NAN, high=NAN, n=0)
    dots[0] = Dot(label="e0", encoding="rope", value=dots[0].value, costs=(dots[0].costs[0], lost))
    frame = Frame(costs=("time", "memory"), value="loss", lower_is_better=True, share=False)
    figure = cost_quality(dots, frame, palette(["rope"]))
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


@pytest.mark.parametrize("count", [33, 60])
def test_the_key_of_a_crowd_is_no_taller_than_its_plot(count: int) -> None:
    frame = Frame(costs=("time",), value="accuracy", lower_is_better=False, share=True)
    figure = cost_quality(dots_of(count), frame, palette(["rope"]))
    draw(figure)
    (key,) = figure.legends
    assert key.get_window_extent().height <= figure.axes[0].bbox.height
    assert key.get_window_extent().y1 < figure.axes[0].bbox.y0


def test_a_label_stands_off_the_bars_of_every_point() -> None:
    frame = Frame(costs=("time",), value="loss", lower_is_better=True, share=False)
    wide = Estimate(value=2.0, low=1.0, high=3.0, n=3)
    dots = [
        Dot(label=name, encoding="rope", value=Estimate(value=at, low=at - 0.4, high=at + 0.4, n=3), costs=(wide,))
        for name, at in (("first", 1.0), ("second", 2.0))
    ]
    figure = cost_quality(dots, frame, palette(["rope"]))
    draw(figure)
    axes = figure.axes[0]
    for text in axes.texts:
        box = text.get_window_extent()
        for dot in dots:
            left, level = axes.transData.transform((1.0, dot.value.value))
            right, _ = axes.transData.transform((3.0, dot.value.value))
            assert box.y1 < level or box.y0 > level or box.x1 < left or box.x0 > right


@pytest.mark.parametrize(("best", "top"), [(0.2, 0.2415), (0.97, 1.05)])
def test_a_share_is_drawn_up_to_1_unless_all_stay_far_below(best: float, top: float) -> None:
    value = Estimate(value=best, low=NAN, high=NAN, n=1)
    dot = Dot(label="rope", encoding="rope", value=value, costs=(Estimate(value=2, low=NAN, high=NAN, n=1),))
    frame = Frame(costs=("time",), value="accuracy", lower_is_better=False, share=True)
    axes = cost_quality([dot], frame, palette(["rope"])).axes[0]
    assert axes.get_ylim() == pytest.approx((-0.03 * top / 1.05, top))
