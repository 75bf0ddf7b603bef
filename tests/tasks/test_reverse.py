"""Reverse: rows by hand, and what is drawn."""

import torch

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED


def test_rows_by_hand() -> None:
    batch = tasks.make("reverse:symbols=7").rows(torch.tensor([[5, 9, 4], [3, 3, 8]]))
    assert batch.tokens.tolist() == [[0, 5, 9, 4, 1, 4, 9, 5], [0, 3, 3, 8, 1, 8, 3, 3]]
    assert batch.targets.tolist() == [[UNSCORED] * 4 + [4, 9, 5, 2], [UNSCORED] * 4 + [8, 3, 3, 2]]


def test_rows_drawn_ask_for_the_string_backwards() -> None:
    batch = tasks.make("reverse:symbols=5").sample(211, 7, generator("golden"))
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        string, answer = tokens[1:8], list(reversed(tokens[1:8]))
        assert tokens == [0, *string, 1, *answer]
        assert targets == [UNSCORED] * 8 + [*answer, 2]
    assert batch.tokens[:, 1:8].unique().tolist() == [3, 4, 5, 6, 7]


def test_the_shortcut_is_the_predecessor_of_the_first_occurrence() -> None:
    """Backwards from the end: 8 before SEP, 3 before 8; before the first 3 nothing, though one more is asked for."""
    batch = tasks.make("reverse:symbols=7").rows(torch.tensor([[5, 9, 4], [3, 3, 8]]))
    answers = tasks.make("reverse:symbols=7").shortcuts(batch)["predecessor of the symbol"]
    assert answers[:, 4:].tolist() == [[4, 9, 5, 2], [8, 3, 2, 2]]
