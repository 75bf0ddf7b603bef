"""Clopper and Pearson's bounds by their closed forms, if all or no seeds solve, and by their definition."""

import math

import pytest
from scipy import stats

from benchmark.reports.stats.solve_rate import solve_rate


def test_eight_of_eight_and_none_of_seven() -> None:
    every, none = solve_rate(8, 8), solve_rate(0, 7)
    assert (every.value, every.n, every.high) == (1, 8, 1)
    assert every.low == pytest.approx(0.025 ** (1 / 8)) == pytest.approx(0.63, abs=0.001)
    assert (none.value, none.low) == (0, 0)
    assert none.high == pytest.approx(1 - 0.025 ** (1 / 7))


def test_each_bound_leaves_a_fortieth() -> None:
    rate = solve_rate(3, 7)
    assert stats.binom.sf(2, 7, rate.low) == pytest.approx(0.025)  # 3 or more
    assert stats.binom.cdf(3, 7, rate.high) == pytest.approx(0.025)  # 3 or fewer


def test_no_seed_has_no_rate() -> None:
    rate = solve_rate(0, 0)
    assert math.isnan(rate.value) and math.isnan(rate.low) and rate.n == 0
