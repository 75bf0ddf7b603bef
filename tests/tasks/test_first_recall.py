"""First recall: rows by hand, and what is drawn."""

import torch

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED


def test_rows_by_hand() -> None:
    batch = tasks.make("first-recall:symbols=7").rows(torch.tensor([[3, 0, 6, 3, 1], [5, 5, 2, 0, 4]]))
    assert batch.tokens.tolist() == [[3, 0, 6, 3, 1], [5, 5, 2, 0, 4]]
    assert batch.targets.tolist() == [[UNSCORED, 3, 3, 3, 3], [UNSCORED, 5, 5, 5, 5]]


def test_rows_drawn_ask_for_their_first_token_everywhere() -> None:
    batch = tasks.make("first-recall:symbols=5").sample(211, 7, generator("golden"))
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        assert targets == [UNSCORED] + [tokens[0]] * 6
    assert batch.tokens.unique().tolist() == [0, 1, 2, 3, 4]


def test_one_guess_for_a_row_is_as_good_past_any_opening() -> None:
    task = tasks.make("first-recall:symbols=5")
    assert task.chance_of_rest(29, 7) == task.chance(29)["exact_match"] == 1 / 5
