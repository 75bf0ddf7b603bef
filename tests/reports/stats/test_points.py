"""Points over seeds by hand, against the interval of each, and the order in which encodings are listed."""

import math

import pandas as pd
import pytest

from benchmark.reports.stats.estimate import mean_interval
from benchmark.reports.stats.points import arranged, over_seeds


def test_over_seeds(tidy) -> None:
    points = over_seeds(tidy({"a": [0.2, 0.4, math.nan, 0.9], "d": [math.nan] * 4})).set_index("encoding")
    assert points.loc["a", ["n", "seeds", "status"]].tolist() == [3, 4, "ok"]
    assert points.loc["a", ["mean", "median", "minimum", "maximum"]].tolist() == pytest.approx([0.5, 0.4, 0.2, 0.9])
    assert points.loc["d", ["n", "status"]].tolist() == [0, "unsupported"]
    assert math.isnan(points.loc["d", "mean"])


@pytest.mark.parametrize("metric", ["token_accuracy", "loss_nats"])
def test_over_seeds_has_the_interval_of_every_single_point(tidy, metric: str) -> None:
    values = {"a": [0.9, 0.99, 1.0], "b": [0.5, math.nan, 0.7], "c": [0.3, math.nan, math.nan], "d": [math.nan] * 3}
    points = over_seeds(tidy(values, metric=metric)).set_index("encoding")
    for encoding, own in values.items():
        each = mean_interval(own, bounded=metric == "token_accuracy")
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
