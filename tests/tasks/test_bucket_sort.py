"""Bucket sort: by hand, against plain Python."""

import pytest
import torch

from benchmark import tasks


def test_by_hand() -> None:
    prompt = torch.tensor([[6, 3, 7, 3, 4], [7, 7, 5, 7, 3]])
    assert tasks.make("bucket-sort").answer(prompt).tolist() == [[3, 3, 4, 6, 7], [3, 5, 7, 7, 7]]


@pytest.mark.parametrize("length", [1, 7, 131])
def test_many_rows_against_plain_python(problems, length: int) -> None:
    for prompt, answer in problems(tasks.make("bucket-sort"), 200, length):
        assert answer == [symbol for symbol in range(3, 8) for _ in range(prompt.count(symbol))]
        assert len(answer) == len(prompt) == length


def test_the_order_of_the_prompt_does_not_matter() -> None:
    task = tasks.make("bucket-sort")
    prompt = torch.tensor([[6, 3, 7, 3, 4, 5, 5]])
    assert torch.equal(task.answer(prompt), task.answer(prompt.flip(1)))


def test_an_alphabet_without_choice_is_refused() -> None:
    with pytest.raises(ValueError, match="bucket-sort: symbols is 1, but must be at least 2"):
        tasks.make("bucket-sort:symbols=1")
