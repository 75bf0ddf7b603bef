"""Copy twice: rows by hand, and what is drawn."""

import torch

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED


def test_rows_by_hand() -> None:
    batch = tasks.make("copy-twice:symbols=7").rows(torch.tensor([[5, 9], [8, 4]]))
    assert batch.tokens.tolist() == [[0, 5, 9, 1, 5, 9, 3, 5, 9], [0, 8, 4, 1, 8, 4, 3, 8, 4]]
    assert batch.targets.tolist() == [[UNSCORED] * 3 + [5, 9, 3, 5, 9, 2], [UNSCORED] * 3 + [8, 4, 3, 8, 4, 2]]


def test_rows_drawn_ask_for_the_string_twice() -> None:
    batch = tasks.make("copy-twice:symbols=5").sample(211, 7, generator("golden"))
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        string = tokens[1:8]
        assert tokens == [0, *string, 1, *string, 3, *string]
        assert targets == [UNSCORED] * 8 + [*string, 3, *string, 2]
    assert batch.tokens[:, 1:8].unique().tolist() == [4, 5, 6, 7, 8]


def test_the_shortcut_is_the_successor_of_the_first_occurrence() -> None:
    batch = tasks.make("copy-twice:symbols=7").rows(torch.tensor([[5, 9, 8], [4, 8, 4]]))
    answers = tasks.make("copy-twice:symbols=7").shortcuts(batch)["successor of the symbol"]
    assert answers[:, 4:].tolist() == [[5, 9, 8, 3, 5, 9, 8, 2], [4, 8, 4, 8, 4, 8, 4, 8]]
