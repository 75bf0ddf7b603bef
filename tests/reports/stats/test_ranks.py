"""Ranks and tests by hand, against the formula, and what Demsar prints: four classifiers, and critical values."""

import math

import numpy as np
import pandas as pd
import pytest

from benchmark.reports.stats.ranks import (
    by_rank,
    critical_difference,
    friedman,
    indistinct_runs,
    mean_ranks,
    ranked,
    tasks_needed,
)

NAN = math.nan

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


def test_demsars_four_classifiers_are_not_told_apart() -> None:
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


def test_mean_ranks_by_hand(tidy, as_table) -> None:
    table = pd.concat(
        [
            tidy({"a": [0.9, 0.7], "b": [0.7, 0.9], "c": [0.1, 0.1]}, task="x"),  # 1.5, 1.5, 3
            tidy({"a": [5.0], "b": [4.0], "c": [3.0]}, task="y", metric="loss_nats"),  # 3, 2, 1
        ]
    )
    rows = as_table(mean_ranks(table)).set_index("encoding")
    assert rows["rank"].to_dict() == {"a": 2.25, "b": 1.75, "c": 2.0}
    assert rows["reciprocal_rank"].to_dict() == pytest.approx(
        {"a": (2 / 3 + 1 / 3) / 2, "b": (2 / 3 + 1 / 2) / 2, "c": (1 / 3 + 1) / 2}
    )
    assert set(rows["critical"]) == {critical_difference(3, 2)}
    assert set(rows["ranked"]) == {3}


def test_equal_seeds_in_another_order_share_a_rank(tidy) -> None:
    rows = mean_ranks(tidy({"a": [0.1, 0.2, 0.3], "b": [0.3, 0.2, 0.1]}))
    assert [row.rank for row in rows] == [1.5, 1.5]


def test_who_lacks_a_task_has_no_rank_and_takes_none(tidy, as_table) -> None:
    table = pd.concat(
        [
            tidy({"a": [0.1], "b": [0.2], "c": [0.9]}, task="x"),
            tidy({"a": [0.1], "b": [0.2], "c": [NAN]}, task="y"),
            tidy({"a": [0.1], "c": [0.2]}, task="x", multiple=2),
        ]
    )
    rows = as_table(mean_ranks(table)).set_index(["multiple", "encoding"])
    assert rows["rank"].dropna().to_dict() == {(1, "a"): 2, (1, "b"): 1, (2, "a"): 2, (2, "c"): 1}
    assert rows.loc[(1, "c"), ["tasks", "all_tasks", "ranked"]].tolist() == [1, 2, 2]
    (alone,) = mean_ranks(tidy({"a": [0.1]}))
    assert alone.rank == 1 and math.isnan(alone.critical) and math.isnan(alone.tasks_needed)


@pytest.mark.parametrize(("encodings", "printed"), [(2, 1.960), (3, 2.343), (5, 2.728), (7, 2.949), (10, 3.164)])
def test_critical_difference_is_demsars(encodings: int, printed: float) -> None:
    expected = printed * math.sqrt(encodings * (encodings + 1) / (6 * 11))
    assert critical_difference(encodings, 11) == pytest.approx(expected, rel=5e-4)


@pytest.mark.parametrize("encodings", [2, 3, 5, 11, 42])
def test_tasks_needed_is_where_first_and_last_can_differ(encodings: int) -> None:
    needed = int(tasks_needed(encodings))
    assert critical_difference(encodings, needed) <= encodings - 1 < critical_difference(encodings, needed - 1)


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
