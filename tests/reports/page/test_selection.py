"""The reference of a selection: rope, the first trained encoding, or the one asked for."""

from pathlib import Path

import pytest

from benchmark.errors import UsageError
from benchmark.reports.page.selection import Selection


def test_rope_is_the_reference_where_it_is_shown_and_else_the_first_trained(records, tmp_path: Path) -> None:
    small = {"tasks": ("copy",), "multiples": (1,), "seeds": 1, "trouble": False}
    both = records.write_example(tmp_path / "a", encodings=("alibi", "rope"), **small)
    assert Selection.of(both).reference == "rope"
    other = records.write_example(tmp_path / "b", encodings=("none", "alibi"), **small)
    assert Selection.of(other).reference == "alibi"


def test_an_unknown_reference_is_refused_with_the_nearest(records, tmp_path: Path) -> None:
    small = {"tasks": ("copy",), "multiples": (1,), "seeds": 1, "trouble": False}
    store = records.write_example(tmp_path, encodings=("alibi", "none", "rope"), **small)
    with pytest.raises(
        UsageError, match=r"unknown reference 'alibbi'; did you mean 'alibi'\? Known: alibi, none, rope"
    ):
        Selection.of(store, "alibbi")
