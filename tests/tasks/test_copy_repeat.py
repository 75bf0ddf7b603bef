"""Copy with repetition: rows by hand, what is drawn, and what is tested."""

import torch

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED


def test_rows_by_hand() -> None:
    batch = tasks.make("copy-repeat:symbols=7").rows(torch.tensor([9, 4]), 3)
    assert batch.tokens.tolist() == [[0, 9, 9, 9, 1, 9, 9, 9], [0, 4, 4, 4, 1, 4, 4, 4]]
    assert batch.targets.tolist() == [[UNSCORED] * 4 + [9, 9, 9, 2], [UNSCORED] * 4 + [4, 4, 4, 2]]


def test_rows_drawn_have_one_symbol() -> None:
    batch = tasks.make("copy-repeat:symbols=5").sample(211, 7, generator("golden"))
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        string = [tokens[1]] * 7
        assert tokens == [0, *string, 1, *string]
        assert targets == [UNSCORED] * 8 + [*string, 2]
    assert batch.tokens[:, 1].unique().tolist() == [3, 4, 5, 6, 7]


def test_the_test_asks_each_symbol_once_in_small_batches() -> None:
    task = tasks.make("copy-repeat:symbols=5")
    batches = list(task.evaluation(task.batch_tokens // 6))
    assert [len(batch.tokens) for batch in batches] == [2, 2, 1]
    assert torch.cat([batch.tokens[:, 1] for batch in batches]).tolist() == [3, 4, 5, 6, 7]
