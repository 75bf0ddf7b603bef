"""Hybrid layers: each layer against RoPE and NoPE on their own, and the window against a loop."""

import math

import pytest
import torch
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model.attention import attend, scores

BATCH, HEADS, LENGTH, WIDTH = 2, 3, 11, 7
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=7, train_length=LENGTH)
PRECISIONS = [(torch.float64, 1e-9), (torch.float32, 1e-5)]


def draw(dtype: torch.dtype, seed: int) -> Tensor:
    draws = torch.Generator().manual_seed(seed)
    return torch.randn(BATCH, HEADS, LENGTH, WIDTH, generator=draws, dtype=dtype).requires_grad_()


def site(layer: int, dtype: torch.dtype = torch.float64, causal: bool = True) -> Site:
    hidden = torch.zeros(BATCH, LENGTH, SHAPE.width, dtype=dtype)
    return Site.of(hidden, torch.arange(5, 5 + LENGTH)[None], causal=causal).at_layer(layer, hidden)


def weights(encoding: Encoding, q: Tensor, k: Tensor, here: Site) -> Tensor:
    return scores(*encoding.rotate(q, k, here), here, encoding, 1 / math.sqrt(WIDTH)).softmax(-1)


@pytest.mark.parametrize("every, plain", [(1, [0, 1, 2, 3, 4, 5, 6]), (2, [1, 3, 5]), (3, [2, 5]), (7, [6])])
@pytest.mark.parametrize("dtype, tolerance", PRECISIONS)
def test_a_layer_is_rope_or_nope(every: int, plain: list[int], dtype: torch.dtype, tolerance: float) -> None:
    """Outputs and gradients, of each layer."""
    q, k, hybrid = draw(dtype, 0), draw(dtype, 1), make(f"hybrid:every={every}", SHAPE)
    downstream = torch.randn(BATCH, HEADS, LENGTH, LENGTH, generator=torch.Generator().manual_seed(2), dtype=dtype)
    for layer in range(SHAPE.layers):
        ours = weights(hybrid, q, k, site(layer, dtype))
        theirs = weights(make("none" if layer in plain else "rope", SHAPE), q, k, site(layer, dtype))
        torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=tolerance)
        mine, wanted = (torch.autograd.grad(each, (q, k), downstream) for each in (ours, theirs))
        torch.testing.assert_close(mine, wanted, atol=tolerance, rtol=tolerance)


def test_the_layers_without_rotation_are_those_of_smollm3() -> None:
    from transformers import SmolLM3Config

    marks = SmolLM3Config(num_hidden_layers=7, no_rope_layer_interval=4).no_rope_layers  # 1: rotated
    hybrid = make("hybrid:every=4", SHAPE)
    assert [not hybrid.plain(layer) for layer in range(7)] == [bool(mark) for mark in marks]


@pytest.mark.parametrize("causal", [True, False])
def test_a_window_hides_what_is_farther_in_the_rotated_layers_alone(causal: bool) -> None:
    q, k, hybrid, rope = (
        draw(torch.float64, 0),
        draw(torch.float64, 1),
        make("hybrid:window=3", SHAPE),
        make("rope", SHAPE),
    )
    here = site(0, causal=causal)
    full, ours = weights(rope, q, k, here), weights(hybrid, q, k, here)
    for query in range(LENGTH):
        near = [key for key in range(LENGTH) if abs(query - key) < 3 and (key <= query or not causal)]
        for key in range(LENGTH):
            expected = full[:, :, query, key] / full[:, :, query, near].sum(-1) if key in near else torch.zeros(2, 3)
            torch.testing.assert_close(ours[:, :, query, key], expected.to(ours.dtype), atol=1e-9, rtol=1e-9)
    assert hybrid.bias(site(1)) is None
    torch.testing.assert_close(weights(hybrid, q, k, site(1)), weights(make("none", SHAPE), q, k, site(1)))


def test_the_window_is_the_same_in_the_fused_kernel() -> None:
    q, k, v, hybrid = *(draw(torch.float32, seed) for seed in range(3)), make("hybrid:window=3", SHAPE)
    for layer in (0, 1):
        here = site(layer, torch.float32)
        fused, _ = attend(q, k, v, here, hybrid, scale=0.3)
        plain, _ = attend(q, k, v, here, hybrid, scale=0.3, weights=True)
        torch.testing.assert_close(fused, plain, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("setting, value", [("every", "0"), ("every", "8"), ("window", "-1"), ("base", "1")])
def test_bad_values_are_refused(setting: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"hybrid: {setting} is {value}"):
        make(f"hybrid:{setting}={value}", SHAPE)
