"""Count a symbol: by hand, against plain Python, and its chance against every count."""

from collections import Counter
from math import comb

import numpy as np
import pytest
import torch

from benchmark import tasks
from benchmark.tasks.count_symbol import likely_counts

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


def test_chance_by_hand() -> None:
    """The only symbol is the one asked for in a quarter of rows: guess 0, then EOS."""
    assert tasks.make("count-symbol").chance(1) == pytest.approx(
        {"token_accuracy": (3 / 4 + 1) / 2, "exact_match": 3 / 4}
    )


def test_chance_of_a_longer_string() -> None:
    """Counts up to 12: guess the digit 1, then EOS, its most frequent successor; after other digits EOS is certain."""
    counts = expected_counts(12)
    ones, two_digits = counts[1] + sum(counts[10:]), sum(counts[10:])
    right = ones + (counts[1] + two_digits) + (1 - ones)
    chance = tasks.make("count-symbol").chance(12)
    assert chance == pytest.approx({"token_accuracy": right / (2 + two_digits), "exact_match": counts[0]})


@pytest.mark.parametrize("length", [2, 7, 31])
def test_counts_are_as_likely_as_the_quadrature_says(length: int) -> None:
    assert likely_counts(length) == pytest.approx(expected_counts(length))


def test_an_alphabet_of_one_other_is_refused() -> None:
    with pytest.raises(ValueError, match="count-symbol: symbols is 2, but must be at least 3"):
        tasks.make("count-symbol:symbols=2")
