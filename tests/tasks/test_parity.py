"""Parity: by hand, against plain Python."""

import pytest
import torch

from benchmark import tasks


def test_by_hand() -> None:
    prompt = torch.tensor([[4, 3, 4, 4], [3, 4, 4, 3], [3, 3, 3, 3]])
    assert tasks.make("parity").answer(prompt).tolist() == [[4], [3], [3]]


@pytest.mark.parametrize("length", [1, 7, 131])
def test_many_rows_against_plain_python(problems, length: int) -> None:
    for prompt, answer in problems(tasks.make("parity"), 200, length):
        assert answer == [4 if prompt.count(4) % 2 else 3]
        assert len(prompt) == length and set(prompt) <= {3, 4}
