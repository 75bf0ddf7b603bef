"""DeBERTa against disentangled attention in transformers, and against loops over the three terms."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from oracle import (
    BATCH,
    HEADS,
    LENGTH,
    PLACES,
    agree,
    attention_weights,
    both_kernels,
    both_masks,
    both_precisions,
    draw,
    hold_attention,
    site,
    table,
)
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site

WIDTH = 5
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=2, train_length=13)


@both_masks
@both_precisions
@pytest.mark.parametrize("clip", [2, 7])
def test_equals_transformers(clip: int, dtype: torch.dtype, tolerance: float, causal: bool) -> None:
    from transformers import DebertaV2Config
    from transformers.models.deberta_v2.modeling_deberta_v2 import DisentangledSelfAttention

    heads, width = 5, 3  # transformers takes the root of three times the width in float32: here it is exact
    shape = Shape(width=heads * width, heads=heads, layers=1, train_length=LENGTH)
    config = DebertaV2Config(
        hidden_size=shape.width,
        num_attention_heads=heads,
        relative_attention=True,
        max_relative_positions=clip,
        pos_att_type=["c2p", "p2c"],
        position_buckets=-1,
    )
    encoding, theirs = make(f"deberta:clip={clip}", shape).to(dtype), DisentangledSelfAttention(config).to(dtype).eval()
    projections = (theirs.pos_key_proj, theirs.pos_query_proj)
    for projection, matrix in zip(projections, (encoding.of_key, encoding.of_query), strict=True):
        projection.weight.data.copy_(matrix.data[0])
        projection.bias.data.zero_()
    vectors = encoding.table.detach().clone().requires_grad_()
    x = draw(BATCH, LENGTH, shape.width, dtype=dtype)
    seen = torch.ones(BATCH, 1, LENGTH, LENGTH).tril() if causal else torch.ones(BATCH, 1, LENGTH, LENGTH)
    _, wanted = theirs(x, seen, output_attentions=True, rel_embeddings=vectors)
    q, k = (each(x).view(BATCH, LENGTH, heads, width).transpose(1, 2) for each in (theirs.query_proj, theirs.key_proj))
    ours = attention_weights(encoding, q, k, Site.of(x, torch.arange(LENGTH)[None], causal=causal))
    agree(ours, wanted, (x, encoding.table), tolerance, their_inputs=(x, vectors))


def loop(encoding: Encoding, q: Tensor, k: Tensor, here: Site) -> Tensor:
    """Three inner products for one pair of positions at a time, [B, H, Q, K]."""
    at_query, at_key = here.query_positions[0].tolist(), here.key_positions[0].tolist()
    most = len(encoding.table) // 2

    def score(i: int, j: int) -> Tensor:
        vector = encoding.table[most + max(-most, min(most - 1, at_query[i] - at_key[j]))]
        of_key, of_query = (
            (matrix @ vector).view(HEADS, WIDTH)
            for matrix in (encoding.of_key[here.layer], encoding.of_query[here.layer])
        )
        terms = q[:, :, i] * k[:, :, j] + q[:, :, i] * of_key + k[:, :, j] * of_query
        return terms.sum(-1) / math.sqrt(3 * WIDTH)

    return table(score, q.shape[-2], k.shape[-2]).masked_fill(~here.visible, -torch.inf).softmax(-1)


@both_masks
@both_kernels
@both_precisions
@pytest.mark.parametrize("places", [range(17, 17 + LENGTH), PLACES], ids=["contiguous", "gaps"])
def test_attention_and_its_gradients_are_the_three_terms(
    places: Sequence[int], dtype: torch.dtype, tolerance: float, weights: bool, causal: bool
) -> None:
    encoding, here = make("deberta:clip=7", SHAPE).to(dtype), site(places, dtype=dtype, causal=causal)
    inputs = (encoding.table, encoding.of_key, encoding.of_query)
    hold_attention(
        encoding,
        lambda q, k: loop(encoding, q, k, here),
        WIDTH,
        here,
        dtype,
        tolerance,
        weights=weights,
        inputs=inputs,
    )


@both_precisions
@pytest.mark.parametrize("clip", [1, 2, 5])
def test_the_last_queries_of_a_row_share_one_vector_for_far_keys(
    clip: int, dtype: torch.dtype, tolerance: float
) -> None:
    encoding, here = make(f"deberta:clip={clip}", SHAPE).to(dtype), site(range(19), dtype=dtype, queries=3)
    q, k = draw(BATCH, HEADS, 3, WIDTH, dtype=dtype), draw(BATCH, HEADS, 19, WIDTH, dtype=dtype, seed=1)
    inputs = (q, k, encoding.table, encoding.of_key, encoding.of_query)
    agree(attention_weights(encoding, q, k, here), loop(encoding, q, k, here), inputs, tolerance)


def test_each_layer_has_its_own_matrices_and_all_share_the_vectors() -> None:
    encoding, q = make("deberta", SHAPE), draw(BATCH, HEADS, LENGTH, WIDTH, dtype=torch.float32)
    assert encoding.table.shape == (2 * 13, SHAPE.width)
    assert encoding.of_key.shape == encoding.of_query.shape == (2, SHAPE.width, SHAPE.width)
    for layer in range(2):
        here = replace(site(), layer=layer)
        torch.testing.assert_close(attention_weights(encoding, q, q, here), loop(encoding, q, q, here))


def test_content_and_positions_start_on_equal_terms() -> None:
    encoding = make("deberta", Shape(width=97, heads=1, layers=1, train_length=101))
    for matrix in (encoding.of_key, encoding.of_query):
        assert (encoding.table @ matrix[0].T).std().item() == pytest.approx(1, rel=0.05)


def test_a_negative_clip_is_refused() -> None:
    with pytest.raises(ValueError, match="deberta: clip is -1, but must be at least 1, or 0 for the trained length"):
        make("deberta:clip=-1", SHAPE)
