"""Count a symbol: by hand, against plain Python, and its test rows."""

from collections import Counter
from math import comb

import numpy as np
import pytest
import torch

from benchmark import tasks
from benchmark.tasks.task import UNSCORED

DIGIT, SYMBOL, EOS = 3, 13, 2


def written(count: int) -> list[int]:
    return [DIGIT + int(digit) for digit in str(count)]


def test_by_hand() -> None:
    prompt = SYMBOL + torch.tensor([[2, 0, 2, 2, 1, 2], [0, 0, 0, 0, 0, 1], [4, 4, 4, 4, 4, 4]])
    assert tasks.make("count-symbol").answer(prompt).tolist() == [written(3), written(0), written(5)]


def test_numbers_of_several_digits_by_hand() -> None:
    string = torch.ones(5, 101, dtype=torch.int64)
    for row, others in enumerate((0, 1, 12, 92, 101)):
        string[row, :others] = 0
    prompt = SYMBOL + torch.cat((string, torch.ones(5, 1, dtype=torch.int64)), dim=1)
    one, zero, eight, nine = DIGIT + 1, DIGIT, DIGIT + 8, DIGIT + 9
    assert tasks.make("count-symbol").answer(prompt).tolist() == [
        [one, zero, one],
        [one, zero, zero],
        [eight, nine, EOS],
        [nine, EOS, EOS],
        [zero, EOS, EOS],
    ]


@pytest.mark.parametrize("length", [1, 7, 11, 131])
def test_many_rows_against_plain_python(problems, length: int) -> None:
    for prompt, answer in problems(tasks.make("count-symbol:symbols=5"), 300, length):
        *string, asked = prompt
        assert answer == written(string.count(asked))
        assert len(string) == length and set(prompt) <= set(range(SYMBOL, SYMBOL + 5))


def expected_counts(length: int) -> list[float]:
    """The binomial probability, averaged over shares from 0 to 1/2 by a quadrature that is exact for polynomials."""
    places, weights = np.polynomial.legendre.leggauss(length + 1)
    shares = (places + 1) / 4
    return [
        comb(length, count) * float(weights @ (shares**count * (1 - shares) ** (length - count))) / 2
        for count in range(length + 1)
    ]


def test_counts_spread_up_to_a_half_and_other_symbols_are_uniform(problems) -> None:
    rows = problems(tasks.make("count-symbol:symbols=3"), 20000, 7)
    counts = Counter(string.count(asked) for *string, asked in (prompt for prompt, _ in rows))
    assert [counts[count] / 20000 for count in range(8)] == pytest.approx(expected_counts(7), abs=0.01)
    others = Counter((symbol - asked) % 3 for *string, asked in (prompt for prompt, _ in rows) for symbol in string)
    assert others[1] / (others[1] + others[2]) == pytest.approx(0.5, abs=0.01)


def test_chance_is_the_share_of_the_most_frequent_count_in_the_test() -> None:
    """By token: of all ways to go on from the digits so far, the most frequent one."""
    task = tasks.make("count-symbol")
    rows = [row for batch in task.evaluation(12) for row in batch.targets.tolist()]
    answers = [tuple(token for token in row if token != UNSCORED) for row in rows]
    following: dict[tuple[int, ...], Counter[int]] = {}
    for answer in answers:
        for place, token in enumerate(answer):
            following.setdefault(answer[:place], Counter())[token] += 1
    right = sum(max(tokens.values()) for tokens in following.values())
    assert task.chance(12) == pytest.approx(
        {
            "token_accuracy": right / sum(map(len, answers)),
            "exact_match": max(Counter(answers).values()) / len(answers),
        }
    )


def test_common_counts_are_tested_equally_often_and_rare_ones_as_drawn() -> None:
    times = Counter(
        tuple(token for token in row if token != UNSCORED)
        for batch in tasks.make("count-symbol").evaluation(10)
        for row in batch.targets.tolist()
    )
    by_count = [times[(*written(count), EOS)] for count in range(10)]
    assert len(set(by_count[:6])) == 1
    assert by_count[5] >= by_count[6] > by_count[7] > by_count[8] > by_count[9] > 0


def test_an_alphabet_of_one_other_is_refused() -> None:
    with pytest.raises(ValueError, match="count-symbol: symbols is 2, but must be at least 3"):
        tasks.make("count-symbol:symbols=2")
