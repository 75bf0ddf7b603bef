"""p-RoPE against the paper's formula in complex numbers, and against transformers."""

import cmath

import pytest
import torch
from oracle import HEADS, PLACES, both_precisions, build, hold_rotation, per_head, site
from torch import Tensor

from benchmark.encodings.encoding import Encoding


def loop(x: Tensor, turning: int, base: float) -> Tensor:
    """The channels k and k + d/2 as one complex number, times a unit number for the pairs that turn."""
    pairs = x.shape[-1] // 2
    channels = list(x.unbind(-1))
    for k in range(turning):
        unit = [cmath.exp(1j * place / base ** (k / pairs)) for place in PLACES]
        turned = torch.complex(x[..., k], x[..., k + pairs]) * torch.tensor(unit, dtype=x.dtype.to_complex())
        channels[k], channels[k + pairs] = turned.real, turned.imag
    return torch.stack(channels, -1)


@pytest.mark.parametrize(
    "width, settings, turning, base",
    [
        (16, "", 6, 10000.0),
        (10, "", 3, 10000.0),  # 3.75 pairs, rounded down
        (7, "", 2, 10000.0),  # 2.25 of three pairs, and a channel without a partner
        (10, ":p=0.4:base=500000", 2, 500000.0),
        (3, "", 0, 10000.0),  # .75 of one pair: nothing turns
        (10, ":p=0", 0, 10000.0),
    ],
)
@both_precisions
def test_rotation_and_its_gradients_are_the_papers(
    width: int, settings: str, turning: int, base: float, dtype: torch.dtype, tolerance: float
) -> None:
    encoding = build(f"p-rope{settings}", width)
    hold_rotation(encoding, width, site(PLACES), lambda x: loop(x, turning, base), dtype, tolerance)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.75, 1.0])
@pytest.mark.parametrize("width", [6, 10, 16])
def test_frequencies_equal_those_of_transformers(width: int, share: float) -> None:
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    parameters = {"rope_type": "proportional", "rope_theta": 10000.0, "partial_rotary_factor": share}
    config = LlamaConfig(hidden_size=HEADS * width, num_attention_heads=HEADS, rope_parameters=parameters)
    theirs, temperature = ROPE_INIT_FUNCTIONS["proportional"](config, torch.device("cpu"))
    ours = build(f"p-rope:p={share}", width).theta(torch.float32, site())
    assert temperature == 1.0
    torch.testing.assert_close(ours, theirs, atol=1e-7, rtol=1e-6)


def both(encoding: Encoding, width: int) -> Tensor:
    return torch.stack(encoding.rotate(per_head(width), per_head(width, seed=1), site(PLACES)))


@pytest.mark.parametrize("width", [7, 10])
def test_the_share_1_is_rope_and_the_share_0_is_nope(width: int) -> None:
    for share, same in ((1, "rope"), (0, "none")):
        ours, theirs = (both(build(item, width), width) for item in (f"p-rope:p={share}", same))
        torch.testing.assert_close(ours, theirs, atol=0, rtol=0)


def test_it_is_not_a_fraction_of_rope() -> None:
    """A fraction keeps the slowest frequencies too, and turns other channels."""
    ours, theirs = (build(item, 16).theta(torch.float64, site()) for item in ("p-rope:p=0.5", "rope:fraction=0.5"))
    torch.testing.assert_close(ours[:4], theirs.sqrt(), atol=1e-12, rtol=1e-12)
    assert ours[4:].count_nonzero() == 0


def test_bfloat16_queries_are_turned_by_float32_angles() -> None:
    ones = torch.ones(1, HEADS, 512, 2, dtype=torch.bfloat16)
    turned, _ = build("p-rope:p=1", 2).rotate(ones, ones, site(range(4096, 4096 + 512)))
    exact = torch.arange(4096, 4096 + 512).double()
    assert turned.dtype == torch.bfloat16
    assert (turned[0, 0, :, 0].double() - (exact.cos() - exact.sin())).abs().amax() < 0.02


@pytest.mark.parametrize("setting", ["p=-0.1", "p=1.1", "base=1"])
def test_a_value_out_of_range_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match=f"p-rope: {setting.partition('=')[0]} is "):
        build(f"p-rope:{setting}", 10)
