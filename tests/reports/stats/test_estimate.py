"""Means and ranges worked by hand."""

import math

import pytest

from benchmark.reports.stats.estimate import mean_and_range


def test_a_mean_stands_between_the_lowest_and_the_highest_seed() -> None:
    estimate = mean_and_range([0.9, math.nan, 0.2, 0.7])
    assert (estimate.value, estimate.low, estimate.high, estimate.n) == (pytest.approx(0.6), 0.2, 0.9, 3)


def test_one_seed_has_a_mean_and_no_range() -> None:
    estimate = mean_and_range([0.5])
    assert (estimate.value, estimate.n) == (0.5, 1)
    assert math.isnan(estimate.low) and math.isnan(estimate.high)


def test_no_seed_has_nothing() -> None:
    assert mean_and_range([math.nan]).n == 0
    assert math.isnan(mean_and_range([]).value)
