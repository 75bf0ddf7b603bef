"""HoPE against 2 x 2 rotation matrices, by the paper's formula."""

import math

import pytest
import torch
from oracle import LENGTH, PLACES, both_precisions, build, hold_rotation, per_head, site
from torch import Tensor


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
@both_precisions
def test_rotation_and_its_gradients_are_the_papers(
    width: int, trained: int, settings: str, base: float, turning: int, dtype: torch.dtype, tolerance: float
) -> None:
    encoding, here = build(f"hope{settings}", width, trained=trained), site(PLACES)
    assert encoding.theta(dtype, here).count_nonzero() == turning
    hold_rotation(encoding, width, here, lambda x: loop(x, trained, base), dtype, tolerance)


@pytest.mark.parametrize("trained, same", [(10**6, "rope"), (6, "none")])
def test_a_long_trained_length_gives_rope_and_the_shortest_gives_nope(trained: int, same: str) -> None:
    q, k = per_head(7), per_head(7, seed=1)
    ours, theirs = (build(name, 7, trained=trained).rotate(q, k, site(PLACES)) for name in ("hope", same))
    torch.testing.assert_close(ours, theirs, atol=0, rtol=0)


def test_every_pair_that_turns_completes_a_turn_in_training() -> None:
    trained = 67
    theta = build("hope", 16, trained=trained).theta(torch.float64, site())
    whole = build("rope", 16, heads=1, trained=trained).theta(torch.float64, site())
    assert (theta[theta > 0] * trained).amin() >= 2 * math.pi
    assert (whole[theta == 0] * trained).amax() < 2 * math.pi


def test_unrotated_channels_are_unchanged_in_bfloat16_too() -> None:
    x, far = per_head(16).detach().bfloat16(), site(range(4096, 4096 + LENGTH))
    encoding = build("hope", 16, trained=67)
    turned, _ = encoding.rotate(x, x, far)
    assert turned.dtype == torch.bfloat16
    for still in (slice(3, 8), slice(11, 16)):
        assert torch.equal(turned[..., still], x[..., still])
    exact, _ = encoding.rotate(x.double(), x.double(), far)
    assert (turned.double() - exact).abs().amax() < 0.05


def test_a_base_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="hope: base is 1"):
        build("hope:base=1", 10)
