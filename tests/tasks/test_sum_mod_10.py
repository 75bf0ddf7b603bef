"""Sum modulo 10: rows added up by hand, and chance by all sums."""

from itertools import product

import pytest
import torch

from benchmark.seeds import generator
from benchmark.tasks.sum_mod_10 import SumMod10
from benchmark.tasks.task import UNSCORED

BOS, SEP, EOS, PLUS, ZERO = 0, 1, 2, 3, 4


def test_an_answer_by_hand() -> None:
    prompt = torch.tensor([[ZERO + 7, PLUS, ZERO + 5, PLUS, ZERO + 9], [ZERO + 3, PLUS, ZERO + 3, PLUS, ZERO + 4]])
    assert SumMod10().answer(prompt).tolist() == [[ZERO + 1], [ZERO]]


@pytest.mark.parametrize("length", [1, 2, 7])
def test_rows_ask_for_a_sum_and_targets_give_it(length: int) -> None:
    batch = SumMod10().sample(100, length, generator("golden"))
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        bos, *prompt, sep, answer = tokens
        digits = [token - ZERO for token in prompt[::2]]
        assert (bos, sep, prompt[1::2]) == (BOS, SEP, [PLUS] * (length - 1))
        assert len(digits) == length and all(1 <= digit <= 9 for digit in digits)
        assert answer == ZERO + sum(digits) % 10
        assert targets == [UNSCORED] * (2 * length) + [answer, EOS]


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_chance_is_one_in_the_possible_sums(length: int) -> None:
    sums = {sum(digits) % 10 for digits in product(range(1, 10), repeat=length)}
    chance = SumMod10().chance(length)
    assert chance["exact_match"] == pytest.approx(1 / len(sums))
    assert chance["token_accuracy"] == pytest.approx((1 / len(sums) + 1) / 2)
