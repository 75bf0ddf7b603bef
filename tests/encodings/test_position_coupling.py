"""Position coupling against the ids of a sum written by hand, and counting digit by digit."""

import math

import pytest
import torch
from oracle import agree, both_precisions, draw

from benchmark.encodings import make
from benchmark.encodings.encoding import PastEndError, Shape
from benchmark.tasks import make as make_task

DIGITS = (3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
SHAPE = Shape(width=7, heads=1, layers=2, train_length=11, digits=DIGITS)


def ids(row: list[int], start: int = 1) -> list[int]:
    """Each digit's significance plus start + 1; start right after a number; 0 elsewhere."""
    found, run = [], 0
    for token in row:
        ended = run > 0 and token not in DIGITS
        run = run + 1 if token in DIGITS else 0
        found.append(start + run if run or ended else 0)
    return found


def test_ids_of_a_sum_written_by_hand() -> None:
    """BOS 356 + 94 SEP 207, least significant digit first: 653 + 49 = 702, the paper's example; digit d is 3 + d."""
    row = [0, 6, 8, 9, 13, 12, 7, 1, 5, 3, 10]
    wanted = [0, 2, 3, 4, 1, 2, 3, 1, 2, 3, 4]
    assert ids(row) == wanted
    assert make("position-coupling", SHAPE).positions(torch.tensor([row])).tolist() == [wanted]


def test_digits_of_one_significance_share_an_id_in_the_task_itself() -> None:
    task = make_task("addition")
    tokens = task.operands(5, 7, 3, torch.Generator().manual_seed(0)).tokens
    shape = Shape(width=7, heads=1, layers=1, train_length=task.tokens(7), digits=task.digits)
    for row in make("position-coupling", shape).positions(tokens).tolist():
        units, tens = 2, 3
        assert row[1:9] == [units, tens, 4, 5, 6, 7, 8, 1]
        assert row[9:13] == [units, tens, 4, 1]
        assert row[13:] == [units, tens, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("length", [0, 1, 2, 29])
def test_ids_are_counted_in_every_row(length: int) -> None:
    tokens = torch.randint(0, 15, (13, length), generator=torch.Generator().manual_seed(length))
    assert make("position-coupling", SHAPE).positions(tokens).tolist() == [ids(row) for row in tokens.tolist()]


def test_in_training_each_row_starts_at_an_id_of_its_own() -> None:
    tokens = torch.tensor([[5, 0, 4, 4], [0, 0, 12, 12]])
    encoding, generator, starts = make("position-coupling:offset=5", SHAPE), torch.Generator().manual_seed(0), []
    for _ in range(200):
        places = encoding.positions(tokens, generator)
        own = [int(places[0, 1]), int(places[1, 2]) - 1]
        assert places.tolist() == [ids(row, start) for row, start in zip(tokens.tolist(), own, strict=True)]
        starts.append(own)
    assert {start for own in starts for start in own} == {1, 2, 3, 4, 5}
    assert any(first != second for first, second in starts)


@both_precisions
def test_embeddings_and_their_gradients_are_the_formula(dtype: torch.dtype, tolerance: float) -> None:
    encoding = make("position-coupling", SHAPE).to(dtype)
    tokens = torch.tensor([[0, 5, 4, 13, 12], [3, 3, 3, 1, 7]])
    x = draw(2, 5, 7, dtype=dtype)
    rows = [
        vector + encoding.table[own] * math.sqrt(7)
        for row, given in zip(tokens.tolist(), x, strict=True)
        for own, vector in zip(ids(row), given, strict=True)
    ]
    theirs = torch.stack(rows).view(2, 5, 7)
    agree(encoding.embed(x, encoding.positions(tokens)), theirs, (x, encoding.table), tolerance)


def test_a_number_with_more_digits_than_rows_is_past_the_end() -> None:
    encoding = make("position-coupling:offset=2", SHAPE)
    assert len(encoding.table) == 14
    longest = torch.full((1, 12), 3)
    assert encoding.embed(torch.zeros(1, 12, 7), encoding.positions(longest)).isfinite().all()
    with pytest.raises(PastEndError, match="position-coupling: position 14 is past the end of 14 positions"):
        encoding.embed(torch.zeros(1, 13, 7), encoding.positions(torch.full((1, 13), 3)))


def test_a_task_without_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match="position-coupling: the task writes no numbers"):
        make("position-coupling", Shape(width=7, heads=1, layers=1, train_length=11))


def test_an_offset_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="position-coupling: offset is 0"):
        make("position-coupling:offset=0", SHAPE)
