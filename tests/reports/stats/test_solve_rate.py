"""Clopper and Pearson's bounds by their closed forms, where all or no seeds solve, and by their definition."""

import math

import pandas as pd
import pytest
from scipy import stats

from benchmark.reports.stats.solve_rate import solve_rates


def test_eight_of_eight_and_none_of_seven(tidy) -> None:
    rows = solve_rates(tidy({"all": [0.9] * 8, "none": [0.89] * 7})).set_index("encoding")
    assert rows.loc["all", ["solved", "n", "rate", "high"]].tolist() == [8, 8, 1, 1]
    assert rows.loc["all", "low"] == pytest.approx(0.025 ** (1 / 8))
    assert rows.loc["all", "low"] == pytest.approx(0.63, abs=0.001)
    assert rows.loc["none", ["solved", "rate", "low"]].tolist() == [0, 0, 0]
    assert rows.loc["none", "high"] == pytest.approx(1 - 0.025 ** (1 / 7))


def test_each_bound_leaves_a_fortieth(tidy) -> None:
    row = solve_rates(tidy({"own": [1.0, 1.0, 0.95, 0.1, 0.2, 0.3, 0.4]})).iloc[0]
    assert stats.binom.sf(2, 7, row["low"]) == pytest.approx(0.025)  # 3 or more
    assert stats.binom.cdf(3, 7, row["high"]) == pytest.approx(0.025)  # 3 or fewer


def test_thresholds_losses_and_what_is_left_out(tidy) -> None:
    table = pd.concat(
        [
            tidy({"own": [0.5, 0.7, math.nan], "ended": [math.nan] * 3}),
            tidy({"own": [0.95, 0.2]}, metric="exact_match"),
            tidy({"own": [0.1, 0.2]}, metric="loss_nats"),
        ]
    )
    rows = solve_rates(table, threshold=0.6).set_index("metric")
    assert set(rows.index) == {"token_accuracy", "exact_match"}
    assert rows["encoding"].tolist() == ["own", "own"]
    assert rows.loc["token_accuracy", ["solved", "n", "seeds", "threshold"]].tolist() == [1, 2, 3, 0.6]


def test_nothing_is_measured(tidy) -> None:
    assert solve_rates(tidy({"own": [math.nan]})).empty
