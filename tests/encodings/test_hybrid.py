"""Hybrid layers: each layer against RoPE or NoPE, and the window against a loop."""

from dataclasses import replace

import pytest
import torch
from oracle import BATCH, HEADS, LENGTH, agree, attention_weights, both_precisions, per_head

from benchmark.encodings import make
from benchmark.encodings.encoding import Shape, Site
from benchmark.model.attention import attend

WIDTH = 7
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=7, train_length=LENGTH)


def at_layer(layer: int, dtype: torch.dtype = torch.float64, causal: bool = True) -> Site:
    hidden = torch.zeros(BATCH, LENGTH, SHAPE.width, dtype=dtype)
    return replace(Site.of(hidden, torch.arange(5, 5 + LENGTH)[None], causal=causal), layer=layer)


@pytest.mark.parametrize("every, plain", [(1, [0, 1, 2, 3, 4, 5, 6]), (2, [1, 3, 5]), (3, [2, 5]), (7, [6])])
@both_precisions
def test_a_layer_is_rope_or_nope(every: int, plain: list[int], dtype: torch.dtype, tolerance: float) -> None:
    """Outputs and gradients, of each layer."""
    q, k, hybrid = per_head(WIDTH, dtype), per_head(WIDTH, dtype, 1), make(f"hybrid:every={every}", SHAPE)
    for layer in range(SHAPE.layers):
        ours = attention_weights(hybrid, q, k, at_layer(layer, dtype))
        theirs = attention_weights(make("none" if layer in plain else "rope", SHAPE), q, k, at_layer(layer, dtype))
        agree(ours, theirs, (q, k), tolerance)


def test_the_layers_without_rotation_are_those_of_smollm3() -> None:
    from transformers import SmolLM3Config

    marks = SmolLM3Config(num_hidden_layers=7, no_rope_layer_interval=4).no_rope_layers  # 1: rotated
    hybrid = make("hybrid:every=4", SHAPE)
    assert [not hybrid.plain(layer) for layer in range(7)] == [bool(mark) for mark in marks]


@pytest.mark.parametrize("causal", [True, False])
def test_a_window_hides_farther_keys_only_in_the_rotated_layers(causal: bool) -> None:
    q, k = per_head(WIDTH), per_head(WIDTH, seed=1)
    hybrid, rope = make("hybrid:window=3", SHAPE), make("rope", SHAPE)
    here = at_layer(0, causal=causal)
    full, ours = attention_weights(rope, q, k, here), attention_weights(hybrid, q, k, here)
    for query in range(LENGTH):
        near = [key for key in range(LENGTH) if abs(query - key) < 3 and (key <= query or not causal)]
        for key in range(LENGTH):
            expected = full[:, :, query, key] / full[:, :, query, near].sum(-1) if key in near else torch.zeros(2, 3)
            torch.testing.assert_close(ours[:, :, query, key], expected.to(ours.dtype), atol=1e-9, rtol=1e-9)
    assert hybrid.bias(at_layer(1)) is None
    torch.testing.assert_close(
        attention_weights(hybrid, q, k, at_layer(1)), attention_weights(make("none", SHAPE), q, k, at_layer(1))
    )


def test_the_window_is_the_same_in_the_fused_kernel() -> None:
    q, k, v, hybrid = *(per_head(WIDTH, torch.float32, seed) for seed in range(3)), make("hybrid:window=3", SHAPE)
    for layer in (0, 1):
        here = at_layer(layer, torch.float32)
        fused, _ = attend(q, k, v, here, hybrid, scale=0.3)
        plain, _ = attend(q, k, v, here, hybrid, scale=0.3, weights=True)
        torch.testing.assert_close(fused, plain, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("setting, value", [("every", "0"), ("every", "8"), ("window", "-1"), ("base", "1")])
def test_bad_values_are_refused(setting: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"hybrid: {setting} is {value}"):
        make(f"hybrid:{setting}={value}", SHAPE)
