"""P values against scipy's permutation test, intervals against its bootstrap."""

import math

import numpy as np
import pytest
from scipy import stats

from benchmark.reports.stats.resampling import (
    PATTERNS,
    _signs,
    _weights,
    bca_interval,
    percentile_interval,
    sign_flip_p,
    stratified_draws,
    stratified_weights,
)


def scipy_p(row: np.ndarray) -> float:
    test = stats.permutation_test((row,), np.mean, permutation_type="samples", n_resamples=math.inf, vectorized=True)
    return float(test.pvalue)


@pytest.mark.parametrize("seeds", [2, 3, 5, 7, 11])
def test_sign_flips_equal_scipys_exact_test(seeds: int) -> None:
    differences = np.random.default_rng(seeds).normal(0.5, 1, size=(3, seeds))
    assert sign_flip_p(differences) == pytest.approx([scipy_p(row) for row in differences])


def test_sign_flips_by_hand() -> None:
    # Of +-1 +-2 +-4 only the observed signs and their mirror reach 7; of +-1 +-1 +-2 half of the patterns reach 2.
    rows = np.array([[1.0, 2.0, 4.0], [1.0, -1.0, 2.0], [0.0, 0.0, 0.0]])
    assert sign_flip_p(rows).tolist() == [2 / 8, 6 / 8, 1.0]
    assert sign_flip_p(np.array([[0.3]])).tolist() == [1.0]


def test_equal_sums_count_whatever_their_last_digit() -> None:
    assert sign_flip_p(np.array([[0.1, 0.2, -0.3]])).tolist() == [1.0]
    assert sign_flip_p(np.array([[0.3, 0.1, 0.2, -0.3, 0.2]])).tolist() == [scipy_p(np.array([3, 1, 2, -3, 2]))]


def test_above_twelve_seeds_random_patterns_come_close_to_the_exact_test() -> None:
    differences = np.random.default_rng(5).normal(0.4, 1, size=(3, 13))
    exact = [scipy_p(row) for row in differences]
    assert sign_flip_p(differences) == pytest.approx(exact, abs=4 * math.sqrt(0.25 / PATTERNS))
    assert sign_flip_p(np.ones((1, 23))).tolist() == [1 / (1 + PATTERNS)]  # never 0


def test_bca_equals_scipys() -> None:
    values = np.random.default_rng(7).exponential(size=(3, 29))
    for row, (low, high) in zip(values, bca_interval(values), strict=True):
        expected = stats.bootstrap((row,), np.mean, method="BCa", n_resamples=20_000, rng=np.random.default_rng(1))
        width = expected.confidence_interval.high - expected.confidence_interval.low
        assert (low, high) == pytest.approx(tuple(expected.confidence_interval), abs=0.08 * width)


def test_bca_leans_with_the_skew() -> None:
    row = np.random.default_rng(2).exponential(size=(1, 23))
    ((low, high),) = bca_interval(row)
    assert high - row.mean() > 1.1 * (row.mean() - low)


def test_bca_of_equal_values_is_a_point() -> None:
    assert bca_interval(np.full((2, 23), 0.25)).ravel() == pytest.approx([0.25] * 4)


@pytest.mark.parametrize(("seeds", "least", "most"), [(5, 0.80, 0.90), (20, 0.915, 0.95)])
def test_the_bootstrap_is_too_narrow_for_few_seeds(seeds: int, least: float, most: float) -> None:
    low, high = bca_interval(np.random.default_rng(11).normal(size=(2000, seeds))).T
    assert least < np.mean((low <= 0) & (high >= 0)) < most


def test_percentile_interval() -> None:
    assert percentile_interval(np.arange(201.0)) == pytest.approx((5, 195))


def test_weights_are_the_draws_counted() -> None:
    draws, weights = stratified_draws((3, 5), 2), stratified_weights((3, 5), 2)
    for draw, weight in zip(draws, weights, strict=True):
        size = draw.shape[1]
        counted = [[list(row).count(value) / size for value in range(size)] for row in draw[:11]]
        assert weight[:11].tolist() == counted


def test_resampling_is_a_function_of_its_seed() -> None:
    values = np.random.default_rng(3).normal(size=(2, 23))
    first = sign_flip_p(values), bca_interval(values)
    _signs.cache_clear()
    _weights.cache_clear()
    again = sign_flip_p(values), bca_interval(values)
    assert all((one == other).all() for one, other in zip(first, again, strict=True))
    assert (bca_interval(values, seed=1) != first[1]).any()


def test_a_row_comes_to_the_same_beside_others() -> None:
    values = np.random.default_rng(3).normal(size=(7, 23))
    assert bca_interval(values)[2] == pytest.approx(bca_interval(values[2:3])[0], rel=1e-9)
    assert sign_flip_p(values)[2] == sign_flip_p(values[2:3])[0]
