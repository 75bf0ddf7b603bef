"""Addition: carries against Python's integers, rows by hand, the operand grid."""

from collections import Counter
from itertools import product

import pytest
import torch

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.addition import Addition, add, halvings
from benchmark.tasks.task import UNSCORED

BOS, SEP, EOS, PLUS, ZERO = 0, 1, 2, 3, 4


def value(digits: list[int], base: int) -> int:
    return sum(digit * base**place for place, digit in enumerate(digits))


@pytest.mark.parametrize("base", [2, 3, 10])
@pytest.mark.parametrize(("first", "second"), [(1, 1), (2, 7), (7, 3), (11, 11), (31, 5)])
def test_the_sum_is_that_of_whole_numbers(base: int, first: int, second: int) -> None:
    draws = generator("add", base, first, second)
    a = torch.randint(base, (300, first), generator=draws)
    b = torch.randint(base, (300, second), generator=draws)
    total = add(a, b, base=base)
    assert total.shape == (300, max(first, second) + 1)
    assert 0 <= int(total.min()) and int(total.max()) < base
    for left, right, digits in zip(a.tolist(), b.tolist(), total.tolist(), strict=True):
        assert value(digits, base) == value(left, base) + value(right, base)


def test_a_carry_runs_through_nines() -> None:
    nines, one = torch.tensor([[9, 9, 9, 9, 0]]), torch.tensor([[1]])
    assert add(nines, one, base=10).tolist() == [[0, 0, 0, 0, 1, 0]]
    assert add(nines, torch.tensor([[0]]), base=10).tolist() == [[9, 9, 9, 9, 0, 0]]
    assert add(torch.tensor([[5, 4, 9]]), torch.tensor([[5, 5, 0]]), base=10).tolist() == [[0, 0, 0, 1]]


def decode(tokens: list[int], reverse: bool) -> int:
    assert all(ZERO <= token < ZERO + 10 for token in tokens)
    text = "".join(str(token - ZERO) for token in tokens)
    return int(text[::-1] if reverse else text)


@pytest.mark.parametrize("reverse", [True, False])
@pytest.mark.parametrize(("first", "second"), [(3, 3), (2, 5), (7, 1)])
def test_rows_ask_for_a_sum_and_targets_give_it(reverse: bool, first: int, second: int) -> None:
    batch = Addition(reversed=reverse).operands(50, first, second, generator("golden"))
    width = max(first, second) + 1
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        a, b = tokens[1 : first + 1], tokens[first + 2 : first + second + 2]
        answer = tokens[first + second + 3 :]
        assert (tokens[0], tokens[first + 1], tokens[first + second + 2], len(answer)) == (BOS, PLUS, SEP, width)
        assert decode(answer, reverse) == decode(a, reverse) + decode(b, reverse)
        assert targets == [UNSCORED] * (first + second + 2) + [*answer, EOS]


def test_the_example_of_the_docstring_is_met() -> None:
    """27 + 95 = 122: by hand, least significant digit first."""
    batch = Addition().sample(100_000, 2, generator("test"))
    asked = [BOS, ZERO + 7, ZERO + 2, PLUS, ZERO + 5, ZERO + 9, SEP]
    met = (batch.tokens[:, : len(asked)] == torch.tensor(asked)).all(dim=1)
    assert met.any()
    assert batch.tokens[met, len(asked) :].unique(dim=0).tolist() == [[ZERO + 2, ZERO + 2, ZERO + 1]]
    assert batch.targets[met].unique(dim=0).tolist() == [[UNSCORED] * 6 + [ZERO + 2, ZERO + 2, ZERO + 1, EOS]]


def test_training_operands_are_equally_long_and_every_digit_is_met_everywhere() -> None:
    batch = tasks.make("addition").sample(2000, 5, generator("test"))
    assert (batch.tokens[:, 6] == PLUS).all()
    for place in (1, 5, 7, 11):
        assert set((batch.tokens[:, place] - ZERO).tolist()) == set(range(10))


def test_no_sum_is_likelier_than_chance_says() -> None:
    sums = [a + b for a in range(100) for b in range(100)]
    chance = Addition().chance(2)
    assert chance["exact_match"] == pytest.approx(max(sums.count(total) for total in set(sums)) / 10**4)
    places = [max(sum(total // ten % 10 == digit for total in sums) for digit in range(10)) for ten in (1, 10, 100)]
    assert chance["token_accuracy"] == pytest.approx((sum(places) / 10**4 + 1) / 4)


def test_halvings_end_at_one() -> None:
    assert halvings(20) == [1, 2, 5, 10, 20]
    assert halvings(1) == [1]


def test_the_field_of_a_row_is_that_of_its_operands() -> None:
    task = tasks.make("addition")
    assert list(task.axes(5).values()) == [((1, 1), (2, 2), (5, 5))] * 2
    for field, (first, second) in enumerate(product((1, 2, 5), repeat=2)):
        batch = task.operands(3, first, second, generator("test"))
        assert set(task.groups(batch, 5).flatten().tolist()) == {field}


@pytest.mark.parametrize("reversed", [True, False])
def test_the_lengths_of_a_run_make_one_whole_grid(reversed: bool) -> None:
    task = Addition(reversed=reversed)
    found = Counter()
    for length in (12, 24, 48):
        sides = [digits for digits, _ in task.axes(length)["first operand (digits)"]]
        for batch in (*task.evaluation(length), *task.views(length, 12)["operands"]):
            for row in task.groups(batch, length)[:, 0].tolist():
                found[sides[row // len(sides)], sides[row % len(sides)]] += 1
    assert set(found) == set(product((3, 6, 12, 24, 48), repeat=2))
    assert {pair for pair, rows in found.items() if rows == 128} == {(12, 12), (24, 24), (48, 48)}
    assert {rows for rows in found.values() if rows != 128} == {8}


@pytest.mark.parametrize("reversed", [True, False])
def test_the_shortcut_is_right_where_nothing_is_carried(reversed: bool) -> None:
    task = Addition(reversed=reversed)
    batch = task.sample(500, 3, generator("shortcut"))
    right = (task.shortcuts(batch)["no carry"] == batch.targets).sum(dim=1) == 5
    carries = (batch.tokens[:, 1:4] + batch.tokens[:, 5:8] - 2 * ZERO > 9).any(dim=1)
    assert right.equal(~carries)
    assert 0 < int(right.sum()) < 500
