"""Rows of a table as dataclasses: every value under its name, as plain Python."""

import math

import pandas as pd
import pytest

from benchmark.reports.page.rows import PointRow, typed_rows
from benchmark.reports.stats.points import over_seeds


def test_points_keep_their_values_and_types(tidy) -> None:
    points = over_seeds(tidy({"rope": [0.25, 0.75], "learned": [math.nan, math.nan]}, multiple=4))
    learned, rope = typed_rows(points, PointRow)
    assert (rope.encoding, rope.length, rope.multiple, rope.mean, rope.n, rope.seeds) == ("rope", 64, 4.0, 0.5, 2, 2)
    assert (type(rope.length), type(rope.n), type(rope.mean)) == (int, int, float)
    assert (rope.estimate.value, rope.estimate.n) == (0.5, 2)
    assert math.isnan(learned.mean) and (learned.n, learned.status) == (0, "unsupported")


def test_a_missing_column_is_an_error() -> None:
    with pytest.raises(KeyError, match="trained_with"):
        typed_rows(pd.DataFrame({"encoding": ["rope"]}), PointRow)


def test_an_empty_table_has_no_rows(tidy) -> None:
    assert typed_rows(over_seeds(tidy({"rope": [0.5]}))[:0], PointRow) == []
