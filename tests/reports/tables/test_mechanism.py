"""Looks inside a model, from the sums of their records to values."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from benchmark.reports.tables.mechanism import mechanism_table, position_share
from benchmark.reports.tables.values import metric_table
from benchmark.results.store import Store


def test_each_measure_has_a_row_for_each_layer(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    trained = records.train_record("copy", "none", 0)
    store.put(trained)
    store.put(records.look_record(trained, 64), records.look_arrays(64, layers=2))
    table = mechanism_table(store)
    values = {(row.measure, row.layer): (row.value, row.reference) for row in table.itertuples()}
    assert values["entropy_nats", 1] == pytest.approx((2.0, np.log(40)))
    assert values["entropy_nats", 2] == pytest.approx((1.0, np.log(40)))
    assert values["probe_error", 0] == pytest.approx((16.0, 16.0))
    assert values["probe_error", 2] == pytest.approx((4.0, 16.0))
    assert [layer for measure, layer in values if measure == "position_share"] == [1, 2]
    assert set(table["multiple"]) == {4.0} and set(table["train_key"]) == {trained.spec.key}
    assert metric_table(store).empty


def test_the_share_of_position_is_that_of_an_analysis_of_variance() -> None:
    draws = np.random.default_rng(0)
    rows, keys, position, content = 6, 4000, 0.7, 1.3
    f = position * draws.normal(size=keys)
    g = content * draws.normal(size=(rows, keys))
    mean = (f + g).mean(axis=0)
    squares = np.array([[rows * (mean**2).sum(), 0.0]]), np.array([[((f + g - mean) ** 2).sum(), 0.0]])
    expected = position**2 / (position**2 + content**2)
    assert position_share(*squares, rows) == pytest.approx([expected], abs=0.02)  # the second head has no scores


def test_scores_that_are_all_alike_have_no_share() -> None:
    assert np.isnan(position_share(np.zeros((1, 2)), np.zeros((1, 2)), 4)).all()


def test_a_look_that_failed_or_was_never_taken_has_no_row(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    trained = records.train_record("copy", "none", 0)
    store.put(trained)
    assert mechanism_table(store).empty
    store.put(records.look_record(trained, 16).model_copy(update={"status": "unsupported", "reason": "the table ends"}))
    assert mechanism_table(store).empty
