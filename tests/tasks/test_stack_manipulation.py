"""Stack manipulation: by hand, against a list in plain Python, and its chance against every problem of a length."""

from collections import Counter
from itertools import product

import pytest
import torch

from benchmark import tasks

A, B, POP, PUSH_A, PUSH_B = 3, 4, 5, 6, 7
EOS = 2


def left(prompt: list[int]) -> list[int]:
    """The final stack, top first."""
    stack: list[int] = []
    for token in prompt:
        if token == POP:
            stack = stack[:-1]
        else:
            stack.append({PUSH_A: A, PUSH_B: B}.get(token, token))
    return stack[::-1]


def test_by_hand() -> None:
    prompt = torch.tensor(
        [
            [A, B, B, A, PUSH_B, POP, POP],
            [B, B, A, POP, POP, POP, POP],
            [A, POP, POP, PUSH_B, PUSH_A, POP, PUSH_B],
            [B, PUSH_A, PUSH_A, PUSH_B, PUSH_B, PUSH_A, PUSH_B],
        ]
    )
    assert tasks.make("stack-manipulation").answer(prompt).tolist() == [
        [B, B, A, EOS, EOS, EOS, EOS],
        [EOS] * 7,
        [B, B, EOS, EOS, EOS, EOS, EOS],
        [B, A, B, B, A, A, B],
    ]


@pytest.mark.parametrize("length", [2, 7, 131])
def test_many_rows_against_plain_python(problems, length: int) -> None:
    filled = set()
    for prompt, answer in problems(tasks.make("stack-manipulation"), 300, length):
        assert answer == left(prompt) and len(prompt) == length
        actions = [token >= POP for token in prompt]
        assert actions == sorted(actions)  # the stack, then the actions on it
        filled.add(actions.index(True))
    assert min(filled) == 1 and max(filled) == length - 1


@pytest.mark.parametrize("length", [2, 3, 5, 7])
def test_chance_is_the_mean_over_every_problem(length: int) -> None:
    """The guesser knows only the place in the answer, and names the likeliest token there."""
    answers: Counter[tuple[int, ...]] = Counter()
    for filled in range(1, length):
        weight = 6**length // (2**filled * 3 ** (length - filled))  # every size of the stack is equally likely
        for prompt in product(*[(A, B)] * filled, *[(POP, PUSH_A, PUSH_B)] * (length - filled)):
            answers[(*left(list(prompt)), EOS)] += weight
    tokens = [Counter[int]() for _ in range(length + 1)]
    for answer, weight in answers.items():
        for place, token in enumerate(answer):
            tokens[place][token] += weight
    chance = tasks.make("stack-manipulation").chance(length)
    right, scored = (sum(map(count, tokens)) for count in (lambda place: max(place.values()), Counter.total))
    assert chance["token_accuracy"] == pytest.approx(right / scored)
    assert chance["exact_match"] == pytest.approx(max(answers.values()) / answers.total())
