"""Recall of the latest: rows by hand, and what is drawn, against a dictionary that is written to."""

import torch

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED, Batch


def test_rows_by_hand() -> None:
    """A 4 C 3 A 7 A 5 _ C _ A _: A and C are the keys 1 and 3, values begin at 6."""
    batch = tasks.make("recall-latest:keys=5:values=7").rows(
        torch.tensor([[1, 3]]),
        torch.tensor([[0, 1, 0, 0]]),
        torch.tensor([[10, 9, 12, 11]]),
        torch.tensor([[11, 9]]),
        13,
    )
    assert batch.tokens.tolist() == [[1, 10, 3, 9, 1, 12, 1, 11, 0, 3, 0, 1, 0]]
    assert batch.targets.tolist() == [[UNSCORED] * 9 + [9, UNSCORED, 11, UNSCORED]]


def test_rows_drawn_ask_for_what_a_dictionary_holds() -> None:
    task = tasks.make("recall-latest:keys=5:values=7:writes=3")
    batch = task.sample(211, 37, generator("golden"))
    overwritten = 0
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        written = list(zip(tokens[0:18:2], tokens[1:18:2], strict=True))
        held = dict(written)
        assert len(held) == task.asked(37) == 3
        assert set(held) <= {1, 2, 3, 4, 5} and {value for _, value in written} <= set(range(6, 13))
        overwritten += written[0][0] in [key for key, _ in written[1:]]
        assert targets[:18] == [UNSCORED] * 18
        asked = [(token, target) for token, target in zip(tokens[18:], targets[18:], strict=True) if token != 0]
        assert sorted(asked) == sorted(held.items())  # every key once, with its latest value
        assert targets.count(UNSCORED) == 34
    assert overwritten > 150


def test_a_key_is_written_once_or_often() -> None:
    batch = tasks.make("recall-latest:keys=5").sample(211, 16, generator("golden"))
    times = {row[0:8:2].count(key) for row in batch.tokens.tolist() for key in set(row[0:8:2])}
    assert times == {1, 2, 3}


def test_half_of_a_row_writes_until_keys_run_out() -> None:
    task = tasks.make("recall-latest:keys=5:writes=2")
    assert [task.asked(length) for length in (5, 8, 16, 39, 40, 640)] == [1, 1, 2, 4, 5, 5]


def test_the_lag_is_that_of_the_last_writing() -> None:
    task = tasks.make("recall-latest:keys=3:values=4")
    # key 1 is written at 0 and 4, key 2 at 2; asked at 7 (key 1) and 10 (key 2)
    tokens = torch.tensor([[1, 4, 2, 5, 1, 6, 0, 1, 0, 0, 2]])
    batch = Batch(tokens=tokens, targets=torch.full_like(tokens, UNSCORED))
    assert task.groups(batch, 11)[0, [7, 10]].tolist() == [2, 3]  # lags 3 and 8
    assert task.axes(11) == {"lag (tokens)": ((1, 1), (2, 2), (3, 4), (5, 8), (9, 16))}


def test_the_shortcut_is_the_value_first_written() -> None:
    task = tasks.make("recall-latest:keys=5:values=7")
    batch = task.sample(211, 37, generator("golden"))
    answers = task.shortcuts(batch)["first value of the key"]
    for tokens, targets, found in zip(batch.tokens.tolist(), batch.targets.tolist(), answers.tolist(), strict=True):
        first = dict(reversed(list(zip(tokens[0:16:2], tokens[1:16:2], strict=True))))
        asked = [place for place, target in enumerate(targets) if target != UNSCORED]
        assert [found[place] for place in asked] == [first[tokens[place]] for place in asked]
