"""Modular arithmetic: rows evaluated as Python reads them, expressions by hand, and chance by all values."""

from collections import Counter
from itertools import permutations, product

import pytest
import torch

from benchmark.seeds import generator
from benchmark.tasks.modular_arithmetic import (
    CLOSE,
    MINUS,
    OPEN,
    PLUS,
    TIMES,
    ZERO,
    ModularArithmetic,
    joined,
    value,
    written,
    written_with_brackets,
)
from benchmark.tasks.task import UNSCORED

BOS, SEP, EOS = 0, 1, 2
SPELLING = {PLUS: "+", MINUS: "-", TIMES: "*", OPEN: "(", CLOSE: ")", **{ZERO + d: str(d) for d in range(5)}}


def spelled(tokens: list[int]) -> str:
    return "".join(SPELLING[token] for token in tokens)


@pytest.mark.parametrize("brackets", [False, True])
@pytest.mark.parametrize("length", [1, 2, 7, 31])
def test_rows_show_an_expression_and_targets_its_value(brackets: bool, length: int) -> None:
    task = ModularArithmetic(brackets=brackets)
    batch = task.sample(100, length, generator("golden"))
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        bos, *prompt, sep, answer = tokens
        text = spelled(prompt)
        assert (bos, sep) == (BOS, SEP)
        assert sum(map(text.count, "01234")) == length
        assert text.count("(") == text.count(")") == (length - 1 if brackets else 0)
        assert answer == ZERO + eval(text) % 5
        assert targets == [UNSCORED] * (len(prompt) + 1) + [answer, EOS]


def test_expressions_by_hand() -> None:
    """1 - 2 * 4 = -7, and 0 * 1 + 3 = 3."""
    numbers, operators = torch.tensor([[1, 2, 4], [0, 1, 3]]), torch.tensor([[MINUS, TIMES], [TIMES, PLUS]])
    assert [spelled(row) for row in written(numbers, operators).tolist()] == ["1-2*4", "0*1+3"]
    assert value(numbers, operators).tolist() == [[3], [3]]


@pytest.mark.parametrize(
    ("order", "text", "result"),
    [
        ([0, 1, 2], "(((1-2)*4)+3)", 4),
        ([0, 2, 1], "((1-2)*(4+3))", 3),
        ([2, 0, 1], "((1-2)*(4+3))", 3),
        ([1, 0, 2], "((1-(2*4))+3)", 1),
        ([1, 2, 0], "(1-((2*4)+3))", 0),
        ([2, 1, 0], "(1-(2*(4+3)))", 2),
    ],
)
def test_brackets_follow_the_order_of_the_operations(order: list[int], text: str, result: int) -> None:
    numbers, operators = torch.tensor([[1, 2, 4, 3]]), torch.tensor([[MINUS, TIMES, PLUS]])
    got, begun, ended = joined(numbers, operators, torch.tensor([order]))
    assert spelled(written_with_brackets(numbers, operators, begun, ended)[0].tolist()) == text
    assert got.tolist() == [[result]]


def test_the_last_operation_is_equally_often_each() -> None:
    """Of the 24 orders of four operations, six end with each: a uniform order splits an expression uniformly."""
    rows = ModularArithmetic(brackets=True).sample(4000, 5, generator("split")).tokens[:, 1:-2].tolist()
    left = Counter(_numbers_left_of_the_last_operation(spelled(row)) for row in rows)
    assert set(left) == {1, 2, 3, 4}
    assert all(count == pytest.approx(1000, abs=4 * (4000 * 0.25 * 0.75) ** 0.5) for count in left.values())


def _numbers_left_of_the_last_operation(text: str) -> int:
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 1 and character in "+-*":
            return sum(map(text[:place].count, "01234"))
    raise AssertionError(text)


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("brackets", [False, True])
def test_every_value_is_possible_so_chance_is_one_in_five(brackets: bool, length: int) -> None:
    values = set()
    for numbers in product(range(5), repeat=length):
        for operators in product("+-*", repeat=length - 1):
            orders = permutations(range(length - 1)) if brackets else ()
            values |= {_reduced(numbers, operators, order) for order in orders} or {eval(_text(numbers, operators)) % 5}
    assert ModularArithmetic(brackets=brackets).chance(length)["exact_match"] == pytest.approx(1 / len(values))


def _text(numbers: tuple[int, ...], operators: tuple[str, ...]) -> str:
    return "".join(f"{number}{operator}" for number, operator in zip(numbers, (*operators, ""), strict=True))


def _reduced(numbers: tuple[int, ...], operators: tuple[str, ...], order: tuple[int, ...]) -> int:
    """The value if operators are applied in this order: each replaces its neighbours by one bracketed text."""
    pieces = [str(number) for number in numbers]
    left = list(range(len(operators)))
    for operator in order:
        place = left.index(operator)
        pieces[place : place + 2] = [f"({pieces[place]}{operators[operator]}{pieces[place + 1]})"]
        left.remove(operator)
    return eval(pieces[0]) % 5
