"""LEGO: chains followed clause by clause, also where names recur."""

import pytest
import torch

from benchmark.seeds import generator
from benchmark.tasks.lego import FIRST_NAME, MINUS, ONE, PLUS, Lego
from benchmark.tasks.task import UNSCORED

BOS, SEP, EOS = 0, 1, 2


def test_rows_by_hand() -> None:
    a, b, c = FIRST_NAME, FIRST_NAME + 1, FIRST_NAME + 2
    chain = [c, MINUS, ONE, a, PLUS, c, b, MINUS, a]  # c = -1, a = c, b = -a
    again = [c, MINUS, ONE, a, PLUS, c, c, MINUS, a]  # c = -1, a = c, c = -a
    variables = torch.tensor([[c, a, b], [c, a, b], [c, a, b], [c, a, c]])
    signs = torch.tensor([[MINUS, PLUS, MINUS]] * 4)
    batch = Lego().rows(variables, signs, torch.tensor([[0], [1], [2], [2]]))
    assert batch.tokens.tolist() == [
        [BOS, *chain, c, SEP, MINUS],
        [BOS, *chain, a, SEP, MINUS],
        [BOS, *chain, b, SEP, PLUS],
        [BOS, *again, c, SEP, PLUS],
    ]
    assert batch.targets[:, -2:].tolist() == [[MINUS, EOS], [MINUS, EOS], [PLUS, EOS], [PLUS, EOS]]


@pytest.mark.parametrize(("names", "length"), [(11, 2), (11, 3), (11, 11), (5, 31), (2, 7)])
def test_rows_show_a_chain_and_targets_the_sign_that_is_asked_for(names: int, length: int) -> None:
    batch = Lego(names=names).sample(200, length, generator("golden"))
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        bos, *clauses, asked, sep, answer = tokens
        values, source, depths = {ONE: 1}, ONE, {}
        for depth in range(length):
            variable, sign, of = clauses[3 * depth : 3 * depth + 3]
            assert of == source and FIRST_NAME <= variable < FIRST_NAME + names
            values[variable] = values[of] * {PLUS: 1, MINUS: -1}[sign]
            source, depths[variable] = variable, depth
        assert (bos, sep, len(depths)) == (BOS, SEP, min(names, length))
        assert depths[asked] >= length / 2
        assert answer == {1: PLUS, -1: MINUS}[values[asked]]
        assert targets == [UNSCORED] * (3 * length + 2) + [answer, EOS]


def test_every_variable_of_the_second_half_is_asked_for() -> None:
    tokens = Lego().sample(500, 7, generator("asked")).tokens
    variables, asked = tokens[:, 1:-3:3], tokens[:, -3, None]
    assert set((variables == asked).nonzero()[:, 1].tolist()) == {4, 5, 6}
