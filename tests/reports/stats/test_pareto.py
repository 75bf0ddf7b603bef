"""By hand, and against the definition over all pairs."""

import math

import numpy as np
import pytest

from benchmark.reports.stats.pareto import front, steps

NAN = math.nan


def test_a_front_by_hand() -> None:
    costs = [1.0, 2.0, 3.0, 2.5, 0.5]
    losses = [5.0, 3.0, 1.0, 4.0, 9.0]
    assert front(costs, losses, lower_is_better=True) == [True, True, True, False, True]
    assert front(costs, losses, lower_is_better=False) == [False, False, False, False, True]


def test_equal_points_are_both_on_it_and_a_tie_in_one_is_decided_by_the_other() -> None:
    assert front([1.0, 1.0], [2.0, 2.0], lower_is_better=True) == [True, True]
    assert front([1.0, 1.0], [2.0, 3.0], lower_is_better=True) == [True, False]
    assert front([1.0, 2.0], [3.0, 3.0], lower_is_better=False) == [True, False]


def test_what_is_missing_is_not_on_it_and_keeps_nobody_off() -> None:
    assert front([1.0, NAN, 0.5], [0.5, 0.9, NAN], lower_is_better=False) == [True, False, False]
    assert front([NAN], [NAN], lower_is_better=True) == [False]
    assert front([], [], lower_is_better=True) == []


@pytest.mark.parametrize("lower", [True, False])
def test_it_is_who_nobody_dominates(lower: bool) -> None:
    rng = np.random.default_rng(7)
    costs, values = rng.integers(7, size=(2, 31)).tolist()
    sign = 1 if lower else -1
    points = [(cost, sign * value) for cost, value in zip(costs, values, strict=True)]
    wanted = [not any(q[0] <= p[0] and q[1] <= p[1] and q != p for q in points) for p in points]
    assert front(costs, values, lower_is_better=lower) == wanted


def test_the_steps_are_the_front_by_cost() -> None:
    assert steps([3.0, 1.0, 2.0, 1.0], [1.0, 5.0, 9.0, 5.0], [True, True, False, True]) == [(1.0, 5.0), (3.0, 1.0)]
