"""Even pairs: by hand, against both definitions in plain Python."""

from itertools import pairwise

import pytest
import torch

from benchmark import tasks


def test_by_hand() -> None:
    prompts = [[int(bit) + 3 for bit in text] for text in ("0011101", "0101110", "1001001")]
    assert tasks.make("even-pairs").answer(torch.tensor(prompts)).tolist() == [[4], [3], [3]]


@pytest.mark.parametrize("length", [2, 7, 131])
def test_many_rows_against_plain_python(problems, length: int) -> None:
    for prompt, answer in problems(tasks.make("even-pairs"), 200, length):
        differ = sum(left != right for left, right in pairwise(prompt))
        assert answer == [3 + differ % 2]
        assert (answer == [3]) == (prompt[0] == prompt[-1])
        assert len(prompt) == length and set(prompt) <= {3, 4}
