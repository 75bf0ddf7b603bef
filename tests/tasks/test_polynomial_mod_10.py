"""Polynomial modulo 10: rows evaluated as Python writes them, and chance by counting."""

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
def test_the_distribution_counts_all_problems(length: int) -> None:
    terms = list(product(range(-3, 4), range(4)))
    values = [
        sum(c * place**e for c, e in polynomial) % 10
        for place in range(-2, 3)
        for polynomial in product(terms, repeat=length)
    ]
    wanted = torch.tensor([values.count(value) / len(values) for value in range(10)], dtype=torch.float64)
    torch.testing.assert_close(PolynomialMod10().values(length), wanted)
    assert PolynomialMod10().chance(length)["exact_match"] == pytest.approx(wanted.max().item())
