"""Offset recall: golden examples, and the rules that miss the distance."""

import torch

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED, Batch


def test_offset_recall_by_hand() -> None:
    batch = tasks.make("offset-recall:back=2:symbols=4").sample(6, 5, generator("golden"))
    for (a, b, c, _, _), targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        assert targets == [UNSCORED, UNSCORED, a, b, c]


def test_shortcuts_by_hand() -> None:
    tokens = torch.tensor([[3, 1, 1, 2, 2, 2, 0, 0]])
    answers = tasks.make("offset-recall:back=2:symbols=4").shortcuts(Batch(tokens=tokens, targets=tokens))
    assert answers["same token"].tolist() == tokens.tolist()
    # Of the last three tokens; of two that are equally frequent, the smaller.
    assert answers["most frequent recent token"].tolist() == [[3, 1, 1, 1, 2, 2, 2, 0]]


def test_blurred_attention_names_the_token_a_third_of_the_time() -> None:
    """At six places of ten symbols, against a count in plain Python."""
    task = tasks.make("offset-recall")
    batch = task.sample(40, 300, generator("blurred"))
    answers = task.shortcuts(batch)["most frequent recent token"].tolist()
    right = asked = 0
    for row, answer in zip(batch.tokens.tolist(), answers, strict=True):
        for place in range(5, 300):
            recent = row[place - 5 : place + 1]
            most = max(map(recent.count, recent))
            assert answer[place] == min(token for token in recent if recent.count(token) == most)
            asked, right = asked + 1, right + (answer[place] == recent[0])
    assert 0.3 < right / asked < 0.37
