"""Missing duplicate: by hand, against plain Python."""

import pytest
import torch

from benchmark import tasks


def test_by_hand() -> None:
    prompt = torch.tensor([[3, 4, 4, 3, 5, 4], [5, 3, 3, 4, 3, 3], [4, 4, 3, 4, 4, 5]])
    assert tasks.make("missing-duplicate").answer(prompt).tolist() == [[4], [4], [3]]


@pytest.mark.parametrize("length", [1, 5, 67])
def test_many_rows_against_plain_python(problems, length: int) -> None:
    hidden = 3 + 7
    places = set()
    for prompt, answer in problems(tasks.make("missing-duplicate:symbols=7"), 400, length):
        place = prompt.index(hidden)
        whole = [answer[0] if symbol == hidden else symbol for symbol in prompt]
        assert prompt.count(hidden) == len(answer) == 1
        assert whole[:length] == whole[length:] and len(whole) == 2 * length
        places.add(place)
    assert len(places) > min(2 * length, 100) * 0.9  # in both copies, and everywhere


def test_an_alphabet_without_choice_is_refused() -> None:
    with pytest.raises(ValueError, match="missing-duplicate: symbols is 1, but must be at least 2"):
        tasks.make("missing-duplicate:symbols=1")
