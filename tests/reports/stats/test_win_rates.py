"""Win rates by hand, and of encodings that do not differ."""

import itertools
import math
from collections import defaultdict
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from benchmark.reports.stats.verdict import Duel, Who
from benchmark.reports.stats.win_rates import pooled, win_rates

NAN = math.nan


def by_pair(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame([asdict(rate) for rate in win_rates(table)]).set_index(["encoding", "other"])


def test_a_pair_by_hand(tidy) -> None:
    table = pd.concat(
        [
            tidy({"rope": [1.0, 2.0, 4.0], "alibi": [1.0, 2.0, 3.0]}, task="a"),  # rope wins one, ties two
            tidy({"rope": [5.0, 7.0], "alibi": [3.0, 4.0]}, task="b", metric="loss_nats"),  # alibi wins both
        ]
    )
    rows = by_pair(table)
    assert rows.loc[("rope", "alibi"), "probability"] == pytest.approx((2 / 3 + 0) / 2)
    assert rows.loc[("alibi", "rope"), "probability"] == pytest.approx((1 / 3 + 1) / 2)
    assert rows.loc[("rope", "alibi"), ["wins", "losses", "common"]].tolist() == [1, 2, 5]
    assert rows.loc[("alibi", "rope"), ["wins", "losses", "common"]].tolist() == [2, 1, 5]
    assert set(rows["tasks"]) == set(rows["all_tasks"]) == {2}


def test_it_is_over_common_seeds_and_common_tasks(tidy) -> None:
    table = pd.concat(
        [
            tidy({"rope": [0.1, 0.2, NAN], "alibi": [0.3, 0.4, 0.0], "none": [0.0, 0.0]}, task="a"),
            tidy({"alibi": [0.1, 0.1], "none": [NAN, 0.5]}, task="b"),
        ]
    )
    rows = by_pair(table).xs("rope", level="other")
    assert rows["probability"].to_dict() == {"alibi": 1.0, "none": 0.0}
    assert rows[["tasks", "all_tasks"]].loc["alibi"].tolist() == [1, 2]


def test_both_sides_of_a_pair_agree(tidy) -> None:
    rng = np.random.default_rng(3)
    names = ("a", "b", "c", "d", "e")
    tables = [tidy({name: list(rng.uniform(size=7)) for name in names}, task=task) for task in ("x", "y", "z")]
    rows = by_pair(pd.concat(tables))
    for first, second in itertools.permutations(names, 2):
        own, turned = rows.loc[(first, second)], rows.loc[(second, first)]
        assert own["probability"] + turned["probability"] == pytest.approx(1)
        assert (own["wins"], own["losses"]) == (turned["losses"], turned["wins"])
        assert own["told_apart"] == turned["told_apart"]


def test_pairs_have_both_sides(tidy) -> None:
    first, second = win_rates(tidy({"a": [0.1, 0.2], "b": [0.3, 0.4]}))
    assert (first.encoding, first.other, first.probability) == ("a", "b", 0.0)
    assert (second.encoding, second.other, second.probability) == ("b", "a", 1.0)
    assert (first.tasks, first.all_tasks) == (1, 1)


def test_what_is_missing_is_counted(tidy) -> None:
    table = pd.concat(
        [
            tidy({"a": [0.9, 0.8], "b": [0.1, 0.2], "c": [NAN, NAN]}, task="x"),
            tidy({"a": [0.9, 0.8], "b": [NAN, NAN], "c": [0.3, NAN]}, task="y"),
            tidy({"digits": [1.0, 1.0]}, task="x", league="reads digits"),
        ]
    )
    rows = by_pair(table)
    assert rows["tasks"].to_dict() == {
        **{("a", "b"): 1, ("b", "a"): 1, ("a", "c"): 1, ("c", "a"): 1},
        **{("b", "c"): 0, ("c", "b"): 0},
    }
    assert rows.loc[("a", "b"), "probability"] == 1 and math.isnan(rows.loc[("b", "c"), "probability"])
    assert not rows["told_apart"].any()  # two seeds


def test_tasks_together_show_what_one_does_not(tidy) -> None:
    values = {"a": [0.9, 0.8, 0.7], "b": [0.1, 0.2, 0.3]}
    one = tidy(values, task="x")
    assert not by_pair(one)["told_apart"].any()
    assert by_pair(pd.concat([one, tidy(values, task="y")]))["told_apart"].all()  # six seeds, two encodings


def test_seeds_come_before_tasks_so_that_what_is_shown_stays_shown() -> None:
    first, second = Who("a", "a"), Who("b", "b")
    tasks = [(np.array([0, 2]), np.array([1.0, 2.0])), (np.array([0, 1, 2]), np.array([3.0, 4.0, 5.0]))]
    assert pooled(tasks, first, second, pairs=1).differences == (1.0, 3.0, 4.0, 2.0, 5.0)


@pytest.mark.parametrize("encodings", [5, 10])
def test_of_encodings_that_are_alike_at_most_5_percent_of_figures_have_any_dot(encodings: int) -> None:
    """Each value is drawn from one distribution: 400 figures of four tasks, at 3, 8 and 10 seeds."""
    figures, rng = 400, np.random.default_rng(encodings)
    values = rng.normal(size=(figures, encodings, 10, 4))  # in the order of seeds, then of tasks
    pairs = encodings * (encodings - 1) // 2
    dotted: dict[int, set[int]] = defaultdict(set)
    for figure, (first, second) in itertools.product(range(figures), itertools.combinations(range(encodings), 2)):
        for seeds in (3, 8, 10):
            differences = (values[figure, first, :seeds] - values[figure, second, :seeds]).ravel()
            duel = Duel(first=Who("a", "a"), second=Who("b", "b"), differences=tuple(differences.tolist()), pairs=pairs)
            if duel.winner is not None:
                dotted[seeds].add(figure)
    for seeds in (3, 8, 10):
        assert len(dotted[seeds]) / figures <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / figures)
    assert dotted[10]  # and some have one
