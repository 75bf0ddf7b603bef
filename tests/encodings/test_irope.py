"""iRoPE against loops over its rule, and against transformers' Llama 4 and Ministral 3."""

import math
from dataclasses import replace

import pytest
import torch
from oracle import BATCH, HEADS, LENGTH, agree, attention_weights, both_precisions, per_head
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model.attention import attend
from benchmark.model.hooks import needs_scores, overrides

WIDTH, TRAINED = 7, 5
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=7, train_length=TRAINED)
PLACES = [0, 3, 4, 5, 8, 9, 10, 14, 23, 24, 55]  # on both sides of 5, 10, 15 and 25


def at_layer(layer: int, dtype: torch.dtype = torch.float64, causal: bool = True) -> Site:
    hidden = torch.randn(BATCH, LENGTH, SHAPE.width, generator=torch.Generator().manual_seed(3), dtype=dtype)
    return replace(Site.of(hidden, torch.tensor([PLACES]), causal=causal), layer=layer)


def sharpened(inner: Encoding, q: Tensor, k: Tensor, here: Site, factors: list[float]) -> Tensor:
    rows = [q[:, :, index] * factor for index, factor in enumerate(factors)]
    return attention_weights(inner, torch.stack(rows, dim=2), k, here)


@pytest.mark.parametrize("base", ["rope", "none", "alibi", "cope", "fox", "sinusoidal"])
@pytest.mark.parametrize("every, plain", [(1, [0, 1, 2, 3, 4, 5, 6]), (2, [1, 3, 5]), (4, [3])])
@both_precisions
def test_a_layer_is_its_base_or_nothing_with_sharper_queries(
    base: str, every: int, plain: list[int], dtype: torch.dtype, tolerance: float
) -> None:
    q, k = per_head(WIDTH, dtype), per_head(WIDTH, dtype, seed=1)
    encoding = make(f"irope:base={base}:every={every}:scale=0.3", SHAPE).to(dtype)
    factors = [1 + 0.3 * math.log(1 + (place + 1) // TRAINED) for place in PLACES]
    for layer in (0, 1, 3, 6):
        here = at_layer(layer, dtype)
        ours = attention_weights(encoding, q, k, here)
        if layer in plain:
            theirs = sharpened(make("none", SHAPE), q, k, here, factors)
        else:
            theirs = attention_weights(encoding.inner, q, k, here)
        agree(ours, theirs, (q, k), tolerance)


@pytest.mark.parametrize("base", ["rope", "alibi"])
@both_precisions
def test_ministral_has_the_factor_in_every_layer(base: str, dtype: torch.dtype, tolerance: float) -> None:
    from transformers.models.ministral3.modeling_ministral3 import get_llama_4_attn_scale

    q, k = per_head(WIDTH, dtype), per_head(WIDTH, dtype, seed=1)
    factors = get_llama_4_attn_scale(torch.tensor([PLACES], dtype=torch.float64), 0.1, TRAINED)[0, 0, :, 0].tolist()
    encoding = make(f"irope:base={base}:every=0", SHAPE).to(dtype)
    for layer in (0, 3):
        here = at_layer(layer, dtype)
        theirs = sharpened(make(base, SHAPE), q, k, here, factors)
        agree(attention_weights(encoding, q, k, here), theirs, (q, k), tolerance)


@pytest.mark.parametrize("layer", [0, 3])
def test_a_layer_attends_as_that_of_llama_4(layer: int) -> None:
    """RoPE in all but every fourth layer, where queries sharpen; Llama 4 pairs channels 2k and 2k + 1."""
    from transformers.models.llama4.configuration_llama4 import Llama4TextConfig
    from transformers.models.llama4.modeling_llama4 import Llama4TextAttention, Llama4TextRotaryEmbedding

    width = 8
    config = Llama4TextConfig(
        hidden_size=HEADS * width,
        head_dim=width,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        num_hidden_layers=7,
        floor_scale=TRAINED,
        use_qk_norm=False,
        attn_implementation="eager",
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
    )
    theirs = Llama4TextAttention(config, layer)
    torch.nn.init.eye_(theirs.o_proj.weight)
    x = torch.randn(BATCH, LENGTH, config.hidden_size, generator=torch.Generator().manual_seed(4))
    positions = torch.arange(LENGTH)[None]
    hidden_keys = torch.full((LENGTH, LENGTH), -torch.inf).triu(1)[None, None]
    with torch.no_grad():
        turns = Llama4TextRotaryEmbedding(config)(x, positions)
        expected, _ = theirs(x, turns, hidden_keys)
        q, k, v = (
            getattr(theirs, name)(x).view(BATCH, LENGTH, HEADS, width).transpose(1, 2)
            for name in ("q_proj", "k_proj", "v_proj")
        )
        shape = Shape(width=HEADS * width, heads=HEADS, layers=7, train_length=TRAINED)
        encoding = make("irope:every=4:base=rope:base.interleaved=true", shape)
        here = replace(Site.of(x, positions), layer=layer)
        ours, _ = attend(*encoding.rotate(q, k, here), v, here, encoding, scale=width**-0.5)
    torch.testing.assert_close(ours.transpose(1, 2).flatten(-2), expected, atol=1e-5, rtol=1e-5)


def test_the_layers_without_encoding_are_those_of_llama_4() -> None:
    from transformers.models.llama4.configuration_llama4 import Llama4TextConfig

    marks = Llama4TextConfig(num_hidden_layers=7).no_rope_layers  # 1: rotated
    encoding = make("irope:every=4", SHAPE)
    assert [not encoding.plain(layer) for layer in range(7)] == [bool(mark) for mark in marks]


def test_no_query_is_sharpened_before_the_end_of_the_trained_length() -> None:
    q = per_head(WIDTH, torch.float32)
    here = replace(Site.of(torch.zeros(BATCH, LENGTH, 5), torch.arange(LENGTH)[None]), layer=1)
    turned, _ = make("irope", SHAPE).rotate(q, q, here)
    assert torch.equal(turned[..., : TRAINED - 1, :], q[..., : TRAINED - 1, :])
    assert (turned / q)[..., TRAINED - 1 :, :].amin() > 1.06


@pytest.mark.parametrize("base, eager", [("rope", False), ("alibi", False), ("cope", True)])
def test_kernels_are_those_of_the_base(base: str, eager: bool) -> None:
    encoding = make(f"irope:base={base}", SHAPE)
    assert needs_scores(encoding) == eager
    assert overrides(encoding, "bias") == (base == "alibi")


@pytest.mark.parametrize("setting, value", [("every", "-1"), ("every", "8"), ("scale", "-0.5")])
def test_bad_values_are_refused(setting: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"irope: {setting} is {value}"):
        make(f"irope:{setting}={value}", SHAPE)
