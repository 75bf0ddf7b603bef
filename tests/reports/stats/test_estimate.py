"""Intervals worked by hand; t(2, 0.975) = 4.302653, t(1, 0.975) = 12.706205 from printed tables."""

import math

import numpy as np
import pytest

from benchmark.reports.stats.estimate import (
    Estimate,
    distinguishable,
    mean_interval,
    paired_difference,
    paired_ratio,
    t_interval,
)


def test_interval_of_three_seeds() -> None:
    estimate = mean_interval([1.0, 2.0, 3.0])  # s = 1
    assert estimate.value == 2
    assert estimate.high - 2 == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)
    assert 2 - estimate.low == pytest.approx(2.484138, rel=1e-6)
    assert estimate.n == 3


def test_interval_of_two_seeds() -> None:
    estimate = mean_interval([4.0, 6.0])  # s = sqrt(2), s / sqrt(2) = 1
    assert (estimate.low, estimate.high) == pytest.approx((5 - 12.706205, 5 + 12.706205), rel=1e-6)


def test_one_seed_has_a_mean_and_no_interval() -> None:
    estimate = mean_interval([0.5], bounded=True)
    assert estimate.value == 0.5
    assert math.isnan(estimate.low) and math.isnan(estimate.high)


def test_no_seed_has_nothing() -> None:
    assert mean_interval([math.nan]).n == 0
    assert math.isnan(mean_interval([]).value)


def test_bounded_intervals_stay_within_0_and_1() -> None:
    wide = mean_interval([0.1, 0.9], bounded=True)
    assert (wide.low, wide.value, wide.high) == (0, 0.5, 1)
    assert mean_interval([0.1, 0.9]).high > 1


def test_paired_difference_uses_common_seeds_alone() -> None:
    difference = paired_difference({0: 5.0, 1: 7.0, 2: 9.0, 8: 100.0}, {0: 4.0, 1: 5.0, 2: 6.0, 9: -100.0})
    assert (difference.value, difference.n) == (2, 3)  # differences 1, 2, 3
    assert difference.high == pytest.approx(2 + 2.484138, rel=1e-6)


def test_pairing_finds_what_spread_over_seeds_hides() -> None:
    first, second = {0: 1.0, 1: 5.0, 2: 9.0}, {0: 0.9, 1: 4.89, 2: 8.91}
    assert distinguishable(paired_difference(first, second))
    alone = mean_interval(list(first.values()))
    assert alone.low < 4.9 < alone.high


@pytest.mark.parametrize(
    ("low", "high", "answer"), [(0.1, 0.2, True), (-0.2, -0.1, True), (-0.1, 0.2, False), (math.nan, math.nan, False)]
)
def test_distinguishable(low: float, high: float, answer: bool) -> None:
    assert distinguishable(Estimate(value=0, low=low, high=high, n=3)) is answer


def test_paired_ratio_is_the_median_of_ratios() -> None:
    ratio = paired_ratio([2.0, 9.0, 4.0], [1.0, 3.0, 4.0])  # 2, 3, 1
    assert ratio.value == 2
    assert 1 <= ratio.low <= 2 <= ratio.high <= 3
    assert math.isnan(paired_ratio([2.0], [1.0]).low)


def test_intervals_of_many_means_are_those_of_each() -> None:
    low, high = t_interval([2.0, 0.9, 0.9, 0.5], [1.0, 0.3, 0.3, 7.0], [3, 2, 2, 1], bounded=[False, False, True, True])
    assert (low[0], high[0]) == pytest.approx((2 - 2.484138, 2 + 2.484138), rel=1e-6)
    assert high[1] == pytest.approx(0.9 + 12.706205 * 0.3 / math.sqrt(2), rel=1e-6)
    assert (low[2], high[2]) == (0, 1)
    assert np.isnan([low[3], high[3]]).all()
