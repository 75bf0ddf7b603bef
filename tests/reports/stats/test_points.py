"""Points over seeds by hand, and the orders in which encodings are listed."""

import math

import pandas as pd
import pytest

from benchmark.reports.stats.estimate import mean_and_range
from benchmark.reports.stats.points import arranged, by_quality, over_seeds


def test_over_seeds(tidy) -> None:
    points = over_seeds(tidy({"a": [0.2, 0.4, math.nan, 0.9], "d": [math.nan] * 4})).set_index("encoding")
    assert points.loc["a", ["n", "seeds", "status"]].tolist() == [3, 4, "ok"]
    assert points.loc["a", ["mean", "low", "high"]].tolist() == pytest.approx([0.5, 0.2, 0.9])
    assert points.loc["a", "each"] == ((0, 0.2), (1, 0.4), (3, 0.9))
    assert points.loc["d", "each"] == ()
    assert points.loc["d", ["n", "status"]].tolist() == [0, "unsupported"]
    assert math.isnan(points.loc["d", "mean"])


@pytest.mark.parametrize("metric", ["token_accuracy", "loss_nats"])
def test_over_seeds_has_the_range_of_every_single_point(tidy, metric: str) -> None:
    values = {"a": [0.9, 0.99, 1.0], "b": [0.5, math.nan, 0.7], "c": [0.3, math.nan, math.nan], "d": [math.nan] * 3}
    points = over_seeds(tidy(values, metric=metric)).set_index("encoding")
    for encoding, own in values.items():
        each = mean_and_range(own)
        expected = pytest.approx([each.value, each.low, each.high, each.n], nan_ok=True)
        assert points.loc[encoding, ["mean", "low", "high", "n"]].tolist() == expected


def test_what_is_applied_at_test_time_follows_its_base_and_leagues_come_last(tidy) -> None:
    tables = [tidy({name: [0.5]}) for name in ("rope", "alibi", "learned")]
    tables += [tidy({"abacus": [0.5]}, league="reads digits"), tidy({"pi": [0.5]}, trained_with="rope")]
    assert arranged(pd.concat(tables)) == [
        ("alibi", "alibi", ""),
        ("learned", "learned", ""),
        ("rope", "rope", ""),
        ("rope", "pi", ""),
        ("abacus", "abacus", "reads digits"),
    ]


def test_tables_list_the_best_at_the_longest_length_first(tidy) -> None:
    ends = tidy({"ends": [0.99], "low": [0.1], "high": [0.2]})
    longest = tidy({"ends": [math.nan], "low": [0.3], "high": [0.4]}, multiple=4)
    digits = tidy({"digits": [1.0]}, league="reads digits", multiple=4)
    assert [name for _, name, _ in by_quality(pd.concat([ends, longest, digits]))] == ["high", "low", "ends", "digits"]
    loss = tidy({"low": [3.0], "high": [4.0]}, metric="loss_nats", multiple=4)
    assert [name for _, name, _ in by_quality(loss)] == ["low", "high"]
    equal = tidy({"b": [0.1, 0.2, 0.3], "a": [0.3, 0.2, 0.1]})
    assert [name for _, name, _ in by_quality(equal)] == ["a", "b"]


def test_over_several_tasks_the_mean_rank_counts(tidy) -> None:
    first = tidy({"a": [0.9], "b": [0.8], "c": [0.1]})
    second = tidy({"a": [0.1], "b": [0.8], "c": [0.9]}, task="reverse")
    third = tidy({"b": [0.8], "c": [0.9]}, task="sort")  # a was not run
    assert [name for _, name, _ in by_quality(first, second, third)] == ["c", "b", "a"]  # 5/3, 2, 7/3
