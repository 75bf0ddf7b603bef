"""Marks by hand, and the summary of a run."""

import math
from pathlib import Path

import pandas as pd
import pytest

from benchmark.reports.stats.summary import SummaryRow, extrapolation_ratio, summary
from benchmark.reports.tables.values import metric_table, newest_setting
from benchmark.results.store import Store


def marks(table: pd.DataFrame) -> dict[str, str]:
    return {row.encoding: row.at_trained.mark for row in summary(table)}


def test_marks_are_those_of_the_one_rule(tidy) -> None:
    shown = tidy({"a": [0.9] * 6, "b": [0.8] * 6})
    assert marks(shown) == {"a": "best", "b": ""}
    assert marks(tidy({"a": [0.9] * 5, "b": [0.8] * 5})) == {"a": "untested", "b": ""}
    assert marks(tidy({"a": [0.8, 0.9] * 3, "b": [0.9, 0.8] * 3})) == {"a": "among the best", "b": "among the best"}
    assert marks(tidy({"a": [5.0] * 6, "b": [4.0] * 6}, metric="loss_nats", chance=8.0)) == {"b": "best", "a": ""}
    assert marks(tidy({"a": [math.nan]})) == {"a": ""}


def test_what_chance_explains_has_no_mark(tidy) -> None:
    assert marks(tidy({"a": [0.15] * 6, "b": [0.1] * 6}, chance=0.1)) == {"a": "", "b": ""}


def test_what_only_a_shortcut_explains_is_marked_as_such_and_names_it(tidy) -> None:
    shown = tidy({"a": [0.9] * 7, "b": [0.6] * 7, "c": [0.1] * 7}, chance=0.1, shortcut=0.6)
    assert marks(shown) == {"a": "best", "b": "shortcut", "c": ""}
    assert {row.at_trained.floor.name for row in summary(shown)} == {"constant answer"}


def test_what_is_not_tested_says_how_many_more_seeds_would_do(tidy) -> None:
    first, second = summary(tidy({"a": [0.9] * 2, "b": [0.8] * 2}))
    assert (first.at_trained.more_seeds, second.at_trained.more_seeds) == (4, 0)  # two encodings need 6


def test_solved_seeds_are_counted_of_accuracies(tidy) -> None:
    (row,) = summary(tidy({"a": [0.9, 0.89, 1.0, math.nan]}))
    assert (row.at_trained.solved, row.at_trained.estimate.n) == (2, 3)
    (row,) = summary(tidy({"a": [0.95]}, metric="loss_nats"))
    assert row.at_trained.solved is None


def test_extrapolation_ratio() -> None:
    assert extrapolation_ratio({0: 0.8, 1: 1.0, 2: 0.1}, {0: 0.4, 1: 0.5}) == pytest.approx(0.5)
    assert math.isnan(extrapolation_ratio({0: 0.0}, {0: 0.4}))
    assert math.isnan(extrapolation_ratio({0: 0.4}, {}))


def by_name(rows: list[SummaryRow]) -> dict[tuple[str, str], SummaryRow]:
    return {(row.task, row.encoding): row for row in rows}


def test_summary_of_a_run(example: Store) -> None:
    rows = summary(newest_setting(metric_table(example)))
    assert len(rows) == 4 * 3
    found = by_name(rows)
    alibi, rope, learned = (found["corpus", name] for name in ("alibi", "rope", "learned"))
    assert (alibi.at_longest.mark, rope.at_longest.mark) == ("untested", "")  # three seeds
    assert rope.ratio == pytest.approx(rope.at_longest.estimate.value / rope.at_trained.estimate.value)
    assert learned.at_longest.status == "unsupported" and math.isnan(learned.ratio)
    assert (found["copy", "alibi"].at_trained.estimate.n, found["copy", "alibi"].seeds) == (2, 3)  # one seed diverged
    copied = found["copy", "rope"].at_longest.estimate
    assert 0 <= copied.low <= copied.value <= copied.high <= 1
    assert all(row.longest == 16 * row.train_length for row in rows)
    assert [row.encoding for row in rows if row.task == "corpus"] == ["alibi", "rope", "learned"]  # best first


def test_marks_are_given_within_a_league(example: Store) -> None:
    """A run with one encoding more, applied to rope at test time, and one of another league."""
    table = metric_table(example)
    rope = table[table["encoding"] == "rope"]
    squeezed = rope.assign(encoding="pi", value=rope["value"] + 0.01)
    counting = rope.assign(encoding="abacus", trained_with="abacus", league="reads digits", value=99.0)
    found = by_name(summary(pd.concat([table, squeezed, counting])))
    abacus = found["offset-recall", "abacus"]
    assert (abacus.at_trained.estimate.value, abacus.at_trained.mark) == (99, "")
    assert found["offset-recall", "pi"].at_trained.mark == "untested"  # of those that see only positions


def test_summary_of_nothing(tmp_path: Path) -> None:
    assert summary(metric_table(Store(tmp_path))) == []
