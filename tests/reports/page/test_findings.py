"""Findings as whole sentences, for records whose verdicts are obvious."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from benchmark.reports.page.findings import findings
from benchmark.reports.page.selection import Selection
from benchmark.results.store import Store

Values = Mapping[str, Mapping[int, Sequence[float]]]
SIX = (0.50, 0.52, 0.54, 0.56, 0.58, 0.60)


@pytest.fixture
def said(records, tmp_path: Path):
    """The sentences of one task with these values by encoding, multiple of L and seed."""

    def found(values: Values, task: str = "copy") -> tuple[tuple[str, str], ...]:
        return findings(Selection.of(records.write_values(tmp_path, task, values)))

    return found


def below(values: Sequence[float], by: float) -> list[float]:
    return [value - by for value in values]


def test_three_seeds_name_the_highest_mean_and_how_many_more_would_do(said) -> None:
    assert said({"rope": {1: [1.0] * 3}, "alibi": {1: [0.36, 0.35, 0.37]}}) == (
        (
            "Copying · copy",
            "At L, rope has the highest mean token accuracy (1.00), not yet tested: it did better than alibi on 3 of 3 "
            "seeds, by 0.64 (median; lowest 0.63, highest 0.65); 3 more seeds would do, if it wins each.",
        ),
    )


def test_six_of_six_seeds_decide_and_l_is_named_where_it_differs(said) -> None:
    alibi = {1: below(SIX, -0.1), 4: below(SIX, 0.2)}
    assert said({"rope": {1: SIX, 4: SIX}, "alibi": alibi}) == (
        (
            "Copying · copy",
            "At 4 L, rope is best (mean token accuracy 0.55): it did better than alibi on 6 of 6 seeds, by 0.20 "
            "(median; 95 % interval 0.13 to 0.27). At L, alibi is best (0.65), on 6 of 6 seeds.",
        ),
    )


def test_a_finding_that_holds_at_both_lengths_is_said_once(said) -> None:
    ((_, text),) = said({"rope": {1: SIX, 4: SIX}, "alibi": {1: below(SIX, 0.3), 4: below(SIX, 0.3)}})
    assert text.startswith("At 4 L, rope is best") and "At L" not in text


def test_a_best_by_less_than_the_margin_says_so(said) -> None:
    ((_, text),) = said({"rope": {1: SIX}, "alibi": {1: [*below(SIX, 0.01)[:5], SIX[5] - 0.04]}})
    assert text.startswith("At L, rope and alibi are among the best.") and "on 6 of 6 seeds, by 0.010" in text
    assert "less than the margin of 0.02" in text


def test_mixed_seeds_leave_several_among_the_best(said) -> None:
    rope, alibi = [0.9, 0.9, 0.9, 0.9, 0.1, 0.9], [0.5, 0.5, 0.5, 0.5, 0.6, 0.6]
    ((_, text),) = said({"rope": {1: rope}, "alibi": {1: alibi}})
    assert text.startswith(
        "At L, rope and alibi are among the best. rope has the highest mean token accuracy (0.77): it did better than "
        "alibi on 5 of 6 seeds, by 0.40 (median; 95 % interval "
    )
    assert text.endswith("; 4 more seeds would do, if it wins each.")


def test_alike_on_every_seed_is_said_with_how_far_that_carries(said) -> None:
    alike = [0.99, 1.0, 1.0, 1.0, 1.0, 1.0, 0.99, 1.0]
    ((_, text),) = said({"rope": {1: [1.0] * 8}, "none": {1: alike}})
    assert text == (
        "At L, rope and none are among the best. rope has the highest mean token accuracy (1.00): none is within 0.02 "
        "of it on all of 8 seeds (so on at least 69 % of all seeds, with 95 % confidence)."
    )


def test_where_chance_explains_every_mean_nothing_is_best_and_l_is_told_in_full(said) -> None:
    far = {4: [0.05] * 6}
    ((_, text),) = said({"rope": {1: SIX} | far, "alibi": {1: below(SIX, 0.2)} | {4: [0.01] * 6}})
    assert text.startswith(
        "At 4 L, chance explains every mean, so nothing is best: the highest mean token accuracy is 0.05, and guessing "
        "gives 0.01. At L, rope is best (mean token accuracy 0.55): it did better than alibi on 6 of 6 seeds"
    )


def test_an_encoding_at_chance_counts_as_a_rival(said) -> None:
    ((_, text),) = said({"rope": {1: [1.0] * 3}, "alibi": {1: [0.01] * 3}})
    assert "not yet tested" in text and text.endswith("3 more seeds would do, if it wins each.")


def test_a_loss_turns_round(said) -> None:
    values = {"rope": {1: [5.0, 5.1, 5.0]}, "alibi": {1: [4.5, 4.6, 4.4]}}
    assert said(values, "corpus")[0] == (
        "Language at L · corpus",
        "At L, alibi has the lowest mean loss (4.50 nats per token), not yet tested: it did better than rope on 3 of 3 "
        "seeds, by 0.50 (median; lowest 0.50, highest 0.60); 3 more seeds would do, if it wins each.",
    )


def test_an_encoding_that_ends_at_l_is_named_once(records, tmp_path: Path) -> None:
    values = {"rope": {1: SIX, 4: SIX}, "learned": {1: SIX, 4: [math.nan] * 6}}
    for task in ("copy", "offset-recall"):
        store = records.write_values(tmp_path, task, values)
    found = findings(Selection.of(Store(store.root)))
    assert [need for need, _ in found] == ["Exact distance · offset-recall", "Copying · copy", "Ends early"]
    assert found[-1][1] == "learned ends at L."
    assert all(text.startswith("At 4 L, only rope has a value: mean token accuracy 0.5") for _, text in found[:2])
    assert all("learned" in text.partition(" At L, ")[2] and "No value" not in text for _, text in found[:2])


def test_a_seed_that_failed_leaves_fewer_common_seeds_and_a_lost_encoding_is_named(example: Store) -> None:
    found = dict(findings(Selection.of(example)))
    assert "it did better than rope on 2 of 2 common seeds" in found["Copying · copy"]
    assert found["Ends early"] == "learned ends at L."


def test_twenty_encodings_are_counted(said) -> None:
    many = {
        f"mine-{index:02}": {1: [0.5 + 0.01 * ((index * (seed + 3)) % 19) for seed in range(14)]} for index in range(19)
    }
    ((_, text),) = said({"rope": {1: [0.2] * 14}, **many})
    assert re.match(r"At L, \d+ of 20 encodings are among the best; \d+ others? (is|are) ruled out\. mine-", text)
    assert len(text) < 400


def test_a_rival_that_wins_most_seeds_but_not_the_mean_is_told(said) -> None:
    ((_, text),) = said({"steady": {1: [0.95] * 10}, "rare": {1: [0.99] * 9 + [0.1]}})
    assert text == (
        "At L, steady and rare are among the best. steady has the highest mean token accuracy (0.95): rare does better "
        "than it on most seeds (9 of 10 seeds), but not in the mean."
    )


def test_needs_come_in_their_order_and_twice_the_same_is_the_same(example: Store) -> None:
    found = findings(Selection.of(example))
    assert [need.partition(" · ")[0] for need, _ in found] == [
        "Language past L",
        "Exact distance",
        "Copying",
        "Recall by content",
        "Ends early",
    ]
    assert found == findings(Selection.of(Store(example.root)))


def test_one_adaptation_on_two_bases_is_two_encodings(records, tmp_path: Path) -> None:
    store = Store(tmp_path)
    for base in ("rope", "rope:base=500000"):
        trained = records.train_record("copy", base, 0)
        store.put(trained)
        for name in (None, "pi"):
            arrays = records.synthetic_arrays("copy", name or base, 0, 16)
            store.put(records.eval_record(trained, 16, encoding=name), arrays)
    ((_, text),) = findings(Selection.of(store))
    assert text.count("pi") == text.count("pi (on rope")


def test_one_encoding_alone_is_compared_with_nothing(said) -> None:
    assert said({"rope": {1: SIX}}) == (("Copying · copy", "At L, only rope has a value: mean token accuracy 0.55."),)
