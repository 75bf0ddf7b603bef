"""Against plain loops, values by hand, and Demsar's printed table."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from benchmark.errors import UsageError
from benchmark.reports.stats.improvement import improvements, interquartile_means
from benchmark.reports.stats.ranks import critical_difference, mid_ranks, tasks_needed
from benchmark.reports.stats.resampling import stratified_draws
from benchmark.reports.stats.skill import skill

NAN = math.nan


def iqm(values: list[float]) -> float:
    ordered = sorted(values)
    cut = len(ordered) // 4
    kept = ordered[cut : len(ordered) - cut]
    return sum(kept) / len(kept)


@pytest.fixture
def scores(tidy) -> pd.DataFrame:
    """Two encodings on three tasks with 2, 3 and 5 seeds; the last task is a loss."""
    rng = np.random.default_rng(5)
    tables = []
    for task, seeds, metric in (("a", 2, "token_accuracy"), ("b", 3, "exact_match"), ("c", 5, "loss_nats")):
        values = {name: list(rng.uniform(size=seeds)) for name in ("rope", "alibi")}
        tables.append(tidy(values, task=task, metric=metric, chance=4.0 if metric == "loss_nats" else 0.0))
    return pd.concat(tables)


def by_task(table: pd.DataFrame, encoding: str) -> list[list[float]]:
    own = table[table["encoding"] == encoding]
    return [list(rows["value"]) for _, rows in own.groupby("task")]


def test_skill_runs_from_chance_to_no_error(tidy) -> None:
    accuracy = skill(tidy({"rope": [0.25, 1.0, 0.0, 0.625]}, chance=0.25))
    assert list(accuracy) == pytest.approx([0, 1, -1 / 3, 0.5])
    assert list(skill(tidy({"rope": [6.0, 0.0, 12.0, 1.5]}, metric="loss_nats", chance=6.0))) == [0, 1, -1, 0.75]
    assert list(skill(tidy({"rope": [11.0, 1.0]}, metric="perplexity", chance=11.0))) == [0, 1]
    assert np.isnan(skill(tidy({"rope": [0.5]}, chance=NAN))).all()
    assert np.isnan(skill(tidy({"rope": [0.5]}, chance=1.0))).all()


def test_interquartile_mean_and_interval_are_those_of_plain_loops(scores: pd.DataFrame) -> None:
    row = interquartile_means(scores, seed=3).set_index("encoding").loc["rope"]
    first, second, losses = by_task(scores, "rope")
    strata = [first, second, [1 - loss / 4 for loss in losses]]
    assert row["iqm"] == pytest.approx(iqm(list(itertools.chain(*strata))))
    draws = stratified_draws((2, 3, 5), 3)
    resampled = [
        iqm([own[place] for own, draw in zip(strata, draws, strict=True) for place in draw[index]])
        for index in range(RESAMPLES)
    ]
    assert (row["low"], row["high"]) == pytest.approx(tuple(np.quantile(resampled, [0.025, 0.975])))
    assert (row["values"], row["tasks"], row["all_tasks"]) == (10, 3, 3)


def test_an_outlying_seed_does_not_move_the_interquartile_mean(tidy) -> None:
    usual, lost = ({"rope": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, last]} for last in (0.7, 7.0))
    first, second = (interquartile_means(tidy(values)).iloc[0]["iqm"] for values in (usual, lost))
    assert first == second == pytest.approx(0.4)  # of .2 .. .6


def test_what_is_missing_is_counted_and_one_seed_has_no_interval(tidy) -> None:
    table = pd.concat(
        [
            tidy({"rope": [0.5, 0.7], "none": [0.4, 0.6]}, task="a"),
            tidy({"rope": [0.9], "none": [NAN]}, task="b"),
            tidy({"digits": [0.9, 0.9]}, task="a", league="reads digits"),
        ]
    )
    rows = interquartile_means(table).set_index("encoding")
    assert rows[["values", "tasks", "all_tasks"]].loc["rope"].tolist() == [3, 2, 2]
    assert rows[["values", "tasks", "all_tasks"]].loc["none"].tolist() == [2, 1, 2]
    assert rows.loc["digits", "all_tasks"] == 1
    assert math.isnan(rows.loc["rope", "low"]) and rows.loc["none", "low"] == pytest.approx(0.4)
    assert interquartile_means(tidy({"rope": [NAN]})).iloc[0][["values", "tasks"]].tolist() == [0, 0]


def beats(first: float, second: float, *, lower: bool) -> float:
    return 0.5 if first == second else float((first < second) == lower)


def test_improvement_and_interval_are_those_of_plain_loops(scores: pd.DataFrame) -> None:
    row = improvements(scores, "rope", seed=3).iloc[0]
    draws = stratified_draws((2, 3, 5), 3)
    sides = zip(by_task(scores, "alibi"), by_task(scores, "rope"), (False, False, True), strict=True)
    won = [[[beats(x, y, lower=lower) for y in base] for x in own] for own, base, lower in sides]

    def share(places: list[list[int]]) -> float:
        kept = [[task[i][j] for i in own for j in own] for task, own in zip(won, places, strict=True)]
        return sum(sum(pairs) / len(pairs) for pairs in kept) / len(kept)

    assert row["probability"] == pytest.approx(share([[0, 1], [0, 1, 2], [0, 1, 2, 3, 4]]))
    resampled = [share([list(draw[index]) for draw in draws]) for index in range(RESAMPLES)]
    assert (row["low"], row["high"]) == pytest.approx(tuple(np.quantile(resampled, [0.025, 0.975])))
    assert (row["encoding"], row["reference"], row["tasks"]) == ("alibi", "rope", 3)


def test_improvement_by_hand(tidy) -> None:
    # Of nine pairs alibi wins (2, 1), (3, 1), (3, 2) and ties twice.
    row = improvements(tidy({"rope": [1.0, 2.0, 4.0], "alibi": [1.0, 2.0, 3.0]}), "rope").iloc[0]
    assert row["probability"] == pytest.approx(4 / 9)
    assert improvements(tidy({"rope": [0.5, 0.7], "alibi": [0.5, 0.7]}), "rope").iloc[0]["probability"] == 0.5


def test_improvement_is_over_common_seeds_and_common_tasks(tidy) -> None:
    table = pd.concat(
        [
            tidy({"rope": [0.1, 0.2, NAN], "alibi": [0.3, 0.4, 0.0], "none": [0.0, 0.0]}, task="a"),
            tidy({"alibi": [0.1, 0.1], "none": [NAN, 0.5]}, task="b"),
        ]
    )
    rows = improvements(table, "rope").set_index("encoding")
    assert rows["probability"].to_dict() == {"alibi": 1.0, "none": 0.0}
    assert rows[["tasks", "all_tasks"]].loc["alibi"].tolist() == [1, 2]
    with pytest.raises(UsageError, match="no results of 'sinusoidal'"):
        improvements(table, "sinusoidal")
    single = improvements(tidy({"rope": [0.1], "alibi": [0.2]}), "rope").iloc[0]
    assert single["probability"] == 1 and math.isnan(single["low"])


def test_mid_ranks_by_hand(tidy) -> None:
    table = pd.concat(
        [
            tidy({"a": [0.9, 0.7], "b": [0.7, 0.9], "c": [0.1, 0.1]}, task="x"),  # 1.5, 1.5, 3
            tidy({"a": [5.0], "b": [4.0], "c": [3.0]}, task="y", metric="loss_nats"),  # 3, 2, 1
        ]
    )
    rows = mid_ranks(table).set_index("encoding")
    assert rows["rank"].to_dict() == {"a": 2.25, "b": 1.75, "c": 2.0}
    assert rows["reciprocal_rank"].to_dict() == pytest.approx(
        {"a": (2 / 3 + 1 / 3) / 2, "b": (2 / 3 + 1 / 2) / 2, "c": (1 / 3 + 1) / 2}
    )
    assert set(rows["critical"]) == {critical_difference(3, 2)}
    assert set(rows["ranked"]) == {3}


def test_equal_seeds_in_another_order_share_a_rank(tidy) -> None:
    rows = mid_ranks(tidy({"a": [0.1, 0.2, 0.3], "b": [0.3, 0.2, 0.1]}))
    assert rows["rank"].tolist() == [1.5, 1.5]


def test_who_lacks_a_task_has_no_rank_and_takes_none(tidy) -> None:
    table = pd.concat(
        [
            tidy({"a": [0.1], "b": [0.2], "c": [0.9]}, task="x"),
            tidy({"a": [0.1], "b": [0.2], "c": [NAN]}, task="y"),
            tidy({"a": [0.1], "c": [0.2]}, task="x", multiple=2),
        ]
    )
    rows = mid_ranks(table).set_index(["multiple", "encoding"])
    assert rows["rank"].dropna().to_dict() == {(1, "a"): 2, (1, "b"): 1, (2, "a"): 2, (2, "c"): 1}
    assert rows.loc[(1, "c"), ["tasks", "all_tasks", "ranked"]].tolist() == [1, 2, 2]
    alone = mid_ranks(tidy({"a": [0.1]})).iloc[0]
    assert alone["rank"] == 1 and math.isnan(alone["critical"]) and math.isnan(alone["tasks_needed"])


# Critical values q as printed: Demsar 2006, table 5 (a), alpha = .05.
@pytest.mark.parametrize(("encodings", "printed"), [(2, 1.960), (3, 2.343), (5, 2.728), (7, 2.949), (10, 3.164)])
def test_critical_difference_is_demsars(encodings: int, printed: float) -> None:
    expected = printed * math.sqrt(encodings * (encodings + 1) / (6 * 11))
    assert critical_difference(encodings, 11) == pytest.approx(expected, rel=5e-4)


@pytest.mark.parametrize("encodings", [2, 3, 5, 11, 42])
def test_tasks_needed_is_where_first_and_last_can_differ(encodings: int) -> None:
    needed = int(tasks_needed(encodings))
    assert critical_difference(encodings, needed) <= encodings - 1 < critical_difference(encodings, needed - 1)
