"""The reference of a selection: rope, the first trained, or the one that was asked for."""

from pathlib import Path

import pytest

from benchmark.errors import UsageError
from benchmark.reports.page.selection import Selection
from benchmark.results.store import Store


@pytest.fixture(scope="module")
def nine(records, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Enough seeds to show something: two others, nine seeds, L and 4 L."""
    root = tmp_path_factory.mktemp("nine")
    settings = {"encodings": ("rope", "alibi", "none"), "tasks": ("copy", "corpus"), "multiples": (1, 4)}
    return records.write_example(root, seeds=9, trouble=False, **settings)


def test_rope_is_the_reference_where_it_is_shown_and_else_the_first_trained(records, tmp_path: Path) -> None:
    small = {"tasks": ("copy",), "multiples": (1,), "seeds": 1, "trouble": False}
    both = records.write_example(tmp_path / "a", encodings=("alibi", "rope"), **small)
    assert Selection.of(both).reference == "rope"
    other = records.write_example(tmp_path / "b", encodings=("none", "alibi"), **small)
    assert Selection.of(other).reference == "alibi"


def test_an_unknown_reference_is_refused_with_the_nearest(nine: Store) -> None:
    with pytest.raises(
        UsageError, match=r"unknown reference 'alibbi'; did you mean 'alibi'\? Known: alibi, none, rope"
    ):
        Selection.of(nine, "alibbi")
