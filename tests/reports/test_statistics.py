"""Values worked by hand; t(2, 0.975) = 4.302653, t(1, 0.975) = 12.706205 from printed tables."""

import math

import pandas as pd
import pytest

from benchmark.reports.phrases import seeds_phrase, spell
from benchmark.reports.stats.estimate import Estimate, distinguishable, mean_interval, paired_difference, paired_ratio
from benchmark.reports.stats.points import arranged, over_seeds
from benchmark.reports.stats.summary import best_and_tied, extrapolation_ratio, summary_table
from benchmark.reports.stats.two_encodings import compare
from benchmark.reports.tables.values import metric_table, newest_setting
from benchmark.results.store import Store


def table(values: dict[str, list[float]], *, lower: bool = False, metric: str = "token_accuracy") -> pd.DataFrame:
    """Rows of one task and length: values by encoding, seed 0 first."""
    rows = [
        {
            **{"task": "copy", "setting": "s", "metric": metric, "trained_with": name, "encoding": name, "length": 16},
            "league": "",
            **{"multiple": 1.0, "train_length": 16, "lower_is_better": lower, "chance": 0.01, "headline": True},
            **{"seed": seed, "value": value, "status": "unsupported" if math.isnan(value) else "ok"},
        }
        for name, own in values.items()
        for seed, value in enumerate(own)
    ]
    return pd.DataFrame(rows)


def test_interval_of_three_seeds() -> None:
    estimate = mean_interval([1.0, 2.0, 3.0])  # s = 1
    assert estimate.value == 2
    assert estimate.high - 2 == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)
    assert 2 - estimate.low == pytest.approx(2.484138, rel=1e-6)
    assert estimate.n == 3


def test_interval_of_two_seeds() -> None:
    estimate = mean_interval([4.0, 6.0])  # s = sqrt(2), s / sqrt(2) = 1
    assert (estimate.low, estimate.high) == pytest.approx((5 - 12.706205, 5 + 12.706205), rel=1e-6)


def test_one_seed_has_a_mean_and_no_interval() -> None:
    estimate = mean_interval([0.5], bounded=True)
    assert estimate.value == 0.5
    assert math.isnan(estimate.low) and math.isnan(estimate.high)


def test_no_seed_has_nothing() -> None:
    assert mean_interval([math.nan]).n == 0
    assert math.isnan(mean_interval([]).value)


def test_bounded_intervals_stay_within_0_and_1() -> None:
    wide = mean_interval([0.1, 0.9], bounded=True)
    assert (wide.low, wide.value, wide.high) == (0, 0.5, 1)
    assert mean_interval([0.1, 0.9]).high > 1


def test_paired_difference_uses_common_seeds_alone() -> None:
    difference = paired_difference({0: 5.0, 1: 7.0, 2: 9.0, 8: 100.0}, {0: 4.0, 1: 5.0, 2: 6.0, 9: -100.0})
    assert (difference.value, difference.n) == (2, 3)  # differences 1, 2, 3
    assert difference.high == pytest.approx(2 + 2.484138, rel=1e-6)


def test_pairing_finds_what_spread_over_seeds_hides() -> None:
    first, second = {0: 1.0, 1: 5.0, 2: 9.0}, {0: 0.9, 1: 4.89, 2: 8.91}
    assert distinguishable(paired_difference(first, second))
    alone = mean_interval(list(first.values()))
    assert alone.low < 4.9 < alone.high


@pytest.mark.parametrize(
    ("low", "high", "answer"), [(0.1, 0.2, True), (-0.2, -0.1, True), (-0.1, 0.2, False), (math.nan, math.nan, False)]
)
def test_distinguishable(low: float, high: float, answer: bool) -> None:
    assert distinguishable(Estimate(value=0, low=low, high=high, n=3)) is answer


def test_best_and_tied() -> None:
    rows = table({"a": [0.9, 0.8, 0.85], "b": [0.88, 0.83, 0.84], "c": [0.1, 0.11, 0.1], "d": [math.nan] * 3})
    assert best_and_tied(rows) == ("a", {"b"})


def test_best_of_a_loss_is_the_lowest() -> None:
    rows = table({"a": [5.0, 5.1], "b": [4.0, 4.1]}, lower=True, metric="loss_nats")
    assert best_and_tied(rows) == ("b", set())


def test_one_seed_shows_no_difference() -> None:
    assert best_and_tied(table({"a": [0.9], "b": [0.1]})) == ("a", {"b"})


def test_equal_means_are_a_tie_and_nothing_is_no_best() -> None:
    assert best_and_tied(table({"a": [1.0, 1.0], "b": [1.0, 1.0]})) == (None, {"a", "b"})
    assert best_and_tied(table({"a": [0.0, 0.0], "b": [0.0, 0.0], "c": [0.0, 0.0]}))[0] is None
    assert best_and_tied(table({"a": [math.nan]})) == (None, set())


def test_extrapolation_ratio() -> None:
    assert extrapolation_ratio({0: 0.8, 1: 1.0, 2: 0.1}, {0: 0.4, 1: 0.5}) == pytest.approx(0.5)
    assert math.isnan(extrapolation_ratio({0: 0.0}, {0: 0.4}))
    assert math.isnan(extrapolation_ratio({0: 0.4}, {}))


def test_paired_ratio_is_the_median_of_ratios() -> None:
    ratio = paired_ratio([2.0, 9.0, 4.0], [1.0, 3.0, 4.0])  # 2, 3, 1
    assert ratio.value == 2
    assert 1 <= ratio.low <= 2 <= ratio.high <= 3
    assert math.isnan(paired_ratio([2.0], [1.0]).low)


def test_over_seeds() -> None:
    points = over_seeds(table({"a": [0.2, 0.4, math.nan, 0.9], "d": [math.nan] * 4})).set_index("encoding")
    assert points.loc["a", ["n", "seeds", "status"]].tolist() == [3, 4, "ok"]
    assert points.loc["a", ["mean", "median", "minimum", "maximum"]].tolist() == pytest.approx([0.5, 0.4, 0.2, 0.9])
    assert points.loc["d", ["n", "status"]].tolist() == [0, "unsupported"]
    assert math.isnan(points.loc["d", "mean"])


@pytest.mark.parametrize("metric", ["token_accuracy", "loss_nats"])
def test_over_seeds_has_the_interval_of_every_single_point(metric: str) -> None:
    values = {"a": [0.9, 0.99, 1.0], "b": [0.5, math.nan, 0.7], "c": [0.3, math.nan, math.nan], "d": [math.nan] * 3}
    points = over_seeds(table(values, metric=metric)).set_index("encoding")
    for encoding, own in values.items():
        each = mean_interval(own, bounded=metric == "token_accuracy")
        expected = pytest.approx([each.value, each.low, each.high, each.n], nan_ok=True)
        assert points.loc[encoding, ["mean", "low", "high", "n"]].tolist() == expected


def test_compare_names_the_better_one_only_with_an_interval() -> None:
    loss = table({"a": [5.0, 5.1, 5.2], "b": [4.0, 4.1, 4.25]}, lower=True, metric="loss_nats")
    row = compare(loss, "a", "b").iloc[0]
    assert row["better"] == "b"
    assert row["difference"] == pytest.approx(row["first"] - row["second"])
    assert compare(table({"a": [0.9], "b": [0.1]}), "a", "b").iloc[0]["better"] == ""


def test_summary_of_a_run(example: Store) -> None:
    summary = summary_table(newest_setting(metric_table(example))).set_index(["task", "encoding"])
    assert len(summary) == 4 * 3
    corpus = summary.loc["corpus"]
    assert corpus.loc["alibi", "at_longest_best"] and not corpus.loc["rope", "at_longest_tied"]
    assert corpus.loc["rope", "ratio"] == pytest.approx(
        corpus.loc["rope", "at_longest_mean"] / corpus.loc["rope", "at_trained_mean"]
    )
    assert corpus.loc["learned", "at_longest_status"] == "unsupported"
    assert math.isnan(corpus.loc["learned", "ratio"])
    copying = summary.loc["copy"]
    assert copying.loc["alibi", ["at_trained_n", "seeds"]].tolist() == [2, 3]  # one seed diverged
    assert copying.loc["rope", "at_longest_high"] <= 1 and copying.loc["rope", "at_longest_low"] == 0
    assert (summary["longest"] == 16 * summary["train_length"]).all()
    assert summary.groupby("task")[["at_trained_best", "at_longest_best"]].sum().eq(1).all(axis=None)


def adapted(example: Store) -> pd.DataFrame:
    """The table of a run with one encoding more, applied to rope at test time, and one of another league."""
    table = metric_table(example)
    rope = table[table["encoding"] == "rope"]
    squeezed = rope.assign(encoding="pi", value=rope["value"] + 0.01)
    counting = rope.assign(encoding="abacus", trained_with="abacus", league="reads digits", value=99.0)
    return pd.concat([table, squeezed, counting])


def test_what_is_applied_at_test_time_follows_its_base_and_leagues_come_last(example: Store) -> None:
    assert arranged(adapted(example)) == [
        ("alibi", "alibi", ""),
        ("learned", "learned", ""),
        ("rope", "rope", ""),
        ("rope", "pi", ""),
        ("abacus", "abacus", "reads digits"),
    ]


def test_best_and_tied_are_marked_within_a_league(example: Store) -> None:
    table = summary_table(adapted(example)).set_index(["task", "encoding"])
    assert table.loc[("offset-recall", "abacus"), "at_trained_mean"] == 99
    for mark in ("best", "tied"):
        assert not table.loc[("offset-recall", "abacus"), f"at_trained_{mark}"]
    assert table.loc[("offset-recall", "pi"), "at_trained_best"]  # the best of those that see positions alone


def test_summary_of_nothing(tmp_path) -> None:
    assert summary_table(metric_table(Store(tmp_path))).empty


def test_spell() -> None:
    assert spell(0.966, 0.951, 0.99) == "0.97 [0.95, 0.99]"
    assert spell(0.5, math.nan, math.nan) == "0.50"
    assert spell(-0.001, -0.002, 0.001) == "0.00 [0.00, 0.00]"  # no zero has a sign
    assert spell(math.nan, math.nan, math.nan, "unsupported") == "—"
    assert spell(math.nan, math.nan, math.nan, "diverged") == "diverged"


def test_seeds_phrase() -> None:
    assert seeds_phrase([3, 3]) == "95 % t interval over 3 seeds"
    assert seeds_phrase([2, 3, 0]) == "95 % t interval over 2 to 3 seeds"
    assert seeds_phrase([1]) == "1 seed, no interval"
    assert seeds_phrase([0]) == "no seeds"
