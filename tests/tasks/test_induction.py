"""Induction: rows by hand, and what is drawn."""

from collections import Counter

import torch

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED


def test_rows_by_hand() -> None:
    context, first = torch.tensor([[3, 2, 0, 1, 3], [6, 5, 5, 1, 1]]), torch.tensor([[2], [0]])
    batch = tasks.make("induction:symbols=7").rows(context, first)
    assert batch.tokens.tolist() == [[3, 2, 0, 1, 3, 0], [6, 5, 5, 1, 1, 6]]
    assert batch.targets.tolist() == [[UNSCORED] * 5 + [1], [UNSCORED] * 5 + [5]]


def test_rows_drawn_ask_for_what_followed_the_only_other_place() -> None:
    batch = tasks.make("induction:symbols=5").sample(2003, 7, generator("golden"))
    places, asked, answers = Counter(), Counter(), Counter()
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        (first,) = (place for place in range(6) if tokens[place] == tokens[6])
        assert targets == [UNSCORED] * 6 + [tokens[first + 1]]
        places[first] += 1
        asked[tokens[6]] += 1
        answers[targets[6]] += 1
    assert sorted(places) == [0, 1, 2, 3, 4] and min(places.values()) > 300
    assert sorted(asked) == sorted(answers) == [0, 1, 2, 3, 4]
    assert min(asked.values()) > 300 and min(answers.values()) > 300


def test_the_shortest_row_asks_for_its_middle() -> None:
    task = tasks.make("induction")
    batch = task.sample(11, task.shortest(), generator("golden"))
    assert batch.tokens[:, 0].equal(batch.tokens[:, 2])
    assert batch.targets[:, 2].equal(batch.tokens[:, 1])


def test_the_lag_is_that_of_the_first_time() -> None:
    task = tasks.make("induction:symbols=5")
    batch = task.rows(torch.tensor([[3, 1, 2, 4, 0], [3, 1, 2, 4, 0]]), torch.tensor([[0], [3]]))
    assert task.groups(batch, 6)[:, -1].tolist() == [3, 1]  # lags 5 and 2


def test_the_shortcut_is_the_token_before_the_question() -> None:
    batch = tasks.make("induction").rows(torch.tensor([[3, 2, 5, 1, 0], [3, 2, 5, 1, 9]]), torch.tensor([[1], [3]]))
    assert tasks.make("induction").shortcuts(batch)["token just before"][:, -1].tolist() == [0, 9]
