"""Intervals against scipy's exact binomial test, its quantiles, an enumeration, and values worked by hand."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from benchmark.reports.stats.intervals import (
    alike,
    alike_share,
    median_bounds,
    median_interval,
    paired_ratio,
    share_interval,
    widened,
)

NAN = math.nan


@pytest.mark.parametrize("count", [2, 3, 5, 6, 7, 8, 9, 11, 23])
def test_median_interval_holds_the_median_as_often_as_stated(count: int) -> None:
    """The true median lies between the k-th of either end unless fewer than k seeds fall on one side of it."""
    estimate = median_interval(range(1, count + 1))
    coverages = {k: 1 - 2 * stats.binom.cdf(k - 1, count, 0.5) for k in range(1, count // 2 + 1)}
    enough = [k for k, coverage in coverages.items() if coverage >= 0.95]
    expected = (max(enough), count + 1 - max(enough)) if enough else (NAN, NAN)
    assert (estimate.low, estimate.high) == pytest.approx(expected, nan_ok=True)
    assert (estimate.value, estimate.n) == ((count + 1) / 2, count)
    assert bool(enough) == (count >= 6)


@pytest.mark.parametrize("count", [6, 8, 9, 10, 12, 15])
def test_median_bounds_are_the_binomial_quantiles(count: int) -> None:
    low, high = median_bounds(np.arange(1.0, count + 1))
    assert (low, high) == (stats.binom.ppf(0.025, count, 0.5), count + 1 - stats.binom.ppf(0.025, count, 0.5))


def test_of_every_pattern_of_sides_the_interval_covers_the_median_in_the_share_stated() -> None:
    sides = np.array(list(itertools.product((-1.0, 1.0), repeat=9)))
    low, high = median_bounds(sides + np.linspace(-0.1, 0.1, 9))
    assert np.mean((low <= 0) & (high >= 0)) == 1 - 2 * 10 / 512


def test_median_interval_of_nothing() -> None:
    assert math.isnan(median_interval([]).value)


def test_each_row_has_its_own_number_of_values() -> None:
    rows = np.array([[3, 1, 2, 6, 5, 4, 9, 8, 7], [3, 1, 2, 6, NAN, 4, NAN, 5, NAN], [1, 2, 3, 4, 5, *[NAN] * 4]])
    assert median_bounds(rows) == pytest.approx(np.array([[2, 1, NAN], [8, 6, NAN]]), nan_ok=True)
    for row, low, high in zip(rows, *median_bounds(rows), strict=True):
        alone = median_interval(list(row))
        assert (alone.low, alone.high, alone.n) == pytest.approx((low, high, sum(~np.isnan(row))), nan_ok=True)


def test_the_sampling_of_rows_widens_each_side_in_quadrature() -> None:
    # median 3.5; the sides are 2.5 and 6.5 long; sqrt(2.5^2 + 6^2) = 6.5 and sqrt(6.5^2 + 6^2) = 8.845903
    estimate = median_interval([1.0, 2.0, 3.0, 4.0, 5.0, 10.0], row_error=6 / 1.959963984540054)
    assert (estimate.low, estimate.value, estimate.high) == pytest.approx((-3.0, 3.5, 3.5 + math.sqrt(78.25)))
    both = widened(np.array([0.0, 0.0]), np.array([[-3.0, -1.0], [3.0, 1.0]]), np.array([0.0, 0.0]))
    assert both.tolist() == [[-3, -1], [3, 1]]


@pytest.mark.parametrize("count", [1, 3, 8, 10, 21])
def test_the_interval_of_a_share_is_that_of_the_exact_binomial_test(count: int) -> None:
    hits = np.arange(count + 1)
    exact = [stats.binomtest(int(hit), count).proportion_ci(method="exact") for hit in hits]
    assert share_interval(hits, count).T == pytest.approx(np.array([(each.low, each.high) for each in exact]))


def test_eight_of_eight_by_hand_and_none_of_none() -> None:
    assert share_interval(8, 8) == pytest.approx([0.025 ** (1 / 8), 1.0])  # p^8 = .025
    assert share_interval(0, 3) == pytest.approx([0.0, 1 - 0.025 ** (1 / 3)])
    assert np.isnan(share_interval(0, 0)).all()


@pytest.mark.parametrize("count", [1, 5, 8, 10])
def test_the_share_behind_alike_is_the_one_sided_exact_bound(count: int) -> None:
    bound = stats.binomtest(count, count, alternative="greater").proportion_ci(confidence_level=0.95).low
    assert alike_share(count) == pytest.approx(bound)
    assert alike_share(count) ** count == pytest.approx(0.05)


def test_of_no_seed_nothing_is_alike() -> None:
    rows = np.array([[0.02, -0.02, 0.0], [0.02, NAN, -0.01], [0.0, 0.0, 0.03], [NAN, NAN, NAN]])
    assert alike(rows, 0.02).tolist() == [True, True, False, False]
    assert alike_share(0) == 0.0


def test_a_ratio_is_the_median_over_rounds_with_the_interval_of_a_median() -> None:
    ratio = paired_ratio([2.0, 9.0, 4.0, 5.0, 0.5, 8.0], [1.0, 3.0, 4.0, 2.0, 1.0, 2.0])  # 2, 3, 1, 2.5, 0.5, 4
    assert (ratio.value, ratio.low, ratio.high, ratio.n) == (2.25, 0.5, 4, 6)
    assert math.isnan(paired_ratio([2.0] * 5, [1.0] * 5).low)
