"""Against plain loops, against the same figures with one reference, and of encodings that do not differ."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from benchmark.reports.stats.improvement import improvements
from benchmark.reports.stats.win_rates import pairwise

NAN = math.nan


def by_pair(table: pd.DataFrame) -> pd.DataFrame:
    return pairwise(table).set_index(["encoding", "other"])


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


def test_both_sides_of_a_pair_agree_and_equal_those_with_one_reference(tidy) -> None:
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
    wanted = improvements(table, "c").set_index("encoding")
    found = rows.xs("c", level="other")
    for column in ("probability", "low", "high"):
        assert found[column].to_dict() == pytest.approx(wanted[column].to_dict())


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
    assert not pairwise(one)["told_apart"].any()
    assert pairwise(pd.concat([one, tidy(values, task="y")]))["told_apart"].all()


def test_encodings_that_do_not_differ_are_told_apart_about_as_rarely_as_stated(tidy) -> None:
    rng = np.random.default_rng(11)
    names = [f"e{index}" for index in range(29)]  # 406 pairs
    tables = [tidy({name: list(rng.normal(size=3)) for name in names}, task=task) for task in "wxyz"]
    assert 0.02 < pairwise(pd.concat(tables))["told_apart"].mean() < 0.12
