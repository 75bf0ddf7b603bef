"""Attention sinks against the formula key by key, and against transformers' gpt-oss."""

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from oracle import BATCH, HEADS, LENGTH, agree, attention_weights, both_masks, both_precisions, per_head

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site

WIDTH, LAYERS = 7, 2
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=LAYERS, train_length=LENGTH)


def site(dtype: torch.dtype, *, layer: int = 0, causal: bool = True) -> Site:
    hidden = torch.randn(BATCH, LENGTH, SHAPE.width, generator=torch.Generator().manual_seed(3), dtype=dtype)
    return replace(Site.of(hidden, torch.arange(LENGTH)[None], causal=causal), layer=layer)


def shaken(choice: str, dtype: torch.dtype) -> Encoding:
    encoding = make(choice, SHAPE).to(dtype)
    with torch.no_grad():
        encoding.sinks += torch.randn(encoding.sinks.shape, generator=torch.Generator().manual_seed(5), dtype=dtype)
    return encoding


@pytest.mark.parametrize("layer", range(LAYERS))
@both_masks
@both_precisions
def test_a_sink_takes_its_share_of_plain_attention(
    layer: int, causal: bool, dtype: torch.dtype, tolerance: float
) -> None:
    q, k = per_head(WIDTH, dtype), per_head(WIDTH, dtype, seed=1)
    here, encoding = site(dtype, layer=layer, causal=causal), shaken("sinks:base=none", dtype)
    scores = (q @ k.mT / math.sqrt(WIDTH)).masked_fill(~here.visible, -torch.inf)
    powers = scores.exp()
    theirs = powers / (powers.sum(-1, keepdim=True) + encoding.sinks[layer].exp()[:, None, None])
    agree(attention_weights(encoding, q, k, here), theirs, (q, k, encoding.sinks), tolerance)


@pytest.mark.parametrize("base", ["rope", "alibi", "cope", "fox"])
def test_the_base_decides_how_keys_share_the_rest(base: str) -> None:
    q, k = per_head(WIDTH), per_head(WIDTH, seed=1)
    here, encoding = site(torch.float64, layer=1), shaken(f"sinks:base={base}", torch.float64)
    ours = attention_weights(encoding, q, k, here)
    alone = attention_weights(encoding.inner, q, k, here)
    torch.testing.assert_close(ours / ours.sum(-1, keepdim=True), alone, atol=1e-9, rtol=1e-9)
    assert ours.sum(-1).amax() < 1


@pytest.mark.parametrize("layer", range(LAYERS))
def test_weights_are_those_of_gpt_oss(layer: int) -> None:
    from transformers.models.gpt_oss.modeling_gpt_oss import eager_attention_forward

    q, k = per_head(WIDTH, torch.float32), per_head(WIDTH, torch.float32, seed=1)
    encoding, here = shaken("sinks:base=rope", torch.float32), site(torch.float32, layer=layer)
    turned_q, turned_k = make("rope", SHAPE).rotate(q, k, here)
    module = SimpleNamespace(num_key_value_groups=1, sinks=encoding.sinks[layer], training=False)
    hidden_keys = torch.zeros(1, 1, LENGTH, LENGTH).masked_fill(~here.visible, -torch.inf)
    _, theirs = eager_attention_forward(module, turned_q, turned_k, k, hidden_keys, scaling=WIDTH**-0.5)
    agree(attention_weights(encoding, q, k, here), theirs, (q, k, encoding.sinks), 1e-5)


def test_scores_whose_exponentials_overflow_keep_their_weights() -> None:
    here, encoding = site(torch.float32), shaken("sinks:base=none", torch.float32)
    scores = torch.zeros(1, HEADS, 1, LENGTH)
    scores[..., 3] = 1e4
    assert torch.equal(encoding.weigh(scores, here)[..., 3], torch.ones(1, HEADS, 1))
    assert torch.equal(encoding.weigh(scores - 2e4, here), torch.zeros_like(scores))


@pytest.mark.parametrize("base", ["stick-breaking", "sinks"])
def test_a_base_without_a_softmax_of_its_own_is_refused(base: str) -> None:
    with pytest.raises(ValueError, match=f"sinks: base is {base}, but must be an encoding that leaves the softmax"):
        make(f"sinks:base={base}", SHAPE)
