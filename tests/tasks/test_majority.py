"""Majority: by hand, against plain Python, and ties."""

from collections import Counter
from itertools import product

import pytest
import torch

from benchmark import tasks
from benchmark.tasks.task import question


def test_by_hand() -> None:
    prompt = torch.tensor([[4, 3, 4, 4, 3], [3, 4, 3, 3, 4], [3, 3, 3, 3, 3]])
    assert tasks.make("majority").answer(prompt).tolist() == [[4], [3], [3]]


@pytest.mark.parametrize("length", [1, 2, 8, 131])
def test_many_rows_against_plain_python(problems, length: int) -> None:
    for prompt, answer in problems(tasks.make("majority"), 300, length):
        (likeliest, more), *rest = Counter(prompt).most_common()
        assert answer == [likeliest]
        assert all(more > fewer for _, fewer in rest)
        assert len(prompt) == length and set(prompt) <= {3, 4}


def test_a_tie_is_broken_at_any_place(problems) -> None:
    """With four bits, a tie becomes each three-to-one string equally often: 6/16 of rows, in eight parts."""
    rows = Counter(tuple(prompt) for prompt, _ in problems(tasks.make("majority"), 20000, 4))
    untied = {bits for bits in product((3, 4), repeat=4) if sum(bits) != 14}
    assert set(rows) == untied
    for bits, times in rows.items():
        expected = 1 / 16 if len(set(bits)) == 1 else 1 / 16 + 6 / 16 / 8
        assert times / 20000 == pytest.approx(expected, abs=0.01)


def test_the_shortcut_is_the_last_bit() -> None:
    task = tasks.make("majority")
    batch = question(torch.tensor([[4, 3, 4], [4, 4, 3]]), torch.tensor([[4], [4]]))
    assert task.shortcuts(batch)["last bit"][:, -2:].tolist() == [[4, 2], [3, 2]]
