"""Index recall: rows by hand, and what is drawn."""

from collections import Counter

import pytest
import torch

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED


def test_rows_by_hand() -> None:
    task = tasks.make("index-recall:questions=2:figures=2:symbols=3")
    string = torch.tensor([[2, 0, 1, 1, 2, 2, 1, 0, 0, 2, 1, 0]])
    batch = task.rows(string, torch.tensor([[10, 3]]))
    assert batch.tokens.tolist() == [[*string[0].tolist(), 4, 3, 3, 6]]  # the figures 0 to 9 are the tokens 3 to 12
    assert batch.targets.tolist() == [[UNSCORED] * 12 + [UNSCORED, 1, UNSCORED, 1]]


def asked(tokens: list[int], length: int) -> list[int]:
    """The indices that a row asks for, with three figures each and ten symbols."""
    figures = [token - 10 for token in tokens[length:]]
    assert all(0 <= figure < 10 for figure in figures)
    return [int("".join(map(str, figures[start : start + 3]))) for start in range(0, len(figures), 3)]


def test_rows_drawn_ask_for_different_indices_of_the_whole_string() -> None:
    batch = tasks.make("index-recall").sample(500, 160, generator("golden"))
    drawn = Counter()
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        indices = asked(tokens, 160)
        assert len(set(indices)) == 8 and max(indices) < 160
        assert [target for target in targets if target != UNSCORED] == [tokens[index] for index in indices]
        assert [place for place, target in enumerate(targets) if target != UNSCORED] == list(range(162, 184, 3))
        drawn.update(indices)
    near, far = sum(drawn[index] for index in range(16)), sum(drawn[index] for index in range(16, 160))
    assert 0.3 < far / (near + far) < 0.6  # H(160) - H(16) is 0.40 of H(160); without replacement, a little more


def test_a_short_string_is_asked_for_all_that_it_has() -> None:
    task = tasks.make("index-recall")
    batch = task.sample(11, 2, generator("golden"))
    assert batch.tokens.shape == (11, task.tokens(2)) == (11, 8)
    assert {tuple(sorted(asked(row, 2))) for row in batch.tokens.tolist()} == {(0, 1)}


def test_indices_too_long_to_write_are_not_asked_for() -> None:
    task = tasks.make("index-recall:figures=1")
    batch = task.sample(50, 40, generator("golden"))
    assert batch.tokens.shape == (50, 48) and task.axes(40)["index"][-1] == (8, 15)
    figures = batch.tokens[:, 40:] - 10
    assert sorted(set(figures.flatten().tolist())) == list(range(10))


@pytest.mark.parametrize("index", [0, 1, 2, 3, 7, 8, 15, 16, 127])
def test_every_index_is_in_its_range(index: int) -> None:
    task = tasks.make("index-recall")
    batch = task.rows(torch.zeros(1, 128, dtype=torch.int64), torch.tensor([[5, index]]))
    ranges = task.axes(128)["index"]
    assert ranges[:5] == ((0, 0), (1, 1), (2, 3), (4, 7), (8, 15)) and len(ranges) == 8
    groups = task.groups(batch, 128)
    assert groups.shape == batch.tokens.shape and groups[0, 130] == 3  # index 5 is one of 4 to 7
    first, last = ranges[groups[0, 133]]
    assert first <= index <= last


def test_the_shortcut_counts_only_the_string() -> None:
    task = tasks.make("index-recall:symbols=3")
    batch = task.rows(torch.tensor([[2, 1, 1, 0, 2, 2]]), torch.tensor([[1, 1, 1, 1]]))
    assert task.shortcuts(batch)["most frequent symbol"].tolist() == [[2] * 18]
