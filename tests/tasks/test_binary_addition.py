"""Binary addition: rows read by Python's integers, and chance by counting."""

from itertools import product

import pytest

from benchmark.seeds import generator
from benchmark.tasks.binary_addition import BinaryAddition
from benchmark.tasks.task import UNSCORED

BOS, SEP, EOS, PLUS, ZERO = 0, 1, 2, 3, 4


def value(tokens: list[int]) -> int:
    return sum({ZERO: 0, ZERO + 1: 1}[token] << place for place, token in enumerate(tokens))


@pytest.mark.parametrize("length", [3, 5, 7, 31, 101])
def test_rows_ask_for_a_sum_and_targets_give_it(length: int) -> None:
    batch = BinaryAddition().sample(100, length, generator("golden"))
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        prompt, answer = tokens[1 : length + 1], tokens[length + 2 :]
        assert (tokens[0], tokens[length + 1], len(answer)) == (BOS, SEP, length - 1)
        plus = prompt.index(PLUS)
        assert value(answer) == value(prompt[:plus]) + value(prompt[plus + 1 :])
        assert targets == [UNSCORED] * (length + 1) + [*answer, EOS]


def test_the_plus_stands_everywhere_between_two_bits() -> None:
    batch = BinaryAddition().sample(500, 7, generator("test"))
    assert {row.index(PLUS) for row in batch.tokens[:, 1:].tolist()} == {1, 2, 3, 4, 5}


def test_the_example_of_the_docstring_is_met() -> None:
    zero, one = ZERO, ZERO + 1
    rows = BinaryAddition().sample(2000, 5, generator("test")).tokens.tolist()
    answers = {tuple(row[7:]) for row in rows if row[1:6] == [one, one, zero, PLUS, one]}
    assert answers == {(zero, zero, one, zero)}


@pytest.mark.parametrize("length", [3, 4, 7])
def test_chance_counts_all_problems(length: int) -> None:
    bits = length - 1
    sums = [
        value([ZERO + bit for bit in row[:first]]) + value([ZERO + bit for bit in row[first:]])
        for first in range(1, bits)
        for row in product((0, 1), repeat=bits)
    ]
    chance = BinaryAddition().chance(length)
    assert chance["exact_match"] == pytest.approx(max(map(sums.count, set(sums))) / len(sums))
    ones = [sum(total >> place & 1 for total in sums) for place in range(bits)]
    right = sum(max(count, len(sums) - count) for count in ones)
    assert chance["token_accuracy"] == pytest.approx((right / len(sums) + 1) / length)


def test_the_shortcut_is_right_where_nothing_is_carried() -> None:
    batch = BinaryAddition().sample(500, 7, generator("shortcut"))
    answers = BinaryAddition().shortcuts(batch)["no carry"]
    right = 0
    for tokens, found in zip(batch.tokens.tolist(), answers.tolist(), strict=True):
        plus = tokens.index(PLUS)
        a, b = value(tokens[1:plus]), value(tokens[plus + 1 : 8])
        assert value(found[8:-1]) == a ^ b and found[-1] == EOS
        right += a & b == 0
    assert 0 < right < 500
