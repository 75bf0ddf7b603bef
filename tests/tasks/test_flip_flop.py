"""Flip-flop: rows by hand, and what is drawn, against a machine that reads them one by one."""

import itertools
import math

import pytest
import torch

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.flip_flop import IGNORE, READ, WRITE
from benchmark.tasks.task import UNSCORED


def test_rows_by_hand() -> None:
    """w 1, i 0, i 0, r 1, w 0, r: the bits given for reads are not used."""
    instructions = torch.tensor([[WRITE, IGNORE, IGNORE, READ, WRITE, READ]])
    batch = tasks.make("flip-flop").rows(instructions, torch.tensor([[1, 0, 0, 0, 0, 1]]))
    assert batch.tokens.tolist() == [[2, 1, 3, 0, 3, 0, 4, 1, 2, 0, 4]]
    expected = [UNSCORED] * 11
    expected[6], expected[10] = 1, 0
    assert batch.targets.tolist() == [expected]


@pytest.mark.parametrize("ignore", [0.0, 0.1, 0.8, 1.0])
def test_rows_drawn_are_those_of_a_machine_with_one_bit_of_memory(ignore: float) -> None:
    batch = tasks.make(f"flip-flop:ignore={ignore}").sample(211, 13, generator("golden"))
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        assert tokens[0] == WRITE and tokens[-1] == READ
        memory = None
        for instruction, target, bit in zip(tokens[::2], targets[::2], [*tokens[1::2], None], strict=True):
            assert bit in (0, 1, None)
            if instruction == WRITE:
                memory = bit
            assert target == (memory if instruction == READ else UNSCORED)
            assert instruction != READ or bit in (memory, None)
        assert targets[1::2] == [UNSCORED] * 12


def test_instructions_have_the_requested_shares() -> None:
    batch = tasks.make("flip-flop:ignore=0.5").sample(2003, 13, generator("golden"))
    inner = batch.tokens[:, 2:-1:2]
    for instruction, share in ((WRITE, 0.25), (IGNORE, 0.5), (READ, 0.25)):
        assert (inner == instruction).double().mean().item() == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize("length", [2, 3, 5])
def test_chance_of_all_reads_is_that_of_a_coin_for_each_bit_that_is_read(length: int) -> None:
    """Summed over all sequences of instructions, weighted by their probabilities."""
    shares, expected = {WRITE: 0.15, IGNORE: 0.7, READ: 0.15}, 0.0
    for inner in itertools.product(shares, repeat=length - 2):
        probability, reads, unread = 1.0, 0, True
        for instruction in (*inner, READ):
            reads += unread and instruction == READ
            unread = instruction == WRITE or (unread and instruction == IGNORE)
        for instruction in inner:
            probability *= shares[instruction]
        expected += probability * 0.5**reads
    assert tasks.make("flip-flop:ignore=0.7").chance(length)["exact_match"] == pytest.approx(expected)


def test_the_lag_is_that_of_the_last_write() -> None:
    task = tasks.make("flip-flop")
    # w i r w r: reads at places 4 and 8, writes at places 0 and 6
    instructions = torch.tensor([[2, 3, 4, 2, 4]])
    batch = task.rows(instructions, torch.tensor([[1, 0, 0, 0, 0]]))
    assert task.groups(batch, 5)[0, [4, 8]].tolist() == [2, 1]  # lags 4 and 2
    assert task.axes(5)["lag (tokens)"][-1] == (9, 16)


def test_the_shortcut_is_the_bit_before_a_read() -> None:
    task = tasks.make("flip-flop")
    batch = task.rows(torch.tensor([[WRITE, IGNORE, READ, READ, IGNORE, READ]]), torch.tensor([[1, 0, 0, 0, 0, 0]]))
    answers = task.shortcuts(batch)["bit just before"]
    assert answers[batch.targets != UNSCORED].tolist() == [0, 1, 0]  # the bits 1 0 1 1 0 stand before reads 3, 4 and 6


@pytest.mark.parametrize(("length", "opening"), [(3, 2), (6, 2), (6, 4), (7, 6)])
def test_chance_of_the_rest_is_that_of_a_coin_for_each_bit_read_past_the_opening(length: int, opening: int) -> None:
    """Summed over all sequences of instructions; a bit that was read in the opening still has to be guessed."""
    shares, expected = {WRITE: 0.15, IGNORE: 0.7, READ: 0.15}, 0.0
    for inner in itertools.product(shares, repeat=length - 2):
        row, writes, coins = (WRITE, *inner, READ), 0, set()
        for place, instruction in enumerate(row):
            writes += instruction == WRITE
            if instruction == READ and place >= opening:
                coins.add(writes)
        expected += 0.5 ** len(coins) * math.prod(shares[instruction] for instruction in inner)
    assert tasks.make("flip-flop:ignore=0.7").chance_of_rest(length, opening) == pytest.approx(expected)
