"""p-RoPE against plain loops over the paper's formula, and against transformers."""

import cmath

import pytest
import torch
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site

BATCH, HEADS, LENGTH = 2, 3, 11
PLACES = [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89]


def shape(width: int) -> Shape:
    return Shape(width=HEADS * width, heads=HEADS, layers=1, train_length=LENGTH)


def site(positions: Tensor) -> Site:
    return Site.of(torch.zeros(BATCH, positions.shape[-1], 5), positions)


def draw(width: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> Tensor:
    draws = torch.Generator().manual_seed(seed)
    return torch.randn(BATCH, HEADS, LENGTH, width, generator=draws, dtype=dtype).requires_grad_()


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
@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-9), (torch.float32, 1e-5)])
def test_rotation_and_its_gradients_are_the_papers(
    width: int, settings: str, turning: int, base: float, dtype: torch.dtype, tolerance: float
) -> None:
    q, k = draw(width, dtype), draw(width, dtype, seed=1)
    ours = torch.stack(make(f"p-rope{settings}", shape(width)).rotate(q, k, site(torch.tensor([PLACES]))))
    theirs = torch.stack([loop(x, turning, base) for x in (q, k)])
    torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=tolerance)
    downstream = torch.stack((draw(width, dtype, seed=2), draw(width, dtype, seed=3))).detach()
    mine, wanted = (torch.autograd.grad(each, (q, k), downstream) for each in (ours, theirs))
    torch.testing.assert_close(mine, wanted, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.75, 1.0])
@pytest.mark.parametrize("width", [6, 10, 16])
def test_frequencies_equal_those_of_transformers(width: int, share: float) -> None:
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    parameters = {"rope_type": "proportional", "rope_theta": 10000.0, "partial_rotary_factor": share}
    config = LlamaConfig(hidden_size=HEADS * width, num_attention_heads=HEADS, rope_parameters=parameters)
    theirs, temperature = ROPE_INIT_FUNCTIONS["proportional"](config, torch.device("cpu"))
    ours = make(f"p-rope:p={share}", shape(width)).theta(torch.float32, site(torch.arange(LENGTH)[None]))
    assert temperature == 1.0
    torch.testing.assert_close(ours, theirs, atol=1e-7, rtol=1e-6)


def both(encoding: Encoding, width: int) -> Tensor:
    return torch.stack(encoding.rotate(draw(width), draw(width, seed=1), site(torch.tensor([PLACES]))))


@pytest.mark.parametrize("width", [7, 10])
def test_the_share_1_is_rope_and_the_share_0_is_nope(width: int) -> None:
    everything = both(make("p-rope:p=1", shape(width)), width)
    torch.testing.assert_close(everything, both(make("rope", shape(width)), width), atol=0, rtol=0)
    nothing = both(make("p-rope:p=0", shape(width)), width)
    torch.testing.assert_close(nothing, both(make("none", shape(width)), width), atol=0, rtol=0)


def test_it_is_not_a_fraction_of_rope() -> None:
    """A fraction has the slowest frequencies too, and turns other channels."""
    ours = make("p-rope:p=0.5", shape(16)).theta(torch.float64, site(torch.arange(LENGTH)[None]))
    theirs = make("rope:fraction=0.5", shape(16)).theta(torch.float64, site(torch.arange(LENGTH)[None]))
    torch.testing.assert_close(ours[:4], theirs.sqrt(), atol=1e-12, rtol=1e-12)
    assert ours[4:].count_nonzero() == 0


def test_bfloat16_queries_are_turned_by_float32_angles() -> None:
    ones = torch.ones(1, HEADS, 512, 2, dtype=torch.bfloat16)
    here = Site.of(torch.zeros(1, 512, 5), torch.arange(4096, 4096 + 512)[None])
    turned, _ = make("p-rope:p=1", shape(2)).rotate(ones, ones, here)
    exact = torch.arange(4096, 4096 + 512).double()
    assert turned.dtype == torch.bfloat16
    assert (turned[0, 0, :, 0].double() - (exact.cos() - exact.sin())).abs().amax() < 0.02


@pytest.mark.parametrize("setting", ["p=-0.1", "p=1.1", "base=1"])
def test_a_value_out_of_range_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match=f"p-rope: {setting.partition('=')[0]} is "):
        make(f"p-rope:{setting}", shape(10))
