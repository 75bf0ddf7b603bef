"""Findings as whole sentences, for tables whose statistics are obvious."""

import math

import pandas as pd

from benchmark.reports.page.findings import findings
from benchmark.reports.tables.values import metric_table
from benchmark.results.store import Store

SEVEN = [0.50, 0.52, 0.54, 0.56, 0.58, 0.60, 0.62]


def shifted(by: float) -> list[float]:
    return [value + by + (index - 3) * 0.001 for index, value in enumerate(SEVEN)]


def said(table: pd.DataFrame, reference: str = "rope") -> str:
    (text,) = findings(table, reference).values()
    return text


def test_a_difference_that_is_shown(tidy) -> None:
    table = pd.concat(
        [
            tidy({"rope": SEVEN, "alibi": shifted(-0.3)}),
            tidy({"rope": SEVEN, "alibi": shifted(-0.2)}, multiple=16),
        ]
    )
    assert said(table) == (
        "Best mean token accuracy at L and at 16 L: rope. "
        "At 16 L against rope, worse: alibi by 0.200 [0.198, 0.202] (7 seeds, Holm p = 0.016)."
    )
    assert said(table, "alibi").endswith("better: rope by 0.200 [0.198, 0.202] (7 seeds, Holm p = 0.016).")


def test_losses_turn_round_and_a_small_difference_says_so(tidy) -> None:
    table = tidy({"rope": SEVEN, "alibi": shifted(-0.01)}, metric="loss_nats")
    assert said(table) == (
        "Best mean loss (nats per token) at L: alibi. "
        "At L against rope, better: alibi by 0.010 [0.008, 0.012] (7 seeds, Holm p = 0.016, within the margin)."
    )


def test_three_seeds_show_nothing(tidy) -> None:
    table = tidy({"rope": [0.9, 0.9, 0.9], "alibi": [0.1, 0.2, 0.1], "none": [0.0, 0.0, 0.0]})
    assert said(table) == (
        "Best mean token accuracy at L: rope. At L against rope, no difference can be shown at the 5 % level "
        "by the permutation test with 3 seeds and 2 comparisons: at least 7 seeds are needed."
    )


def test_one_seed_of_one_other(tidy) -> None:
    assert said(tidy({"rope": [0.9], "alibi": [0.1]})).endswith(
        "with 1 seed and 1 comparison: at least 6 seeds are needed."
    )


def test_up_to_four_others_are_spelled_out(tidy) -> None:
    ten = [0.01 * index for index in range(10)]
    moved = {"pi": [value + 0.4 for value in ten], "t5": [value - 0.1 for value in ten]}
    assert said(tidy({"rope": ten, **moved, "alike": ten, "ended": [math.nan]})) == (
        "Best mean token accuracy at L: pi; at L, all 3 others are ruled out as the best. "
        "At L against rope, better: pi by 0.400 [0.400, 0.400] (10 seeds, Holm p = 0.0059); "
        "worse: t5 by 0.100 [0.100, 0.100] (10 seeds, Holm p = 0.0059); equivalent within 0.02: alike; "
        "no common seed: ended."
    )
    # vague: differences .09, .07, .. -.09, SD .06055; ((2.241 + 0.842) * .06055 / .02)^2 = 87.1 seeds.
    assert said(tidy({"rope": ten, "single": [0.0], "vague": ten[::-1]})) == (
        "Best mean token accuracy at L: rope and vague; at L, none of 2 others is ruled out as the best. "
        "At L against rope, not shown either way: single (needs at least 6 more seeds), vague (needs 78 more seeds)."
    )


def test_more_than_four_others_are_counted(tidy) -> None:
    # vague: differences .09, .07, .. -.09, SD .06055; ((2.690 + 0.842) * .06055 / .02)^2 = 114.3 seeds.
    ten = [0.01 * index for index in range(10)]
    moved = {
        name: [value + by for value in ten] for name, by in (("fire", 0.3), ("t5", 0.1), ("cope", 0.2), ("pi", 0.4))
    }
    table = tidy({"rope": ten, **moved, "alike": ten, "vague": ten[::-1], "single": [0.5], "ended": [math.nan]})
    assert said(table) == (
        "Best mean token accuracy at L: single (1 seed). At L against rope, "
        "of 8 others: 4 better, most of all pi by 0.400 [0.400, 0.400] (10 seeds, Holm p = 0.014); "
        "1 equivalent within 0.02; 2 not shown either way (need about 105 more seeds); 1 without a common seed."
    )


def test_thirty_three_others_take_two_sentences_of_a_line_or_two(tidy) -> None:
    twelve = [0.01 * index for index in range(12)]
    others = {f"mine-{index}": [value + 0.1 * (index - 3) for value in twelve] for index in range(33)}
    text = said(tidy({"rope": twelve, **others}))
    assert text == (
        "Best mean token accuracy at L: mine-32; at L, all 33 others are ruled out as the best. "
        "At L against rope, of 33 others: 29 better, most of all mine-32 by 2.900 [2.900, 2.900] (12 seeds, "
        "Holm p = 0.016); 3 worse, most of all mine-0 by 0.300 [0.300, 0.300] (12 seeds, Holm p = 0.016); "
        "1 equivalent within 0.02."
    )


def test_a_reference_without_a_value_at_the_longest_length_is_said(tidy) -> None:
    ended = tidy({"learned": [math.nan] * 7, "rope": SEVEN}, multiple=8)
    text = said(pd.concat([tidy({"learned": SEVEN, "rope": SEVEN}), ended]), "learned")
    assert text.endswith("At 8 L against learned, nothing can be compared: no encoding shares a seed with it there.")


def test_who_shares_the_best_mean_is_named_and_more_than_three_are_counted(tidy) -> None:
    both = {"rope": [1.0, 1.0], "alibi": [1.0, 1.0]}
    assert said(tidy(both)).startswith("Best mean token accuracy at L: alibi and rope. ")
    five = both | {"a": [1.0, 1.0], "b": [1.0, 1.0], "c": [1.0, 1.0]}
    assert "at L: a, alibi, b and 2 more. " in said(tidy(five))


def test_bests_that_differ_are_named_by_length(tidy) -> None:
    table = pd.concat(
        [tidy({"rope": [0.9], "alibi": [0.1]}), tidy({"rope": [0.1], "alibi": [0.2]}, multiple=8, train_length=16)]
    )
    assert said(table).startswith("Best mean token accuracy: rope at L, alibi at 8 L. ")


def test_one_adaptation_on_two_bases_is_two_encodings(tidy) -> None:
    """pi has the mean .7 on the second base and .1 on rope: neither the .4 of both together, nor one name for two."""
    seven = [0.001 * index for index in range(7)]
    base, moved = "rope:base=500000", {"pi": [value + 0.7 for value in seven]}
    table = pd.concat(
        [
            tidy({"rope": [value + 0.5 for value in seven], base: [value + 0.6 for value in seven]}),
            tidy({"pi": [value + 0.1 for value in seven]}, trained_with="rope"),
            tidy(moved, trained_with=base),
        ]
    )
    text = said(table)
    assert text.startswith("Best mean token accuracy at L: pi (on rope:base=500000)")
    assert "worse: pi (on rope) by 0.400" in text
    assert "better: pi (on rope:base=500000) by 0.200" in text


def test_an_adaptation_on_one_base_keeps_its_name(tidy) -> None:
    table = pd.concat([tidy({"rope": SEVEN}), tidy({"pi": shifted(0.1)}, trained_with="rope")])
    assert said(table).startswith("Best mean token accuracy at L: pi. At L against rope, better: pi by 0.100")


def test_nothing_to_compare_and_nothing_measured(tidy) -> None:
    assert said(tidy({"rope": SEVEN})) == "Best mean token accuracy at L: rope."
    assert said(tidy({"rope": [math.nan]})) == "No token accuracy was measured."


def test_other_leagues_are_not_spoken_of(tidy) -> None:
    table = pd.concat([tidy({"rope": [0.1], "alibi": [0.2]}), tidy({"abacus": [0.9]}, league="reads digits")])
    assert "abacus" not in said(table)


def test_findings_of_a_run_are_the_same_twice(example: Store) -> None:
    found = findings(metric_table(example), "rope")
    assert found == findings(metric_table(example), "rope")
    assert sorted(task for task, _ in found) == ["copy", "corpus", "offset-recall", "recall-mqar"]
    assert all("no difference can be shown" in text for text in found.values())  # three seeds


def test_an_empty_table_has_no_findings(tidy) -> None:
    assert findings(tidy({"rope": SEVEN})[:0], "rope") == {}
