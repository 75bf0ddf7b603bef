"""Against the formula, a value with ties by hand, and what Demsar prints of four classifiers on fourteen data sets."""

import math

import numpy as np
import pytest

from benchmark.reports.stats.friedman import friedman, indistinct_runs
from benchmark.reports.stats.ranks import critical_difference

PRINTED = [1.964, 2.000, 2.893, 3.143]  # Demsar 2006, section 3.2.2: mean ranks; CD 1.25, chi2 9.28


def formula(ranks: np.ndarray) -> float:
    """Friedman's statistic of ranks [k, N] without ties, from mean ranks."""
    k, tasks = ranks.shape
    return 12 * tasks / (k * (k + 1)) * float((ranks.mean(axis=1) ** 2).sum() - k * (k + 1) ** 2 / 4)


def test_the_formula_gives_what_demsar_prints() -> None:
    assert formula(np.array(PRINTED)[:, None] @ np.ones((1, 14))) == pytest.approx(9.28, abs=0.02)


@pytest.mark.parametrize(("encodings", "tasks"), [(3, 2), (5, 7), (11, 3)])
def test_friedman_is_the_formula_where_there_are_no_ties(encodings: int, tasks: int) -> None:
    costs = np.random.default_rng(tasks).normal(size=(encodings, tasks))
    ranks = costs.argsort(axis=0).argsort(axis=0) + 1.0
    assert friedman(costs).statistic == pytest.approx(formula(ranks))


def test_friedman_by_hand() -> None:
    # Ranks 1, 2, 3 in both tasks: mean ranks 1, 2, 3, so that chi2 = 12 * 2 / 12 * (14 - 12) = 4, and p = exp(-2).
    agreed = friedman(np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]))
    assert (agreed.statistic, agreed.p) == pytest.approx((4.0, math.exp(-2)))
    # Ranks 1.5, 1.5, 3 and 1, 2, 3: sums 2.5, 3.5, 6; 2 * (54.5 / 2 / 2 - 12) = 3.25, over 1 - 6 / (2 * 24) = .875.
    tied = friedman(np.array([[1.0, 1.0], [1.0, 2.0], [3.0, 3.0]]))
    assert tied.statistic == pytest.approx(3.25 / 0.875)
    assert not agreed.rejects


def test_friedman_rejects_where_tasks_agree() -> None:
    assert friedman(np.arange(5.0)[:, None] + np.zeros((5, 7))).rejects


@pytest.mark.parametrize("shape", [(2, 5), (5, 1)])
def test_too_little_to_rank_is_no_test(shape: tuple[int, int]) -> None:
    outcome = friedman(np.random.default_rng(2).normal(size=shape))
    assert math.isnan(outcome.p) and not outcome.rejects


def test_what_is_alike_everywhere_is_no_test() -> None:
    assert math.isnan(friedman(np.ones((3, 5))).statistic)


def test_demsars_four_classifiers_are_not_with_unique_ids() -> None:
    critical = critical_difference(4, 14)
    assert critical == pytest.approx(1.25, abs=0.005)
    assert indistinct_runs(PRINTED, critical) == [(0, 3)]


def test_bars_join_the_longest_runs_and_none_within_another() -> None:
    ranks = [1.0, 1.5, 3.0, 3.5, 7.0]
    assert indistinct_runs(ranks, 2.5) == [(0, 2), (1, 3)]
    assert indistinct_runs(ranks, 2.0) == [
        (0, 1),
        (1, 2),
        (2, 3),
    ]  # 3.5 - 1.5 is the critical difference itself: told apart
    assert indistinct_runs(ranks, 0.5) == []
    assert indistinct_runs(ranks, math.inf) == [(0, 4)]
    assert indistinct_runs([1.5, 1.5], 0.1) == [(0, 1)]
    assert indistinct_runs([1.0], 5.0) == []
