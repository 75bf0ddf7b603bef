"""Skill with its interval by hand, and the order of encodings."""

import math

import pandas as pd
import pytest

from benchmark.reports.stats.estimate import mean_interval
from benchmark.reports.stats.rank_order import by_rank, ranked
from benchmark.reports.stats.skill import skills

NAN = math.nan


def test_the_interval_of_skill_is_that_of_the_mean_on_another_scale(tidy) -> None:
    row = skills(tidy({"rope": [0.5, 0.6, 0.7]}, chance=0.2)).iloc[0]
    plain = mean_interval([0.5, 0.6, 0.7], bounded=True)
    assert (row["mean"], row["low"], row["high"]) == pytest.approx(
        tuple((value - 0.2) / 0.8 for value in (plain.value, plain.low, plain.high))
    )


def test_of_a_loss_less_is_more_and_nothing_is_better_than_no_error(tidy) -> None:
    row = skills(tidy({"rope": [1.0, 2.0, 3.0]}, metric="loss_nats", chance=5.0)).iloc[0]
    plain = mean_interval([1.0, 2.0, 3.0])
    assert row["mean"] == pytest.approx(0.6)
    assert (row["low"], row["high"]) == pytest.approx((1 - plain.high / 5, min(1.0, 1 - plain.low / 5)))
    assert skills(tidy({"rope": [0.1, 2.0]}, metric="loss_nats", chance=5.0)).iloc[0]["high"] == 1


def test_where_there_is_no_value_or_no_chance_there_is_no_skill(tidy) -> None:
    lost = skills(tidy({"learned": [NAN, NAN]})).iloc[0]
    assert math.isnan(lost["mean"]) and lost["status"] == "unsupported"
    assert math.isnan(skills(tidy({"rope": [0.5]}, chance=NAN)).iloc[0]["mean"])
    one = skills(tidy({"rope": [0.5]})).iloc[0]
    assert one["mean"] == 0.5 and math.isnan(one["low"])


def test_encodings_are_ordered_by_mean_rank_then_by_what_they_lack(tidy) -> None:
    table = pd.concat(
        [
            tidy({"a": [0.1], "b": [0.9], "lacks-one": [1.0], "lacks-all": [NAN]}, task="x"),
            tidy({"a": [0.5], "b": [0.4], "c": [0.9], "lacks-one": [NAN], "lacks-all": [NAN]}, task="y"),
            tidy({"c": [0.95]}, task="x"),
            tidy({"digits": [1.0]}, task="x", league="reads digits"),
        ]
    )
    names = [name for _, name, _ in by_rank(table, 1.0)]
    assert names == ["c", "a", "b", "lacks-one", "lacks-all", "digits"]  # a and b share rank 2.5
    assert {name for _, name in ranked(table, 1.0)} == {"a", "b", "c", "digits"}  # each in its league
