"""Loss by position: every token once, in bins that cover every position."""

from pathlib import Path

import pandas as pd
import pytest

from benchmark.reports.tables.positions import bin_edges, by_position
from benchmark.reports.tables.values import metric_table
from benchmark.results.record import TrainRecord
from benchmark.results.store import Store


def test_by_position_has_every_token_once(example: Store) -> None:
    table = by_position(example)
    own = table[(table["encoding"] == "rope") & (table["seed"] == 0)]
    assert own["position_start"].iloc[0] == 0 and own["position_stop"].iloc[-1] == 1024
    assert (own["position_start"].to_numpy()[1:] == own["position_stop"].to_numpy()[:-1]).all()
    assert own["count"].sum() == 40 * 1024
    wanted = {"task": own["task"].iloc[0], "encoding": "rope", "seed": 0, "length": 1024, "metric": "loss_nats"}
    frame = metric_table(example)
    row = frame[(frame[list(wanted)] == pd.Series(wanted)).all(axis=1)].iloc[0]
    record = example.measured(row["eval_key"], row["train_key"])
    assert record is not None and not isinstance(record, TrainRecord)
    arrays = example.arrays(record)
    late = own[own["position_start"] >= 512]
    assert (late["loss_nats"] * late["count"]).sum() == pytest.approx(arrays["loss_sum"][512:].sum())
    assert row["value"] == pytest.approx(arrays["loss_sum"][-32:].sum() / arrays["count"][-32:].sum())
    assert table.loc[table["encoding"] == "learned", "position_stop"].max() == 64  # its longest ok evaluation


@pytest.mark.parametrize("length", [1, 2, 3, 7, 64, 1000])
def test_bin_edges_cover_every_position(length: int) -> None:
    edges = bin_edges(length)
    assert edges[0] == 0 and edges[-1] == length
    assert edges == sorted(set(edges))


def test_an_empty_store_has_no_positions(tmp_path: Path) -> None:
    assert by_position(Store(tmp_path)).empty
