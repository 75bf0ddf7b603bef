"""Best and tied by hand, and the summary of a run."""

import math
from pathlib import Path

import pandas as pd
import pytest

from benchmark.reports.stats.summary import SummaryRow, best_and_tied, extrapolation_ratio, summary
from benchmark.reports.tables.values import metric_table, newest_setting
from benchmark.results.store import Store


def test_best_and_tied(tidy) -> None:
    rows = tidy({"a": [0.9, 0.8, 0.85], "b": [0.88, 0.83, 0.84], "c": [0.1, 0.11, 0.1], "d": [math.nan] * 3})
    assert best_and_tied(rows) == ("a", {"b"})


def test_best_of_a_loss_is_the_lowest(tidy) -> None:
    rows = tidy({"a": [5.0, 5.1], "b": [4.0, 4.1]}, metric="loss_nats")
    assert best_and_tied(rows) == ("b", set())


def test_one_seed_shows_no_difference(tidy) -> None:
    assert best_and_tied(tidy({"a": [0.9], "b": [0.1]})) == ("a", {"b"})


def test_equal_means_are_a_tie_and_nothing_is_no_best(tidy) -> None:
    assert best_and_tied(tidy({"a": [1.0, 1.0], "b": [1.0, 1.0]})) == (None, {"a", "b"})
    assert best_and_tied(tidy({"a": [0.0, 0.0], "b": [0.0, 0.0], "c": [0.0, 0.0]}))[0] is None
    assert best_and_tied(tidy({"a": [math.nan]})) == (None, set())


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
    assert (alibi.at_longest.mark, rope.at_longest.mark) == ("best", "")
    assert rope.ratio == pytest.approx(rope.at_longest.estimate.value / rope.at_trained.estimate.value)
    assert learned.at_longest.status == "unsupported" and math.isnan(learned.ratio)
    assert (found["copy", "alibi"].at_trained.estimate.n, found["copy", "alibi"].seeds) == (2, 3)  # one seed diverged
    copied = found["copy", "rope"].at_longest.estimate
    assert copied.high <= 1 and copied.low == 0
    assert all(row.longest == 16 * row.train_length for row in rows)
    for task in {row.task for row in rows}:
        for place in ("at_trained", "at_longest"):
            assert [getattr(row, place).mark for row in rows if row.task == task].count("best") == 1


def test_best_and_tied_are_marked_within_a_league(example: Store) -> None:
    """A run with one encoding more, applied to rope at test time, and one of another league."""
    table = metric_table(example)
    rope = table[table["encoding"] == "rope"]
    squeezed = rope.assign(encoding="pi", value=rope["value"] + 0.01)
    counting = rope.assign(encoding="abacus", trained_with="abacus", league="reads digits", value=99.0)
    found = by_name(summary(pd.concat([table, squeezed, counting])))
    abacus = found["offset-recall", "abacus"]
    assert (abacus.at_trained.estimate.value, abacus.at_trained.mark) == (99, "")
    assert found["offset-recall", "pi"].at_trained.mark == "best"  # of those that see only positions


def test_summary_of_nothing(tmp_path: Path) -> None:
    assert summary(metric_table(Store(tmp_path))) == []
