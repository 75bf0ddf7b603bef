"""The figure of values against a factor: panels, seeds, rings, and what a panel leaves out."""

import math

import numpy as np

from benchmark.reports.draw.factors import FactorPanel, Level, factors
from benchmark.reports.draw.style import palette
from benchmark.reports.stats.estimate import Estimate, mean_and_range
from benchmark.reports.stats.floor import Floor

FLOOR = Floor(metric="token_accuracy", chance=0.1, shortcut=0.3, name="repeat")
LEVELS = (9e-4, 3e-3, 9e-3)


def level(at: float, *values: float, chosen: bool = False) -> Level:
    return Level(at=at, estimate=mean_and_range(values), each=tuple(enumerate(values)), chosen=chosen)


def drawn(**levels: tuple[Level, ...]):
    panel = FactorPanel(title="at L = 16", metric="token_accuracy", levels=levels, floor=FLOOR)
    return factors([panel], palette(levels), "learning rate (log scale)").axes[0]


def lines_of(axes, label: str) -> list[np.ndarray]:
    return [np.asarray(line.get_xydata()) for line in axes.get_lines() if line.get_label() == label]


def curves_of(axes) -> list[np.ndarray]:
    """The curves: matplotlib numbers lines that have no label of their own."""
    found = (line for line in axes.get_lines() if str(line.get_label()).startswith("_child"))
    return [np.asarray(line.get_xydata()) for line in found]


def test_a_line_joins_the_means_and_every_seed_is_a_dot() -> None:
    axes = drawn(rope=(level(9e-4, 0.4, 0.6), level(9e-3, 0.8, 1.0)))
    assert np.allclose(curves_of(axes)[0], [[9e-4, 0.5], [9e-3, 0.9]])
    assert np.allclose(lines_of(axes, "_seeds")[0], [[9e-4, 0.4], [9e-4, 0.6], [9e-3, 0.8], [9e-3, 1.0]])
    assert axes.get_xscale() == "log" and list(axes.get_xticks()) == [9e-4, 9e-3]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0.0009", "0.009"]


def test_a_ring_marks_the_chosen_level() -> None:
    axes = drawn(rope=tuple(level(at, 0.5, 0.6, chosen=at == 3e-3) for at in LEVELS), alibi=(level(3e-3, 0.4),))
    (ring,) = lines_of(axes, "_chosen")
    assert np.allclose(ring, [[3e-3, 0.55]])


def test_a_level_without_a_value_is_left_out_of_the_line_but_stays_on_the_axis() -> None:
    lost = Level(at=9e-3, estimate=Estimate(value=math.nan, low=math.nan, high=math.nan, n=2))
    axes = drawn(rope=(level(9e-4, 0.4), level(3e-3, 0.5), lost))
    assert len(curves_of(axes)[0]) == 2 and list(axes.get_xticks()) == list(LEVELS)


def test_chance_and_the_best_shortcut_are_level_lines() -> None:
    axes = drawn(rope=(level(3e-3, 0.4), level(9e-3, 0.6)))
    levels = [line for line in axes.get_lines() if len(set(line.get_ydata())) == 1]
    heights = {str(line.get_label()): line.get_ydata()[0] for line in levels}
    assert heights["chance"] == 0.1 and heights["best shortcut"] == 0.3


def test_there_is_a_panel_for_each_length_and_one_legend_in_the_order_of_the_right_ends() -> None:
    low, high = (level(3e-3, 0.2), level(9e-3, 0.3)), (level(3e-3, 0.5), level(9e-3, 0.9))
    panels = [
        FactorPanel(title=title, metric="loss_nats", levels={"rope": low, "alibi": high}) for title in ("L", "16 L")
    ]
    figure = factors(panels, palette(["rope", "alibi"]), "width")
    assert [axes.get_title("left") for axes in figure.axes] == ["L", "16 L"]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["alibi", "rope"]
