"""The one rule: its boundary against an exact enumeration, its false alarms by simulation, its words by hand."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from benchmark.reports.stats.verdict import LEVEL, Duel, Verdict, Who, allowed, fewest_seeds, judge

ROPE, ALIBI, NONE = Who("rope", "rope"), Who("alibi", "alibi"), Who("none", "none")


def column(
    values: dict[str, list[float]],
    *,
    metric: str = "token_accuracy",
    chance: float = 0.0,
    shortcut: float = math.nan,
) -> pd.DataFrame:
    """Rows of one column of the metric table; a value a seed, NaN where there is none."""
    return pd.DataFrame(
        {
            "trained_with": name,
            "encoding": name,
            "seed": seed,
            "metric": metric,
            "value": value,
            "lower_is_better": metric == "loss_nats",
            "chance": chance,
            "shortcut": shortcut,
            "shortcut_name": "" if math.isnan(shortcut) else "constant answer",
        }
        for name, own in values.items()
        for seed, value in enumerate(own)
    )


def marks(verdict: Verdict) -> dict[str, str]:
    return {name.encoding: verdict.mark(name) for name in verdict.means}


def crossed(flips: tuple[int, ...], pairs: int) -> bool:
    wins = losses = 0
    for flip in flips:
        wins, losses = wins + flip, losses + 1 - flip
        if min(wins, losses) <= allowed(wins + losses, pairs):
            return True
    return False


@pytest.mark.parametrize("pairs", [1, 3, 10])
def test_a_fair_coin_crosses_no_more_often_than_its_share_of_the_level(pairs: int) -> None:
    seeds = 15
    share = np.mean([crossed(flips, pairs) for flips in itertools.product((0, 1), repeat=seeds)])
    assert share <= LEVEL / pairs


@pytest.mark.parametrize("encodings", [2, 3, 5, 10, 20])
def test_the_first_look_is_where_a_sign_test_of_a_clean_sweep_first_rejects(encodings: int) -> None:
    seeds, level = fewest_seeds(encodings), LEVEL / math.comb(encodings, 2)
    assert stats.binomtest(seeds, seeds).pvalue <= level < stats.binomtest(seeds - 1, seeds - 1).pvalue


def test_the_table_in_the_docstring() -> None:
    sweeps = [fewest_seeds(encodings) for encodings in (2, 3, 4, 5, 6, 10, 20)]
    pairs = [math.comb(encodings, 2) for encodings in (2, 3, 4, 5, 6, 10, 20)]
    one_lost = [next(seeds for seeds in range(100) if allowed(seeds, each) == 1) for each in pairs]
    assert sweeps == [6, 7, 8, 9, 10, 11, 13]
    assert one_lost == [10, 14, 15, 15, 14, 18, 21]


@given(st.integers(1, 200), st.integers(1, 300))
@settings(max_examples=50)
def test_the_boundary_never_falls_and_more_pairs_never_raise_the_first_look(pairs: int, seeds: int) -> None:
    assert allowed(seeds, pairs) <= allowed(seeds + 1, pairs) <= allowed(seeds, pairs) + 1


def test_a_clean_sweep_of_six_seeds_is_best_and_five_are_not_yet_tested() -> None:
    six = judge(column({"rope": [0.9] * 6, "alibi": [0.3, 0.4, 0.3, 0.5, 0.2, 0.3]}))
    assert marks(six) == {"rope": "best", "alibi": ""}
    assert (six.duel(ROPE, ALIBI).winner, six.more_seeds) == (ROPE, 0)
    five = judge(column({"rope": [0.9] * 5, "alibi": [0.3, 0.4, 0.3, 0.5, 0.2]}))
    assert marks(five) == {"rope": "untested", "alibi": ""}
    assert (five.duel(ALIBI, ROPE).winner, five.more_seeds) == (None, 1)


def test_one_seed_that_disagrees_costs_four_more() -> None:
    values = {"rope": [0.9] * 10, "alibi": [0.95] + [0.3] * 9}
    assert judge(column(values)).duel(ROPE, ALIBI).winner == ROPE
    nine = judge(column({name: own[:9] for name, own in values.items()}))
    assert nine.duel(ROPE, ALIBI).winner is None and nine.more_seeds == 1
    assert marks(nine) == {"rope": "among the best", "alibi": "among the best"}


def test_what_was_shown_at_six_seeds_stays_shown_whatever_comes_later() -> None:
    later = judge(column({"rope": [0.9] * 9, "alibi": [0.3] * 6 + [0.95] * 3}))
    assert later.duel(ROPE, ALIBI).winner == ROPE


def test_of_a_loss_less_is_better() -> None:
    verdict = judge(column({"rope": [5.0] * 6, "alibi": [4.0] * 6}, metric="loss_nats", chance=8.0))
    assert marks(verdict) == {"alibi": "best", "rope": ""} and verdict.duel(
        ALIBI, ROPE
    ).effect().value == pytest.approx(1.0)


def test_a_mean_that_chance_explains_gets_no_mark() -> None:
    verdict = judge(column({"rope": [0.058] * 8, "alibi": [0.03] * 8}, chance=0.014))
    assert marks(verdict) == {"rope": "", "alibi": ""} and verdict.leader is None and verdict.candidates == ()


def test_a_mean_that_only_a_shortcut_explains_is_marked_as_such_and_is_never_best() -> None:
    """.62 is far from chance, but within a tenth of the way from the shortcut's .6 to perfect."""
    both = judge(column({"rope": [0.62] * 8, "alibi": [0.2] * 8}, chance=0.1, shortcut=0.6))
    assert marks(both) == {"rope": "shortcut", "alibi": "shortcut"} and both.leader is None
    assert both.explanation(ROPE, ALIBI) == "shortcut" and both.floor.name == "constant answer"
    one = judge(column({"rope": [0.9] * 8, "alibi": [0.62] * 8, "none": [0.1] * 8}, chance=0.1, shortcut=0.6))
    assert marks(one) == {"rope": "best", "alibi": "shortcut", "none": ""} and one.explained == {ALIBI, NONE}
    assert (one.explanation(NONE), one.explanation(ALIBI, NONE), one.explanation(ROPE, NONE)) == (
        "chance",
        "shortcut",
        "",
    )


def test_without_shortcuts_the_floor_is_chance() -> None:
    assert marks(judge(column({"rope": [0.62] * 8, "alibi": [0.2] * 8}, chance=0.1))) == {"rope": "best", "alibi": ""}


def test_an_encoding_at_chance_must_be_ruled_out_too_before_another_is_best() -> None:
    """One lucky seed of many lifts a mean above chance; nothing shows yet that this encoding does better."""
    three = judge(column({"rope": [1.0] * 3, "alibi": [0.05] * 3}, chance=0.05))
    assert marks(three) == {"rope": "untested", "alibi": ""} and three.more_seeds == 3
    lucky = judge(column({"rope": [0.05] * 8 + [1.0], "alibi": [0.06] * 9}, chance=0.05))
    assert marks(lucky) == {"rope": "among the best", "alibi": ""} and lucky.explained == {ALIBI}
    six = judge(column({"rope": [1.0] * 6, "alibi": [0.05] * 6}, chance=0.05))
    assert marks(six) == {"rope": "best", "alibi": ""} and six.more_seeds == 0


def test_the_majority_rules_nobody_out_whose_mean_is_higher() -> None:
    verdict = judge(column({"rare": [0.99] * 9 + [0.1], "steady": [0.95] * 10}))
    rare, steady = Who("rare", "rare"), Who("steady", "steady")
    assert verdict.duel(rare, steady).winner == rare and verdict.means[steady] > verdict.means[rare]
    assert marks(verdict) == {"steady": "among the best", "rare": "among the best"}


def test_equal_values_and_missing_ones_are_passed_over() -> None:
    verdict = judge(column({"rope": [0.9] * 7 + [0.5, math.nan], "alibi": [0.3] * 5 + [0.9, math.nan, 0.4, 0.3]}))
    duel = verdict.duel(ROPE, ALIBI)
    assert (duel.wins, duel.losses, len(duel.differences), duel.winner) == (6, 0, 7, ROPE)


def test_more_seeds_follow_the_one_that_leads() -> None:
    duel = Duel(first=ROPE, second=ALIBI, differences=(1.0, 1.0, -1.0, 1.0), pairs=1)
    assert duel.more_seeds == 10 - 4


def test_nothing_measured_and_a_single_encoding() -> None:
    assert judge(column({"rope": [math.nan]})).means == {}
    alone = judge(column({"rope": [0.9] * 8}))
    assert marks(alone) == {"rope": ""} and alone.leader == ROPE and alone.more_seeds == 0


def draws(shape: str, size: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    """Outcomes of encodings that are all alike, in four shapes."""
    if shape == "normal":
        return generator.normal(0.6, 0.05, size)
    if shape == "heavy tails":
        return 0.6 + 0.02 * generator.standard_t(2, size)
    solved = generator.random(size) < {"half": 0.5, "p = .8": 0.8, "p = .9": 0.9}[shape]
    return np.where(solved, 0.98, 0.1) + generator.normal(0, 0.005, size)


@pytest.mark.parametrize("shape", ["normal", "half", "p = .8", "p = .9", "heavy tails"])
@pytest.mark.parametrize(("encodings", "seeds"), [(2, 8), (5, 10), (20, 14)])
def test_encodings_that_are_alike_are_told_apart_in_one_column_in_twenty(
    shape: str, encodings: int, seeds: int
) -> None:
    generator = np.random.default_rng(0)
    columns = 200 if encodings == 20 else 1000
    alarms = 0
    for values in draws(shape, (columns, encodings, seeds), generator):
        verdict = Verdict.of({Who("", str(index)): own for index, own in enumerate(values)})
        alarms += any(duel.winner is not None for duel in verdict.duels.values())
    assert stats.binomtest(alarms, columns, LEVEL, alternative="greater").pvalue > 1e-3


def test_a_difference_within_the_margin_rules_nobody_out() -> None:
    """On most seeds one does better, but by less than matters: both are among the best."""
    verdict = judge(column({"rope": [0.91] * 6, "alibi": [0.90] * 6}))
    assert verdict.duel(ROPE, ALIBI).winner == ROPE
    assert marks(verdict) == {"rope": "among the best", "alibi": "among the best"}
    assert marks(judge(column({"rope": [0.93] * 6, "alibi": [0.90] * 6}))) == {"rope": "best", "alibi": ""}


@given(st.lists(st.lists(st.sampled_from((0.2, 0.5, 0.6, 0.9, 1.0)), min_size=9, max_size=9), min_size=1, max_size=5))
@settings(max_examples=60, derandomize=True)
def test_tiers_hold_together_what_is_not_told_apart(values: list[list[float]]) -> None:
    """By brute force over pairs: nobody of a tier is shown to be worse within it, and each later one is by the last."""
    names = [Who(f"e{number}", f"e{number}") for number in range(len(values))]
    verdict = Verdict.of({name: np.array(own) for name, own in zip(names, values, strict=True)}, margin=0.02)

    def beats(first: Who, second: Who) -> bool:
        differences = np.array(values[names.index(first)]) - np.array(values[names.index(second)])
        shown = verdict.duels[first, second].winner == first
        return shown and differences.mean() > 0 and np.median(differences) > 0.02

    tiers = verdict.tiers
    assert sorted(name for tier in tiers for name in tier) == sorted(names)
    assert tiers[0] == verdict.candidates
    for tier in tiers:
        assert not any(beats(first, second) for first in tier for second in tier if first != second)
    for before, after in itertools.pairwise(tiers):
        assert all(any(beats(first, second) for first in before) for second in after)


def test_the_verdict_among_some_keeps_the_level_of_the_whole_column() -> None:
    """Six seeds show a clean sweep of two encodings, but not of two among three."""
    wins = {Who(name, name): np.full(6, value) for name, value in (("a", 0.9), ("b", 0.5), ("c", 0.1))}
    whole = Verdict.of(wins)
    some = list(wins)[:2]
    assert whole.among(some).candidates == tuple(some)
    assert Verdict.of({name: wins[name] for name in some}).candidates == (some[0],)
    assert list(whole.among(some).means) == some and len(whole.among(some).duels) == 2
