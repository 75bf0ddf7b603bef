"""Abacus against counting digit by digit."""

import math

import pytest
import torch
from oracle import agree, both_precisions, draw

from benchmark.encodings import make
from benchmark.encodings.encoding import PastEndError, Shape

DIGITS = (3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
SHAPE = Shape(width=7, heads=1, layers=2, train_length=11, digits=DIGITS)


def count(row: list[int]) -> list[int]:
    """The place of each digit inside its number, from 1; 0 elsewhere."""
    places, run = [], 0
    for token in row:
        run = run + 1 if token in DIGITS else 0
        places.append(run)
    return places


def test_places_of_a_sum_written_by_hand() -> None:
    """BOS 21 + 9 SEP 03 EOS, least significant digit first; ids: BOS 0, SEP 1, EOS 2, + 13, digit d 3 + d."""
    row = [0, 5, 4, 13, 12, 1, 3, 6, 2]
    wanted = [0, 1, 2, 0, 1, 0, 1, 2, 0]
    assert count(row) == wanted
    assert make("abacus", SHAPE).positions(torch.tensor([row])).tolist() == [wanted]


@pytest.mark.parametrize("length", [0, 1, 2, 29])
def test_places_are_counted_in_every_row(length: int) -> None:
    tokens = torch.randint(0, 15, (13, length), generator=torch.Generator().manual_seed(length))
    assert make("abacus", SHAPE).positions(tokens).tolist() == [count(row) for row in tokens.tolist()]


def test_in_training_all_places_shift_by_one_offset_drawn_below_the_limit() -> None:
    tokens = torch.tensor([[5, 0, 4, 4], [0, 0, 12, 12]])
    generator, plain = torch.Generator().manual_seed(0), torch.tensor([[1, 0, 1, 2], [0, 0, 1, 2]])
    shifts = []
    for _ in range(200):
        places = make("abacus:offset=5", SHAPE).positions(tokens, generator)
        moved = (places - plain)[plain > 0].unique()
        assert moved.numel() == 1
        assert (places[plain == 0] == 0).all()
        shifts.append(moved.item())
    assert set(shifts) == {0, 1, 2, 3, 4}


@both_precisions
def test_embeddings_and_their_gradients_are_the_formula(dtype: torch.dtype, tolerance: float) -> None:
    encoding = make("abacus", SHAPE).to(dtype)
    tokens = torch.tensor([[0, 5, 4, 13, 12], [3, 3, 3, 1, 7]])
    x = draw(2, 5, 7, dtype=dtype)
    ours = encoding.embed(x, encoding.positions(tokens))
    rows = []
    for row, given in zip(tokens.tolist(), x, strict=True):
        for place, vector in zip(count(row), given, strict=True):
            rows.append(vector + encoding.table[place - 1] * math.sqrt(7) if place else vector)
    theirs = torch.stack(rows).view(2, 5, 7)
    agree(ours, theirs, (x, encoding.table), tolerance)


def test_a_number_with_more_digits_than_rows_is_past_the_end() -> None:
    encoding = make("abacus:offset=2", SHAPE)
    assert len(encoding.table) == 13
    longest = torch.full((1, 13), 3)
    assert encoding.embed(torch.zeros(1, 13, 7), encoding.positions(longest)).isfinite().all()
    with pytest.raises(PastEndError, match="abacus: position 14 is past the end of 13 places"):
        encoding.embed(torch.zeros(1, 14, 7), encoding.positions(torch.full((1, 14), 3)))


def test_a_task_without_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match="abacus: the task writes no numbers"):
        make("abacus", Shape(width=7, heads=1, layers=1, train_length=11))


def test_an_offset_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="abacus: offset is 0"):
        make("abacus:offset=0", SHAPE)
