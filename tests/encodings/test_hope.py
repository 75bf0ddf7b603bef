"""HoPE against plain loops over the paper's formula."""

import math

import pytest
import torch
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site

BATCH, HEADS, LENGTH = 2, 3, 11
PLACES = [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89]


def hope(width: int, trained: int, settings: str = "") -> Encoding:
    shape = Shape(width=HEADS * width, heads=HEADS, layers=1, train_length=trained)
    return make(f"hope{settings}", shape)


def site(positions: Tensor) -> Site:
    return Site.of(torch.zeros(BATCH, positions.shape[-1], 5), positions)


def draw(width: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> Tensor:
    draws = torch.Generator().manual_seed(seed)
    return torch.randn(BATCH, HEADS, LENGTH, width, generator=draws, dtype=dtype).requires_grad_()


def loop(x: Tensor, trained: int, base: float) -> Tensor:
    """A 2 x 2 matrix a pair, for the pairs whose wavelength fits into the trained length."""
    pairs = x.shape[-1] // 2
    channels = list(x.unbind(-1))
    for k in range(pairs):
        wavelength = 2 * math.pi * math.exp(k / pairs * math.log(base))
        if wavelength <= trained:
            angles = [2 * math.pi * (place / wavelength) for place in PLACES]
            cos = torch.tensor([math.cos(angle) for angle in angles], dtype=x.dtype)
            sin = torch.tensor([math.sin(angle) for angle in angles], dtype=x.dtype)
            channels[k] = cos * x[..., k] - sin * x[..., k + pairs]
            channels[k + pairs] = sin * x[..., k] + cos * x[..., k + pairs]
    return torch.stack(channels, -1)


@pytest.mark.parametrize(
    "width, trained, settings, base, turning",
    [
        (16, 67, "", 10000.0, 3),
        (7, 11, "", 10000.0, 1),
        (10, 997, "", 10000.0, 3),
        (10, 67, ":base=97", 97.0, 3),
        (6, 10**6, "", 10000.0, 3),  # all of them: rope
        (6, 6, "", 10000.0, 0),  # the fastest wavelength is 2 pi: none of them
    ],
)
@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-9), (torch.float32, 1e-5)])
def test_rotation_and_its_gradients_are_the_papers(
    width: int, trained: int, settings: str, base: float, turning: int, dtype: torch.dtype, tolerance: float
) -> None:
    encoding, here = hope(width, trained, settings), site(torch.tensor([PLACES]))
    assert encoding.theta(dtype, here).count_nonzero() == turning
    q, k = draw(width, dtype), draw(width, dtype, seed=1)
    ours = torch.stack(encoding.rotate(q, k, here))
    theirs = torch.stack([loop(x, trained, base) for x in (q, k)])
    torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=tolerance)
    downstream = torch.stack((draw(width, dtype, seed=2), draw(width, dtype, seed=3))).detach()
    mine, wanted = (torch.autograd.grad(each, (q, k), downstream) for each in (ours, theirs))
    torch.testing.assert_close(mine, wanted, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("trained, same", [(10**6, "rope"), (6, "none")])
def test_long_training_gives_rope_and_the_shortest_gives_nope(trained: int, same: str) -> None:
    other = make(same, Shape(width=HEADS * 7, heads=HEADS, layers=1, train_length=trained))
    here, q, k = site(torch.tensor([PLACES])), draw(7), draw(7, seed=1)
    ours, theirs = hope(7, trained).rotate(q, k, here), other.rotate(q, k, here)
    torch.testing.assert_close(ours, theirs, atol=0, rtol=0)


def test_every_angle_that_turns_has_been_seen_whole() -> None:
    trained = 67
    here = site(torch.arange(LENGTH)[None])
    theta = hope(16, trained).theta(torch.float64, here)
    whole = make("rope", Shape(width=16, heads=1, layers=1, train_length=trained)).theta(torch.float64, here)
    assert (theta[theta > 0] * trained).amin() >= 2 * math.pi
    assert (whole[theta == 0] * trained).amax() < 2 * math.pi


def test_still_channels_are_left_alone_also_in_bfloat16() -> None:
    x = draw(16).detach().bfloat16()
    turned, _ = hope(16, 67).rotate(x, x, site(torch.arange(4096, 4096 + LENGTH)[None]))
    assert turned.dtype == torch.bfloat16
    for still in (slice(3, 8), slice(11, 16)):
        assert torch.equal(turned[..., still], x[..., still])
    exact, _ = hope(16, 67).rotate(x.double(), x.double(), site(torch.arange(4096, 4096 + LENGTH)[None]))
    assert (turned.double() - exact).abs().amax() < 0.05


def test_a_base_that_turns_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="hope: base is 1"):
        hope(10, LENGTH, ":base=1")
