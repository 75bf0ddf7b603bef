"""Odds first: by hand, against plain Python."""

import pytest
import torch

from benchmark import tasks


def test_by_hand() -> None:
    task = tasks.make("odds-first:symbols=7")
    assert task.answer(torch.tensor([[3, 4, 5, 6, 7]])).tolist() == [[3, 5, 7, 4, 6]]
    assert task.answer(torch.tensor([[3, 4, 5, 6]])).tolist() == [[3, 5, 4, 6]]


def test_the_example_of_the_paper() -> None:
    prompt = torch.tensor([[int(bit) + 3 for bit in "00110101"]])
    assert tasks.make("odds-first").answer(prompt).tolist() == [[int(bit) + 3 for bit in "01000111"]]


@pytest.mark.parametrize("length", [1, 2, 7, 131])
def test_many_rows_against_plain_python(problems, length: int) -> None:
    for prompt, answer in problems(tasks.make("odds-first"), 200, length):
        odd = [symbol for place, symbol in enumerate(prompt, 1) if place % 2 == 1]
        even = [symbol for place, symbol in enumerate(prompt, 1) if place % 2 == 0]
        assert answer == odd + even and len(prompt) == length


def test_an_alphabet_without_choice_is_refused() -> None:
    with pytest.raises(ValueError, match="odds-first: symbols is 1, but must be at least 2"):
        tasks.make("odds-first:symbols=1")
