"""SHAPE: the distribution of its offsets, RoPE and sinusoids at shifted positions by hand, and refusals."""

import math

import pytest
import torch
from oracle import agree, both_precisions, draw

from benchmark.encodings import make
from benchmark.encodings.encoding import Shape

SHAPE = Shape(width=7, heads=1, layers=2, train_length=11)
TOKENS = torch.zeros(13, 11, dtype=torch.int64)


def draws(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_in_training_each_row_shifts_as_a_whole_by_an_offset_of_its_own() -> None:
    encoding, generator, seen = make("shape:shift=4", SHAPE), draws(0), []
    for _ in range(200):
        places = encoding.positions(TOKENS, generator)
        assert places.shape == TOKENS.shape
        assert (places.diff() == 1).all()
        seen.append(places[:, 0])
    counts = torch.stack(seen).flatten().bincount() / 2600
    assert counts.shape == (5,)  # 0 to 4, with three standard deviations of .0235
    assert (counts - 0.2).abs().max() < 0.0235
    assert any(len(offsets.unique()) > 1 for offsets in seen)


def test_at_test_time_nothing_is_shifted() -> None:
    assert make("shape", SHAPE).positions(TOKENS).tolist() == [list(range(11))]


@both_precisions
def test_shifted_sinusoids_are_added(dtype: torch.dtype, tolerance: float) -> None:
    encoding, x = make("shape:shift=29", SHAPE), draw(2, 11, 7, dtype=dtype)
    places = encoding.positions(TOKENS[:2], draws(3))
    rows = [
        [
            [(math.cos if c % 2 else math.sin)(place / 10000 ** ((c - c % 2) / 7)) for c in range(7)]
            for place in range(first, first + 11)
        ]
        for first in places[:, 0].tolist()
    ]
    exact = places.double() if dtype == torch.float64 else places
    agree(encoding.embed(x, exact), x + torch.tensor(rows, dtype=dtype), (x,), tolerance)


def test_a_table_of_its_base_has_a_row_for_every_shifted_position() -> None:
    encoding = make("shape:base=learned:shift=5", SHAPE)
    assert len(encoding.inner.table) == encoding.max_length == 16
    last = encoding.embed(torch.zeros(1, 1, 7), torch.tensor([[15]]))
    torch.testing.assert_close(last[0, 0], encoding.inner.table[15] * math.sqrt(7))


@pytest.mark.parametrize("base", ["randomized", "abacus", "pi"])
def test_a_base_with_positions_of_its_own_is_refused(base: str) -> None:
    shape = Shape(width=6, heads=1, layers=1, train_length=11, digits=(1, 2))
    with pytest.raises(ValueError, match=f"shape: base is '{base}', but must be an encoding that is trained on plain"):
        make(f"shape:base={base}", shape)


def test_a_shift_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="shape: shift is 0, but must be at least 1"):
        make("shape:shift=0", SHAPE)
