"""Polynomial modulo 10: rows evaluated as Python writes them, and chance by all values."""

from itertools import product

import pytest
import torch

from benchmark.seeds import generator
from benchmark.tasks.polynomial_mod_10 import AT, PLUS, ZERO, PolynomialMod10, X
from benchmark.tasks.task import UNSCORED

BOS, SEP, EOS = 0, 1, 2
SPELLING = {AT: ":", PLUS: "+", X: "*x**", **{ZERO + number: f"({number})" for number in range(-3, 10)}}


def test_an_answer_by_hand() -> None:
    """At 2: 3 x**2 - x**0 = 11. At -2: -3 x**3 + x**1 = 22. At 0: 2 x**0 + 3 x**3 = 2."""
    prompts = [
        [ZERO + 2, AT, ZERO + 3, X, ZERO + 2, PLUS, ZERO - 1, X, ZERO],
        [ZERO - 2, AT, ZERO - 3, X, ZERO + 3, PLUS, ZERO + 1, X, ZERO + 1],
        [ZERO, AT, ZERO + 2, X, ZERO, PLUS, ZERO + 3, X, ZERO + 3],
    ]
    assert PolynomialMod10().answer(torch.tensor(prompts)).tolist() == [[ZERO + 1], [ZERO + 2], [ZERO + 2]]


@pytest.mark.parametrize("length", [1, 2, 7])
def test_rows_ask_for_a_value_and_targets_give_it(length: int) -> None:
    batch = PolynomialMod10().sample(200, length, generator("golden"))
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        bos, *prompt, sep, answer = tokens
        place, polynomial = "".join(SPELLING[token] for token in prompt).split(":")
        assert (bos, sep, polynomial.count("x")) == (BOS, SEP, length)
        assert answer == ZERO + eval(polynomial, {"x": eval(place)}) % 10
        assert targets == [UNSCORED] * (4 * length + 2) + [answer, EOS]


def test_numbers_fill_their_ranges() -> None:
    numbers = PolynomialMod10().sample(300, 3, generator("ranges")).tokens - ZERO
    ranges = [(1, range(-2, 3)), (3, range(-3, 4)), (5, range(4)), (11, range(-3, 4)), (13, range(4))]
    assert all(set(numbers[:, column].tolist()) == set(wanted) for column, wanted in ranges)


@pytest.mark.parametrize("length", [1, 2])
def test_chance_is_one_in_the_possible_values(length: int) -> None:
    terms = list(product(range(-3, 4), range(4)))
    values = {
        sum(c * place**e for c, e in polynomial) % 10
        for place in range(-2, 3)
        for polynomial in product(terms, repeat=length)
    }
    assert PolynomialMod10().chance(length)["exact_match"] == pytest.approx(1 / len(values))


def test_the_sum_of_the_coefficients_is_right_at_the_point_one() -> None:
    batch = PolynomialMod10().sample(500, 3, generator("shortcut"))
    answers = PolynomialMod10().shortcuts(batch)["sum of the coefficients"]
    for tokens, answer in zip(batch.tokens.tolist(), answers.tolist(), strict=True):
        assert answer[-2:] == [ZERO + sum(token - ZERO for token in (tokens[3], tokens[7], tokens[11])) % 10, EOS]
    at_one = batch.tokens[:, 1] == ZERO + 1
    assert (answers == batch.targets)[at_one, -2:].all()
    assert not (answers == batch.targets)[~at_one, -2].all()
