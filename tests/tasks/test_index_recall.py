"""Index recall: rows by hand, and what is drawn."""

import torch

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED


def test_rows_by_hand() -> None:
    task = tasks.make("index-recall:indices=3:symbols=7")
    batch = task.rows(torch.tensor([[4, 6, 0, 5, 2], [1, 1, 3, 6, 6]]), torch.tensor([[2, 0, 1], [1, 2, 0]]))
    assert batch.tokens.tolist() == [[4, 6, 0, 5, 2, 9, 7, 8], [1, 1, 3, 6, 6, 8, 9, 7]]
    assert batch.targets.tolist() == [[UNSCORED] * 5 + [0, 4, 6], [UNSCORED] * 5 + [1, 3, 1]]


def test_rows_drawn_ask_for_each_index_once() -> None:
    batch = tasks.make("index-recall:indices=3:symbols=5").sample(211, 7, generator("golden"))
    orders = set()
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        string, asked = tokens[:7], [token - 5 for token in tokens[7:]]
        assert sorted(asked) == [0, 1, 2]
        assert targets == [UNSCORED] * 7 + [string[index] for index in asked]
        orders.add(tuple(asked))
    assert len(orders) == 6


def test_a_short_string_is_asked_for_all_that_it_has() -> None:
    task = tasks.make("index-recall:indices=5")
    batch = task.sample(11, 2, generator("golden"))
    assert task.questions(2) == 2 and batch.tokens.shape == (11, task.tokens(2)) == (11, 4)
    assert (batch.tokens[:, 2:].sort(dim=1).values - 10).tolist() == [[0, 1]] * 11
