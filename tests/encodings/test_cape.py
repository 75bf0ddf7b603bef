"""CAPE: the law of each augmentation, sinusoids at continuous positions by hand, and refusals."""

import math

import pytest
import torch
from oracle import agree, both_precisions, draw

from benchmark.encodings import make
from benchmark.encodings.encoding import Shape

SHAPE = Shape(width=7, heads=1, layers=2, train_length=11)
TOKENS = torch.zeros(2003, 11, dtype=torch.int64)
STILL = {"shift": 0, "jitter": 0, "stretch": 1}


def sampled(**values: float) -> torch.Tensor:
    """Positions of many rows in training, with only the augmentations given."""
    settings = ":".join(f"{name}={value}" for name, value in (STILL | values).items())
    return make(f"cape:{settings}", SHAPE).positions(TOKENS, torch.Generator().manual_seed(0)).double()


def hold_uniform(values: torch.Tensor, limit: float) -> None:
    """The share of values below each of seven marks is that of U(-limit, limit), to four standard deviations."""
    assert values.abs().max() <= limit
    for mark in range(1, 8):
        share = (values.flatten() < limit * (mark / 4 - 1)).double().mean().item()
        assert share == pytest.approx(mark / 8, abs=4 * math.sqrt(1 / 4 / values.numel()))


def test_the_shift_is_one_uniform_draw_per_row() -> None:
    moved = sampled(shift=5) - torch.arange(11)
    assert (moved.amax(1) - moved.amin(1)).max() < 1e-5
    hold_uniform(moved[:, 0], 5)


def test_the_jitter_is_one_uniform_draw_per_token_and_keeps_the_order() -> None:
    places = sampled(jitter=0.5)
    moved = places - torch.arange(11)
    hold_uniform(moved, 0.5)
    assert torch.corrcoef(moved.T).fill_diagonal_(0).abs().max() < 4 / math.sqrt(2003)
    assert (places.diff() > 0).all()


def test_the_stretch_is_one_factor_per_row_whose_logarithm_is_uniform() -> None:
    factors = sampled(stretch=2)[:, 1:] / torch.arange(1, 11)
    assert (factors.amax(1) - factors.amin(1)).max() < 1e-5
    hold_uniform(factors[:, 0].log(), math.log(2) + 1e-6)


def test_positions_are_stretched_after_they_are_shifted() -> None:
    """At position 0 the spread of a shift by 5 and a stretch by 2 is that of their product."""
    first = sampled(shift=5, stretch=2)[:, 0]
    assert 8 < first.abs().max() < 10
    unstretched = sampled(shift=5)[:, 0]  # the same draws
    hold_uniform((first / unstretched).log(), math.log(2) + 1e-5)


def test_rows_are_not_augmented_at_test_time() -> None:
    assert make("cape", SHAPE).positions(TOKENS[:3]).tolist() == [list(range(11))]


@both_precisions
def test_sinusoids_of_continuous_positions_are_added(dtype: torch.dtype, tolerance: float) -> None:
    encoding, x = make("cape:base=97", SHAPE), draw(2, 11, 7, dtype=dtype)
    places = encoding.positions(TOKENS[:2], torch.Generator().manual_seed(3)).to(dtype)
    assert (places % 1).count_nonzero() == 22
    rows = [
        [[(math.cos if c % 2 else math.sin)(place / 97 ** ((c - c % 2) / 7)) for c in range(7)] for place in row]
        for row in places.tolist()
    ]
    agree(encoding.embed(x, places), x + torch.tensor(rows, dtype=dtype), (x,), tolerance)


@pytest.mark.parametrize(
    "setting", ["shift is -1.0, .*at least 0", "jitter is -0.5, .*at least 0", "stretch is 0.5, .*at least 1"]
)
def test_an_augmentation_out_of_range_is_refused(setting: str) -> None:
    name, _, value = setting.split(",")[0].split()
    with pytest.raises(ValueError, match=f"cape: {setting}"):
        make(f"cape:{name}={value}", SHAPE)


def test_a_base_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"cape: base is 1\.0, but must be greater than 1"):
        make("cape:base=1", SHAPE)
