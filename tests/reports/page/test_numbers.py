"""The numbers behind the figures match the records, under self-explanatory column names."""

import math

import numpy as np
import pandas as pd
import pytest

from benchmark.reports.page.exhibit import Data
from benchmark.reports.page.numbers import field_data, mean_over_seeds, point_data, position_data, structure_data
from benchmark.reports.stats.estimate import mean_and_range
from benchmark.reports.stats.points import over_seeds
from benchmark.reports.tables.fields import by_field
from benchmark.reports.tables.positions import by_position
from benchmark.reports.tables.probes import all_probes


def rows_of(found: Data) -> list[dict[str, str | float | None]]:
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def test_points_hold_the_range_and_say_why_a_value_is_missing(tidy):
    table = tidy({"rope": (0.2, 0.4, 0.9), "learned": (math.nan,) * 3}, multiple=4)
    learned, rope = rows_of(point_data(over_seeds(table)))
    assert (learned["mean"], learned["lowest"], learned["seeds"], learned["status"]) == (None, None, 0, "unsupported")
    assert (rope["task"], rope["length_tokens"], rope["train_length_tokens"]) == ("copy", 64, 16)
    assert (rope["mean"], rope["lowest"], rope["highest"], rope["seeds"]) == (0.5, 0.2, 0.9, 3)
    assert rope["unit"] == "token accuracy (0 to 1)"


def test_ranges_of_many_groups_are_those_of_each():
    draw = np.random.default_rng(3)
    values = [draw.random(n).tolist() for n in (1, 2, 3, 5, 7)] + [[math.nan, 0.25, 0.75], [math.nan]]
    table = pd.DataFrame([(key, value) for key, own in enumerate(values) for value in own], columns=["key", "value"])
    for row, own in zip(mean_over_seeds(table, ["key"], "value").itertuples(), values, strict=True):
        each = mean_and_range(own)
        assert row.n == each.n
        assert (row.mean, row.low, row.high) == pytest.approx((each.value, each.low, each.high), nan_ok=True)


def test_fields_count_seeds_and_test_problems(example):
    table = by_field(example)
    rows = rows_of(field_data(table))
    own = table[(table["encoding"] == "alibi") & (table["down_first"] == 2) & (table["length"] == 64)]
    row = next(row for row in rows if (row["encoding"], row["down_first"], row["length_tokens"]) == ("alibi", 2, 64))
    assert (row["seeds"], row["problems_a_seed"]) == (len(own), 256)
    assert row["mean"] == pytest.approx(own["value"].mean())
    assert (row["down"], row["down_last"]) == (own["down"].iloc[0], 2)


def test_positions_are_counted_from_one(example):
    rows = rows_of(position_data(by_position(example)))
    first = next(row for row in rows if row["encoding"] == "rope")
    assert (first["position_first"], first["position_last"], first["seeds"]) == (1, 1, 3)
    assert first["unit"] == "loss (nats per token)"


def test_structure_has_a_row_a_head_and_distance(example):
    probes = all_probes(example)
    rows = rows_of(structure_data(probes))
    assert len(rows) == sum(probe.structure[0].size for probe in probes)
    last = [row for row in rows if row["encoding"] == probes[1].encoding and row["head"] == 2][-1]
    assert last["score"] == pytest.approx(float(probes[1].structure[0, 1, -1]))
    assert last["distance_tokens"] == probes[1].structure.shape[-1] - 1
