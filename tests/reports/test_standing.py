"""What is left to decide: by column, by pair, and with so many seeds left."""

import math

import pandas as pd
import pytest

from benchmark.reports.standing import Standing, standing_of

SWEEP = [0.3] * 6


def rows(
    length: int, values: dict[str, list[float]], *, league: str = "", chance: float = 0.0, shortcut: float = math.nan
) -> pd.DataFrame:
    """Rows of the metric table at one length of a task trained at 16."""
    return pd.DataFrame(
        {
            "trained_with": name,
            "encoding": name,
            "league": league,
            "seed": seed,
            "metric": "token_accuracy",
            "value": value,
            "lower_is_better": False,
            "chance": chance,
            "shortcut": shortcut,
            "shortcut_name": "" if math.isnan(shortcut) else "constant answer",
            "length": length,
            "train_length": 16,
        }
        for name, own in values.items()
        for seed, value in enumerate(own)
    )


def of(*columns: pd.DataFrame, left: int = 4) -> Standing:
    return standing_of(pd.concat(columns), left)


def test_the_trained_and_the_longest_length_count_and_no_other() -> None:
    decided = {"a": [0.9] * 6, "b": SWEEP}
    open_ = {"a": [0.9] * 5 + [0.2], "b": SWEEP}
    assert of(rows(16, decided), rows(32, open_), rows(64, decided)) == Standing(
        comparisons={16: 1, 64: 1}, open={}, more=0
    )
    assert of(rows(16, open_), rows(32, decided), rows(64, decided)) == Standing(
        comparisons={16: 1, 64: 1}, open={16: 1}, more=4
    )


@pytest.mark.parametrize(("left", "more"), [(3, 0), (4, 4), (9, 4)])
def test_more_seeds_are_those_of_the_next_decision_within_the_cap(left: int, more: int) -> None:
    found = of(rows(16, {"a": [0.9] * 5 + [0.2], "b": SWEEP}), left=left)
    assert (found.open, found.more) == ({16: 1}, more)


def test_the_pair_that_needs_fewest_seeds_sets_the_next_round() -> None:
    values = {"a": [0.2] + [0.9] * 8, "b": [0.3] + [0.6] * 7 + [0.9], "c": [0.1] * 9}
    found = of(rows(16, values), left=10)
    assert (found.comparisons, found.open) == ({16: 3}, {16: 1})  # a-c and b-c are won; a-b stands at 7 to 1 and a tie
    assert found.more == 14 - 8


def test_leagues_are_apart() -> None:
    found = of(rows(16, {"a": [0.9] * 6, "b": SWEEP}), rows(16, {"c": [0.9] * 6, "d": SWEEP}, league="reads digits"))
    assert found == Standing(comparisons={16: 2}, open={}, more=0)


def test_two_that_chance_explains_are_left_alone_beside_a_third() -> None:
    values = {"a": [0.9] * 7, "b": [0.02, 0.03] * 3 + [0.02], "c": [0.03, 0.02] * 3 + [0.03]}
    assert of(rows(16, values)).open == {}
    assert of(rows(16, {name: own[:6] for name, own in values.items()})).open == {16: 2}  # three need seven seeds


def test_two_that_only_a_shortcut_explains_are_left_alone_too() -> None:
    mixed = {"a": [0.62, 0.6, 0.61], "b": [0.61, 0.62, 0.6]}
    assert of(rows(16, mixed, chance=0.1, shortcut=0.6)).open == {}
    assert of(rows(16, mixed, chance=0.1)).open == {16: 1}


def test_alike_counts_from_the_first_look_on() -> None:
    values = {"a": [0.5, 0.51] * 3, "b": [0.51, 0.5] * 3}
    assert of(rows(16, values)).open == {}
    assert of(rows(16, {name: own[:5] for name, own in values.items()})).open == {16: 1}


def test_nothing_measured_is_nothing_to_compare() -> None:
    assert of(rows(16, {"a": [0.9] * 6, "b": [float("nan")] * 6})) == Standing(comparisons={16: 0}, open={}, more=0)
    assert of(rows(16, {"a": [0.9]}).iloc[:0]) == Standing(comparisons={}, open={}, more=0)
