"""Needle: rows by hand, what is drawn, and the depths of the test."""

from collections import Counter

import pytest
import torch

from benchmark.seeds import generator
from benchmark.tasks.needle import Needle
from benchmark.tasks.task import UNSCORED

KEYS, FILLER = range(13, 18), range(18, 25)  # 3 marks, 10 digits, 5 keys, 7 words of filler


def make() -> Needle:
    return Needle(figures=2, keys=5, fillers=7)


def starts(tokens: torch.Tensor) -> list[int]:
    """The place of the key in each haystack."""
    return [next(place for place, token in enumerate(row[1:]) if token in KEYS) for row in tokens.tolist()]


def test_rows_by_hand() -> None:
    haystack = torch.tensor([[18, 19, 20, 21, 22], [23, 23, 24, 18, 18]])
    batch = make().rows(haystack, torch.tensor([1, 2]), torch.tensor([[13], [17]]), torch.tensor([[7, 5], [3, 12]]))
    assert batch.tokens.tolist() == [
        [0, 18, 13, 7, 5, 22, 1, 13, 7, 5],
        [0, 23, 23, 17, 3, 12, 1, 17, 3, 12],
    ]
    assert batch.targets.tolist() == [[UNSCORED] * 7 + [7, 5, 2], [UNSCORED] * 7 + [3, 12, 2]]


def test_rows_drawn_hide_one_needle_and_ask_for_it() -> None:
    batch = make().sample(701, 7, generator("golden"))
    found = Counter()
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        bos, haystack, sep, (key, *value) = tokens[0], tokens[1:8], tokens[8], tokens[9:]
        assert (bos, sep) == (0, 1) and key in KEYS and all(3 <= digit < 13 for digit in value)
        start = haystack.index(key)
        assert haystack[start : start + 3] == [key, *value]
        assert all(word in FILLER for word in haystack[:start] + haystack[start + 3 :])
        assert targets == [UNSCORED] * 9 + [*value, 2]
        found[start] += 1
    assert sorted(found) == [0, 1, 2, 3, 4] and min(found.values()) > 90


@pytest.mark.parametrize("length", [3, 11, 1000])
def test_the_test_covers_depths_evenly_by_the_row(length: int) -> None:
    task = make()
    found = starts(torch.cat([batch.tokens for batch in task.evaluation(length)]))
    places = length - 2
    assert found == [int((row + 0.5) / 128 * places) for row in range(128)]


def test_the_test_comes_in_batches_that_fit() -> None:
    sizes = [len(batch.tokens) for batch in make().evaluation(5000)]
    assert sizes == [3] * 42 + [2]


def test_depth_is_where_the_needle_stands() -> None:
    task = Needle(figures=1, keys=5, fillers=7)
    assert list(task.axes(21)) == ["depth (%)"] and task.axes(21)["depth (%)"][::9] == ((0, 10), (90, 100))
    haystack = torch.full((20, 21), 18)
    value = torch.full((20, 1), 7)
    batch = task.rows(haystack, torch.arange(20), torch.full((20, 1), 13), value)
    groups = task.groups(batch, 21)
    assert groups.shape == batch.tokens.shape
    assert groups[:, 0].tolist() == groups[:, -1].tolist() == [start // 2 for start in range(20)]
