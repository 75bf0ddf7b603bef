"""Cycle navigation: walks followed step by step, and chance by the ends of all walks."""

from itertools import product

import pytest
import torch

from benchmark.seeds import generator
from benchmark.tasks.cycle_navigation import BACK, HOME, ON, STAY, CycleNavigation
from benchmark.tasks.task import UNSCORED

BOS, SEP, EOS = 0, 1, 2
STEP = {BACK: -1, STAY: 0, ON: 1}


def test_an_answer_by_hand() -> None:
    prompt = torch.tensor([[ON, ON, STAY, BACK, ON, ON, ON], [BACK, BACK, ON, STAY, BACK, STAY, STAY]])
    assert CycleNavigation().answer(prompt).tolist() == [[HOME + 4], [HOME + 3]]


@pytest.mark.parametrize("length", [1, 7, 31])
def test_rows_show_a_walk_and_targets_its_end(length: int) -> None:
    batch = CycleNavigation().sample(100, length, generator("golden"))
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        bos, *moves, sep, answer = tokens
        place = 0
        for move in moves:
            place = range(5)[(place + STEP[move]) % 5]
        assert (bos, sep, len(moves), answer) == (BOS, SEP, length, HOME + place)
        assert targets == [UNSCORED] * (length + 1) + [answer, EOS]


@pytest.mark.parametrize("length", [1, 2, 3, 7])
def test_chance_is_one_in_the_places_within_reach(length: int) -> None:
    ends = {sum(moves) % 5 for moves in product((-1, 0, 1), repeat=length)}
    chance = CycleNavigation().chance(length)
    assert chance["exact_match"] == pytest.approx(1 / len(ends))
    assert chance["token_accuracy"] == pytest.approx((chance["exact_match"] + 1) / 2)
