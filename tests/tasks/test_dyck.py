"""Dyck: by hand, against plain Python, and its chance against every sequence of coins."""

from collections import Counter
from itertools import product

import pytest
import torch

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED

OPEN, CLOSE = 1, 2


def test_by_hand() -> None:
    brackets = torch.tensor([[1 if bracket == "(" else 2 for bracket in "(()())("]])
    assert tasks.make("dyck").answer(brackets).tolist() == [[3 + depth for depth in (1, 2, 1, 2, 1, 0, 1)]]


@pytest.mark.parametrize("length", [1, 7, 131])
@pytest.mark.parametrize("most", [2, 3, 5])
def test_many_rows_against_plain_python(most: int, length: int) -> None:
    batch = tasks.make(f"dyck:depth={most}").sample(200, length, generator("golden"))
    deepest = 0
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        depths = [tokens[1 : place + 1].count(OPEN) - tokens[1 : place + 1].count(CLOSE) for place in range(length + 1)]
        assert tokens[0] == 0 and set(tokens[1:]) <= {OPEN, CLOSE}
        assert targets == [UNSCORED, *(3 + depth for depth in depths[1:])]
        assert min(depths) == 0 and max(depths) <= most
        deepest = max(deepest, *depths)
    assert deepest == min(most, length)


def test_a_bracket_opens_as_often_as_it_closes_where_both_may() -> None:
    batch = tasks.make("dyck:depth=3").sample(3000, 31, generator("coins"))
    before, after = batch.targets[:, 1:-1] - 3, batch.targets[:, 2:] - 3
    for depth, opened in ((0, 1.0), (1, 0.5), (2, 0.5), (3, 0.0)):
        assert (after > before)[before == depth].double().mean().item() == pytest.approx(opened, abs=0.02)


@pytest.mark.parametrize(("most", "length"), [(2, 7), (3, 1), (3, 8), (5, 11)])
def test_chance_is_the_mean_over_every_sequence_of_coins(most: int, length: int) -> None:
    rows: Counter[tuple[int, ...]] = Counter()
    for coins in product((-1, 1), repeat=length):
        depths, depth = [], 0
        for coin in coins:
            depth = 1 if depth == 0 else most - 1 if depth == most else depth + coin
            depths.append(depth)
        rows[tuple(depths)] += 1
    places = [Counter[int]() for _ in range(length)]
    for row, times in rows.items():
        for place, depth in enumerate(row):
            places[place][depth] += times
    chance = tasks.make(f"dyck:depth={most}").chance(length)
    likeliest = [max(place.values()) / 2**length for place in places]
    assert chance["token_accuracy"] == pytest.approx(sum(likeliest) / length)
    assert chance["exact_match"] == pytest.approx(max(rows.values()) / 2**length)


def test_a_depth_without_choice_is_refused() -> None:
    with pytest.raises(ValueError, match="dyck: depth is 1, but must be at least 2"):
        tasks.make("dyck:depth=1")


@pytest.mark.parametrize(("most", "length", "opening"), [(2, 7, 2), (3, 8, 1), (3, 9, 8), (5, 11, 4)])
def test_chance_of_the_rest_is_that_of_the_likeliest_depths(most: int, length: int, opening: int) -> None:
    rests: Counter[tuple[int, ...]] = Counter()
    for coins in product((-1, 1), repeat=length):
        depths, depth = [], 0
        for coin in coins:
            depth = 1 if depth == 0 else most - 1 if depth == most else depth + coin
            depths.append(depth)
        rests[tuple(depths[opening:])] += 1
    assert tasks.make(f"dyck:depth={most}").chance_of_rest(length, opening) == pytest.approx(
        max(rests.values()) / 2**length
    )
