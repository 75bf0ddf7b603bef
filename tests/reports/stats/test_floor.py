"""The floor by hand: what explains a mean, and when a shortcut is drawn."""

import math

import pandas as pd
import pytest

from benchmark.reports.stats.floor import NO_FLOOR, Explanation, Floor, floors, shortcut_line
from benchmark.reports.stats.points import over_seeds


@pytest.mark.parametrize(
    ("mean", "said"),
    [
        (0.05, "chance"),
        (0.18, "chance"),  # .19 is a tenth of the way from .1 to 1
        (0.20, "shortcut"),
        (0.54, "shortcut"),  # .55 is a tenth of the way from .5 to 1
        (0.56, ""),
    ],
)
def test_an_accuracy_is_explained_up_to_a_tenth_of_the_way_from_each(mean: float, said: Explanation) -> None:
    assert Floor(metric="token_accuracy", chance=0.1, shortcut=0.5, name="repeat").explains(mean) == said


def test_a_loss_is_explained_unless_it_is_below_guessing_by_the_margin() -> None:
    floor = Floor(metric="loss_nats", chance=6.0)
    assert [floor.explains(loss) for loss in (6.5, 5.99, 5.97)] == ["chance", "chance", ""]


def test_without_a_floor_nothing_is_explained_and_a_perfect_shortcut_explains_all() -> None:
    assert NO_FLOOR.explains(0.0) == "" and Floor(metric="window_loss_nats", chance=6.0).explains(7.0) == ""
    assert Floor(metric="exact_match", chance=0.5, shortcut=1.0, name="copy").explains(1.0) == "shortcut"


def test_the_better_of_the_two_is_the_floor() -> None:
    both = Floor(metric="token_accuracy", chance=0.5, shortcut=0.51, name="constant answer")
    assert (both.value, both.by_shortcut, both.matters) == (0.51, True, False)  # within the margin of .02
    worse = Floor(metric="token_accuracy", chance=0.5, shortcut=0.4, name="constant answer")
    assert (worse.value, worse.by_shortcut, worse.matters) == (0.5, False, False)
    unknown = Floor(metric="token_accuracy", shortcut=0.4, name="constant answer")
    assert (unknown.value, unknown.matters) == (0.4, True) and math.isnan(NO_FLOOR.value)


def test_each_row_has_its_own_floor() -> None:
    rows = [(0.1, 0.6, False), (0.1, math.nan, False), (6.0, 5.0, True), (math.nan, math.nan, False)]
    table = pd.DataFrame(rows, columns=["chance", "shortcut", "lower_is_better"])
    assert list(floors(table)[:3]) == [0.6, 0.1, 5.0] and math.isnan(floors(table)[3])


def test_a_failed_seed_hides_no_floor(tidy) -> None:
    lost = tidy({"rope": [math.nan]})
    lost["chance"] = math.nan
    rows = pd.concat([lost, tidy({"alibi": [0.4]}, chance=0.1, shortcut=0.3)], ignore_index=True)
    assert Floor.of(rows) == Floor(metric="token_accuracy", chance=0.1, shortcut=0.3, name="constant answer")


def test_a_shortcut_is_drawn_at_every_length_once_it_beats_chance_by_more_than_the_margin_at_one(tidy) -> None:
    near = tidy({"rope": [0.9]}, chance=0.5, shortcut=0.51)
    assert shortcut_line(over_seeds(near)) is None
    far = tidy({"rope": [0.9]}, multiple=4, chance=0.5, shortcut=0.6).assign(shortcut_name="repeat")
    line = shortcut_line(over_seeds(pd.concat([far, near], ignore_index=True)))
    assert line is not None and line.names == ("repeat",) and line.places == ((16, 0.51), (64, 0.6))
