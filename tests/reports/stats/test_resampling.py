"""The resamples that every interval of a bootstrap shares."""

import numpy as np
import pytest

from benchmark.reports.stats.resampling import percentile_interval, stratified_draws, stratified_weights


def test_percentile_interval() -> None:
    assert percentile_interval(np.arange(201.0)) == pytest.approx((5, 195))


def test_weights_are_the_draws_counted() -> None:
    draws, weights = stratified_draws((3, 5), 2), stratified_weights((3, 5), 2)
    for draw, weight in zip(draws, weights, strict=True):
        size = draw.shape[1]
        counted = [[list(row).count(value) / size for value in range(size)] for row in draw[:11]]
        assert weight[:11].tolist() == counted


def test_draws_are_a_function_of_their_seed() -> None:
    first = stratified_draws((3, 5), 2)
    stratified_draws.cache_clear()
    assert all((one == other).all() for one, other in zip(first, stratified_draws((3, 5), 2), strict=True))
    assert (first[1] != stratified_draws((3, 5), 1)[1]).any()
