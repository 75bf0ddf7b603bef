"""Values by hand, by scipy and by plain loops; then error rates of 400 simulated comparisons.

Tolerance of a rate: the count that a binomial with the nominal rate exceeds once in a thousand.
"""

import itertools
import math
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmark.errors import UsageError
from benchmark.reports.stats.against_reference import (
    against,
    detectable,
    equivalence_p,
    fewest_seeds,
    holm,
    seeds_to_show,
)

TRIALS = 400
NAN = math.nan


def closed_testing(p: list[float]) -> list[float]:
    """Holm by another road: the worst Bonferroni p of all sets of hypotheses that hold the one in question."""
    sets = [group for size in range(1, len(p) + 1) for group in itertools.combinations(range(len(p)), size)]
    worst = [
        max(min(1.0, len(group) * min(p[i] for i in group)) for group in sets if j in group) for j in range(len(p))
    ]
    return worst


def test_holm_is_closed_testing() -> None:
    p = [0.01, 0.04, 0.03, 0.005, 0.5, 0.03, 0.9]
    assert holm(np.array(p)) == pytest.approx(closed_testing(p))


def test_holm_by_hand_and_without_what_is_not_known() -> None:
    assert holm(np.array([0.03, NAN, 0.01, 0.02])) == pytest.approx([0.04, NAN, 0.03, 0.04], nan_ok=True)
    assert len(holm(np.array([]))) == 0


@pytest.mark.parametrize("seeds", [3, 5, 7])
def test_equivalence_is_two_one_sided_t_tests(seeds: int) -> None:
    rows = np.random.default_rng(seeds).normal(0.01, 0.02, size=(11, seeds))
    above = stats.ttest_1samp(rows, -0.02, axis=1, alternative="greater").pvalue
    below = stats.ttest_1samp(rows, 0.02, axis=1, alternative="less").pvalue
    expected = np.maximum(np.maximum(above, below), 1 / 2**seeds)
    assert equivalence_p(rows, 0.02) == pytest.approx(expected)


def test_equal_values_are_no_proof_beyond_their_number() -> None:
    assert equivalence_p(np.zeros((1, 3)), 0.02).tolist() == [1 / 8]
    assert equivalence_p(np.zeros((1, 5)), 0.02).tolist() == [1 / 32]
    assert equivalence_p(np.full((1, 5), 0.5), 0.02).tolist() == [1.0]
    assert np.isnan(equivalence_p(np.zeros((1, 5)), NAN)).all()
    assert np.isnan(equivalence_p(np.zeros((1, 1)), 0.02)).all()


def test_detectable_effect() -> None:
    assert detectable(1, 1) == pytest.approx(2.80, abs=0.005)  # 1.960 + 0.842
    assert detectable(0.3, 9) == pytest.approx(0.28, abs=0.001)
    assert detectable(1, 1, family=5) == pytest.approx(2.576 + 0.842, abs=0.001)  # z(.995)


@pytest.mark.parametrize("family", [1, 2, 3, 7, 41])
def test_fewest_seeds_is_where_the_floor_of_p_passes_holm(family: int) -> None:
    assert fewest_seeds(family) == next(n for n in itertools.count(1) if family * 2 / 2**n <= 0.05)


def test_seeds_to_show() -> None:
    assert seeds_to_show(1.0, 1.0) == 8  # 2.80^2 = 7.85
    assert seeds_to_show(0.5, 1.0) == 32  # 31.4
    assert seeds_to_show(1.0, 0.0) == 6
    assert seeds_to_show(1.0, 1.0, family=41) == math.ceil((stats.norm.ppf(1 - 0.025 / 41) + stats.norm.ppf(0.8)) ** 2)
    assert all(math.isnan(seeds_to_show(*case)) for case in [(0.0, 1.0), (NAN, 1.0), (1.0, NAN)])


def compared_with(table: pd.DataFrame, reference: str, **options) -> pd.DataFrame:
    """The tests as a table: fields, and what follows from them."""
    derived = ("detectable", "seeds_needed", "verdict", "note")
    tests = against(table, reference, **options)
    return pd.DataFrame([asdict(test) | {name: getattr(test, name) for name in derived} for test in tests])


SEVEN = [0.50, 0.52, 0.54, 0.56, 0.58, 0.60, 0.62]


def shifted(by: float, spread: float = 0.001) -> list[float]:
    """Seven seeds `by` above the reference, give or take: differences by - 3 spread .. by + 3 spread."""
    return [value + by + (index - 3) * spread for index, value in enumerate(SEVEN)]


@pytest.fixture
def verdicts(tidy) -> pd.DataFrame:
    values = {
        "base": SEVEN,
        "above": shifted(0.2),
        "below": shifted(-0.1),
        "alike": shifted(0.0),
        "vague": shifted(0.01, spread=0.05),
        "single": [0.9],
        "ended": [NAN] * 7,
    }
    pair = {name: values[name] for name in ("base", "above")}
    other = tidy({"digits": shifted(0.3)}, league="reads digits")
    return compared_with(pd.concat([tidy(values), tidy(pair, multiple=2), other]), "base")


def test_one_row_an_encoding_and_place(verdicts: pd.DataFrame) -> None:
    assert list(verdicts["encoding"]) == ["above", "alike", "below", "ended", "single", "vague", "above"]
    assert set(verdicts["family"][:6]) == {5}  # "ended" has no p value
    assert verdicts["family"].iloc[6] == 1


def test_difference_and_interval_by_hand(verdicts: pd.DataFrame) -> None:
    row = verdicts.iloc[2]  # "below"; SD of -3 .. 3 is sqrt(28 / 6), t(6, .975) = 2.446912
    assert row["difference"] == pytest.approx(-0.1)
    assert row["spread"] == pytest.approx(0.001 * math.sqrt(28 / 6))
    assert row["high"] == pytest.approx(-0.1 + 2.446912 * 0.001 * math.sqrt(28 / 6 / 7))
    assert row["p"] == 2 / 2**7
    assert (row["interval"], row["n"], row["margin"]) == ("t", 7, 0.02)


def test_holm_takes_the_encodings_of_one_place(verdicts: pd.DataFrame) -> None:
    here = verdicts[verdicts["multiple"] == 1]
    known = here[here["p"].notna()]
    assert list(known["p_holm"]) == pytest.approx(closed_testing(list(known["p"])))
    assert verdicts["p_holm"].iloc[6] == verdicts["p"].iloc[6] == 2 / 2**7


def test_seven_seeds_cannot_pass_holm_among_five(verdicts: pd.DataFrame) -> None:
    row = verdicts.iloc[0]  # 5 * 2 / 2^7 = .078, whatever the difference: 8 seeds are needed
    assert (row["verdict"], row["note"], row["seeds_needed"]) == ("unmeasured", "needs 1 more seed", 8)
    assert verdicts.iloc[6][["verdict", "note"]].tolist() == ["better", ""]


def test_who_has_no_seed_or_one_is_said(verdicts: pd.DataFrame) -> None:
    notes = verdicts[verdicts["multiple"] == 1].set_index("encoding")
    assert notes.loc["ended", ["n", "verdict", "note"]].tolist() == [0, "unmeasured", "no common seed"]
    assert notes.loc["single", ["n", "verdict", "p"]].tolist() == [1, "one seed", 1.0]
    assert notes.loc["single", "note"] == "needs at least 7 more seeds"
    assert math.isnan(notes.loc["single", "low"])


def test_equivalent_unmeasured_and_what_is_lacking(tidy) -> None:
    values = {"base": SEVEN, "alike": shifted(0.0), "vague": shifted(0.01, spread=0.05)}
    rows = compared_with(tidy(values), "base").set_index("encoding")
    assert rows["verdict"].to_dict() == {"alike": "equivalent", "vague": "unmeasured"}
    assert rows.loc["alike", "p_equivalent_holm"] == 2 / 2**7
    spread = 0.05 * math.sqrt(28 / 6)
    reach = stats.norm.ppf(1 - 0.05 / 4) + stats.norm.ppf(0.8)
    assert rows.loc["vague", "detectable"] == pytest.approx(reach * spread / math.sqrt(7))
    more = math.ceil((reach * spread / 0.02) ** 2) - 7  # the margin, which is more than the difference
    assert rows.loc["vague", "note"] == f"needs {more} more seeds"


def test_a_margin_is_given_by_metric(tidy) -> None:
    table = tidy({"base": SEVEN, "alike": shifted(0.0)})
    assert compared_with(table, "base", margins={"token_accuracy": 1e-6}).iloc[0]["verdict"] == "unmeasured"
    blank = compared_with(table, "base", margins={}).iloc[0]
    assert math.isnan(blank["p_equivalent"]) and blank["verdict"] == "unmeasured"


def test_a_higher_loss_is_worse_and_a_difference_shown_stands_within_the_margin(tidy) -> None:
    rows = compared_with(tidy({"base": SEVEN, "high": shifted(0.01), "low": shifted(-0.2)}, metric="loss_nats"), "base")
    assert dict(zip(rows["encoding"], rows["verdict"], strict=True)) == {"high": "worse", "low": "better"}
    assert rows.iloc[0]["p_equivalent_holm"] < 0.05


def test_common_seeds_alone_count_and_infinity_is_no_value(tidy) -> None:
    row = compared_with(tidy({"base": [1.0, 2.0, NAN, 4.0], "own": [1.5, math.inf, 9.0, 5.0, 99.0]}), "base").iloc[0]
    assert (row["n"], row["difference"]) == (2, 0.75)


def test_test_time_encodings_are_rows_of_the_model_that_they_are_applied_to(tidy) -> None:
    squeezed = [tidy({"pi": shifted(by)}, trained_with=base) for base, by in (("base", 0.1), ("ntk", 0.2))]
    rows = compared_with(pd.concat([tidy({"base": SEVEN}), *squeezed]), "base")
    assert rows["difference"].tolist() == pytest.approx([0.1, 0.2])
    assert rows["trained_with"].tolist() == ["base", "ntk"]


def test_bca_from_twenty_seeds_on(tidy) -> None:
    values = np.random.default_rng(2).exponential(size=(2, 23))
    row = compared_with(tidy({"base": list(values[0]), "own": list(values[1])}), "base").iloc[0]
    assert row["interval"] == "BCa"
    assert row["low"] < row["difference"] < row["high"]


def test_a_reference_without_results_is_refused(tidy) -> None:
    with pytest.raises(UsageError, match=r"no results of 'rope' to compare with: choose one of alibi, none"):
        against(tidy({"none": SEVEN, "alibi": SEVEN}), "rope")
    assert against(tidy({"rope": SEVEN}), "rope") == []


def test_a_place_that_the_reference_lacks_has_no_common_seed(tidy) -> None:
    rows = compared_with(pd.concat([tidy({"base": SEVEN}), tidy({"own": SEVEN}, multiple=2)]), "base")
    assert rows[["encoding", "n", "note"]].to_numpy().tolist() == [["own", 0, "no common seed"]]


def simulated(tidy, draw, shift: float = 0.0, *, seeds: int = 8, encodings: int = 1, trials: int = TRIALS):
    """Comparisons of `encodings` with a reference of the same distribution + shift, over common seed effects."""
    rng = np.random.default_rng(11)
    names = ["base", *(f"own{index}" for index in range(encodings))]
    values = rng.normal(size=(trials, 1, seeds)) + draw(rng, (trials, len(names), seeds))
    values[:, 1:] += shift
    one = tidy(dict.fromkeys(names, [0.0] * seeds))
    tasks = np.repeat([f"task{trial}" for trial in range(trials)], len(one))
    table = pd.concat([one] * trials).assign(task=tasks, value=values.ravel())
    return compared_with(table, "base", margins={"token_accuracy": 1.0})


def tolerated(rate: float, trials: int = TRIALS) -> int:
    return int(stats.binom.ppf(0.999, trials, rate))


NOISE = {
    "normal": lambda rng, shape: rng.normal(0, 0.3, shape),
    "skewed": lambda rng, shape: rng.exponential(0.3, shape),
    "bimodal": lambda rng, shape: rng.integers(2, size=shape).astype(float),
}


@pytest.mark.parametrize("noise", NOISE)
def test_one_encoding_under_two_names_is_called_different_no_more_often_than_stated(tidy, noise: str) -> None:
    rows = simulated(tidy, NOISE[noise])
    assert len(rows) == TRIALS
    assert rows["verdict"].isin(["better", "worse"]).sum() <= tolerated(0.05)


def test_holm_holds_the_rate_of_a_whole_family(tidy) -> None:
    rows = simulated(tidy, NOISE["normal"], encodings=3, trials=200)
    wrong = rows["verdict"].isin(["better", "worse"]).groupby(rows["task"]).any()
    assert wrong.sum() <= tolerated(0.05, 200)


def test_twice_the_detectable_difference_is_found(tidy) -> None:
    spread = 0.3 * math.sqrt(2)  # SD of a difference of two draws
    rows = simulated(tidy, NOISE["normal"], shift=2 * detectable(spread, 8))
    assert (rows["verdict"] == "better").mean() >= 0.8


def test_a_difference_of_the_margin_is_called_equivalent_no_more_often_than_stated(tidy) -> None:
    rows = simulated(tidy, NOISE["normal"], shift=1.0)  # the margin
    assert (rows["p_equivalent"] < 0.05).sum() <= tolerated(0.05)
    alike = simulated(tidy, NOISE["normal"])
    assert (alike["verdict"] == "equivalent").mean() >= 0.8
