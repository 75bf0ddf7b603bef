"""The small figure of all needs: where values stand, and that it fits a phone."""

import math

import pytest

from benchmark.reports.draw.bottom_line import WIDTH, Row, Strip, bottom_line
from benchmark.reports.draw.style import palette
from benchmark.reports.stats.floor import NO_FLOOR, Floor


def strip(**changes: object) -> Strip:
    row = Row(label="rope", encoding="rope", values=(0.4, 0.6), mean=0.5)
    facts = {
        "title": "Copying",
        "rows": (row,),
        "floor": Floor(metric="token_accuracy", chance=0.2),
        "perfect": 1.0,
        "lower_is_better": False,
    }
    return Strip(**{**facts, **changes})


def test_an_accuracy_stands_at_its_skill() -> None:
    assert [strip().along(value) for value in (0.2, 0.6, 1.0, 0.0)] == pytest.approx([0, 0.5, 1, -0.25])


def test_a_loss_runs_from_guessing_to_the_best_seed() -> None:
    loss = strip(floor=Floor(metric="loss_nats", chance=6.0), perfect=5.0, lower_is_better=True)
    assert [loss.along(value) for value in (6.0, 5.5, 5.0, 7.0)] == pytest.approx([0, 0.5, 1, -1])


def test_without_chance_the_worst_value_takes_its_place() -> None:
    assert strip(floor=NO_FLOOR).along(0.4) == 0 and strip(floor=NO_FLOOR, lower_is_better=True).along(0.6) == 0


def test_a_shortcut_that_beats_chance_has_a_mark_of_its_own() -> None:
    def marks(shortcut: float) -> list[float]:
        floor = Floor(metric="token_accuracy", chance=0.2, shortcut=shortcut, name="repeat")
        lines = bottom_line([strip(floor=floor)], palette(["rope"])).axes[0].get_lines()
        return [float(line.get_xdata()[0]) for line in lines]

    assert marks(0.6) == pytest.approx([0, 0.5, 1])  # chance, shortcut, perfect
    assert marks(0.21) == [0, 1]  # within the margin of chance


def test_every_seed_is_a_dot_in_the_colour_of_its_encoding() -> None:
    styles = palette(["rope", "alibi"])
    others = Row(label="2 others", encoding="", values=(0.1, 0.2, 0.3), mean=math.nan)
    figure = bottom_line([strip(rows=(strip().rows[0], others)), strip()], styles)
    top, bottom = figure.axes
    dots, pooled = top.collections[1], top.collections[3]
    assert len(dots.get_offsets()) == 2 and len(pooled.get_offsets()) == 3
    assert figure.get_size_inches()[0] == WIDTH and top.get_xlim() == bottom.get_xlim()
    assert [label.get_text() for label in top.get_yticklabels()] == ["rope", "2 others"]
