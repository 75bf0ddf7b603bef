"""Win rates by hand, against plain loops, and of encodings that do not differ."""

import itertools
import math
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from benchmark.reports.stats.estimate import RESAMPLES
from benchmark.reports.stats.resampling import stratified_draws
from benchmark.reports.stats.win_rates import win_rates

NAN = math.nan


def by_pair(table: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    rows = [asdict(rate) | {"told_apart": rate.told_apart} for rate in win_rates(table, seed)]
    return pd.DataFrame(rows).set_index(["encoding", "other"])


def test_a_pair_by_hand(tidy) -> None:
    table = pd.concat(
        [
            tidy({"rope": [1.0, 2.0, 4.0], "alibi": [1.0, 2.0, 3.0]}, task="a"),  # rope wins 3, ties 2 of 9
            tidy({"rope": [5.0, 7.0], "alibi": [3.0, 4.0]}, task="b", metric="loss_nats"),  # alibi wins all
        ]
    )
    rows = by_pair(table)
    assert rows.loc[("rope", "alibi"), "probability"] == pytest.approx((5 / 9 + 0) / 2)
    assert rows.loc[("alibi", "rope"), "probability"] == pytest.approx((4 / 9 + 1) / 2)
    assert set(rows["tasks"]) == set(rows["all_tasks"]) == {2}


@pytest.fixture
def scores(tidy) -> pd.DataFrame:
    """Two encodings on three tasks with 2, 3 and 5 seeds; the last task is a loss."""
    rng = np.random.default_rng(5)
    tables = []
    for task, seeds, metric in (("a", 2, "token_accuracy"), ("b", 3, "exact_match"), ("c", 5, "loss_nats")):
        values = {name: list(rng.uniform(size=seeds)) for name in ("rope", "alibi")}
        tables.append(tidy(values, task=task, metric=metric, chance=4.0 if metric == "loss_nats" else 0.0))
    return pd.concat(tables)


def by_task(table: pd.DataFrame, encoding: str) -> list[list[float]]:
    own = table[table["encoding"] == encoding]
    return [list(rows["value"]) for _, rows in own.groupby("task")]


def beats(first: float, second: float, *, lower: bool) -> float:
    return 0.5 if first == second else float((first < second) == lower)


def test_probability_and_interval_are_those_of_plain_loops(scores: pd.DataFrame) -> None:
    row = by_pair(scores, seed=3).loc[("alibi", "rope")]
    draws = stratified_draws((2, 3, 5), 3)
    sides = zip(by_task(scores, "alibi"), by_task(scores, "rope"), (False, False, True), strict=True)
    won = [[[beats(x, y, lower=lower) for y in base] for x in own] for own, base, lower in sides]

    def share(places: list[list[int]]) -> float:
        kept = [[task[i][j] for i in own for j in own] for task, own in zip(won, places, strict=True)]
        return sum(sum(pairs) / len(pairs) for pairs in kept) / len(kept)

    assert row["probability"] == pytest.approx(share([[0, 1], [0, 1, 2], [0, 1, 2, 3, 4]]))
    resampled = [share([list(draw[index]) for draw in draws]) for index in range(RESAMPLES)]
    assert (row["low"], row["high"]) == pytest.approx(tuple(np.quantile(resampled, [0.025, 0.975])))
    assert row["tasks"] == 3


def test_ties_count_a_half(tidy) -> None:
    # Of nine pairs alibi wins (2, 1), (3, 1), (3, 2) and ties twice.
    rates = by_pair(tidy({"rope": [1.0, 2.0, 4.0], "alibi": [1.0, 2.0, 3.0]}))
    assert rates.loc[("alibi", "rope"), "probability"] == pytest.approx(4 / 9)
    assert by_pair(tidy({"rope": [0.5, 0.7], "alibi": [0.5, 0.7]}))["probability"].tolist() == [0.5, 0.5]


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
    single = by_pair(tidy({"rope": [0.1], "alibi": [0.2]})).loc[("alibi", "rope")]
    assert single["probability"] == 1 and math.isnan(single["low"])


def test_both_sides_of_a_pair_agree(tidy) -> None:
    rng = np.random.default_rng(3)
    names = ("a", "b", "c", "d", "e")
    tables = [tidy({name: list(rng.uniform(size=7)) for name in names}, task=task) for task in ("x", "y", "z")]
    table = pd.concat(tables)
    rows = by_pair(table)
    for first, second in itertools.permutations(names, 2):
        own, turned = rows.loc[(first, second)], rows.loc[(second, first)]
        assert own["probability"] + turned["probability"] == pytest.approx(1)
        assert (own["low"] + turned["high"], own["high"] + turned["low"]) == pytest.approx((1, 1))
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
    assert math.isnan(rows.loc[("a", "c"), "low"])  # one common seed
    assert not rows["told_apart"].any()  # one task


def test_two_tasks_tell_apart_what_one_does_not(tidy) -> None:
    values = {"a": [0.9, 0.8, 0.7], "b": [0.1, 0.2, 0.3]}
    one = tidy(values, task="x")
    assert not by_pair(one)["told_apart"].any()
    assert by_pair(pd.concat([one, tidy(values, task="y")]))["told_apart"].all()


def test_encodings_that_do_not_differ_are_told_apart_about_as_rarely_as_stated(tidy) -> None:
    rng = np.random.default_rng(11)
    names = [f"e{index}" for index in range(29)]  # 406 pairs
    tables = [tidy({name: list(rng.normal(size=3)) for name in names}, task=task) for task in "wxyz"]
    assert 0.02 < by_pair(pd.concat(tables))["told_apart"].mean() < 0.12
