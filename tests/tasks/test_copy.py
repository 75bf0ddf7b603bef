"""Copy: golden examples, and the rules that copy by content."""

import torch

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED, question


def test_copy_by_hand() -> None:
    batch = tasks.make("copy:symbols=5").sample(6, 3, generator("golden"))
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        bos, a, b, c, sep, *again = tokens
        assert (bos, sep, again) == (0, 1, [a, b, c])
        assert targets == [UNSCORED] * 4 + [a, b, c, 2]
        assert all(3 <= symbol < 8 for symbol in (a, b, c))


def test_shortcuts_by_hand() -> None:
    string = torch.tensor([[3, 4, 3, 5, 4, 3, 6]])
    answers = tasks.make("copy").shortcuts(question(string, string))
    assert {name: tokens[0, 8:].tolist() for name, tokens in answers.items()} == {
        "successor of the symbol": [3, 4, 3, 4, 4, 3, 4, 2],
        "successor of the last two symbols": [3, 4, 3, 5, 4, 3, 5, 2],
    }


def test_few_symbols_leave_the_successor_of_a_symbol_little() -> None:
    scores = {}
    for symbols in (10, 100):
        task = tasks.make(f"copy:symbols={symbols}")
        batch = task.sample(400, 64, generator("successor"))
        right = task.shortcuts(batch)["successor of the symbol"] == batch.targets
        scores[symbols] = right[:, 65:].double().mean().item()
    assert scores[10] < 0.3 < 0.7 < scores[100]
