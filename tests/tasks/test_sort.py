"""Sort: by hand, against plain Python, and its chance against every string of a small alphabet."""

from collections import Counter
from itertools import product

import pytest
import torch

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.sort import sorted_chance


def test_by_hand() -> None:
    prompt = torch.tensor([[10, 5, 12, 5], [3, 102, 7, 4]])
    assert tasks.make("sort").answer(prompt).tolist() == [[5, 5, 10, 12], [3, 4, 7, 102]]


@pytest.mark.parametrize("length", [1, 7, 131])
def test_many_rows_against_plain_python(problems, length: int) -> None:
    for prompt, answer in problems(tasks.make("sort:symbols=11"), 200, length):
        assert answer == sorted(prompt)
        assert len(prompt) == length and set(prompt) <= set(range(3, 14))


@pytest.mark.parametrize(("symbols", "length"), [(2, 1), (2, 7), (3, 5), (5, 3), (7, 2)])
def test_chance_is_the_mean_over_every_string(symbols: int, length: int) -> None:
    answers = [tuple(sorted(string)) for string in product(range(symbols), repeat=length)]
    step_right = {0: 0, 1: 0}
    for answer in answers:
        for step in step_right:
            guesses = [0, *(symbol + step for symbol in answer[:-1])]
            step_right[step] += 1 + sum(guess == symbol for guess, symbol in zip(guesses, answer, strict=True))
    chance = sorted_chance(length, symbols)
    assert chance["token_accuracy"] == pytest.approx(max(step_right.values()) / len(answers) / (length + 1))
    assert chance["exact_match"] == pytest.approx(max(Counter(answers).values()) / len(answers))


def test_an_alphabet_without_choice_is_refused() -> None:
    with pytest.raises(ValueError, match="sort: symbols is 1, but must be at least 2"):
        tasks.make("sort:symbols=1")


def test_the_shortcut_never_writes_a_symbol_twice() -> None:
    task = tasks.make("sort:symbols=11")
    batch = task.sample(200, 7, generator("shortcut"))
    answers = task.shortcuts(batch)["next larger symbol"]
    for tokens, found in zip(batch.tokens.tolist(), answers.tolist(), strict=True):
        for place in range(8, 16):
            larger = [symbol for symbol in tokens[1:8] if place == 8 or symbol > tokens[place]]
            assert found[place] == min(larger, default=2)
