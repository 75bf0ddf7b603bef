"""Transformer-XL against XLNet's attention in transformers, and against loops over the paper's formula."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from oracle import BATCH, HEADS, agree, attention_weights, both_masks, both_precisions, draw, table
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site

LENGTH, WIDTH = 7, 5
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=1, train_length=LENGTH)  # an odd width: no last cosine


def xl(dtype: torch.dtype, shape: Shape = SHAPE) -> Encoding:
    encoding = make("xl", shape).to(dtype)
    for seed, weight in enumerate((encoding.u, encoding.v), start=5):
        torch.nn.init.normal_(weight, generator=torch.Generator().manual_seed(seed))
    return encoding


def site_of(places: list[list[int]] | list[list[float]], queries: int, causal: bool, dtype: torch.dtype) -> Site:
    hidden = torch.zeros(BATCH, len(places[0]), SHAPE.width, dtype=dtype)
    return Site.of(hidden, torch.tensor(places), queries=queries, causal=causal)


def share_of_largest(tolerance: float) -> Callable[[Tensor], float]:
    """The tolerance of a gradient: relative to its largest value where that is above 1."""
    return lambda expected: tolerance * max(1, expected.abs().amax().item())


def loop(encoding: Encoding, q: Tensor, k: Tensor, site: Site) -> Tensor:
    """One pair at a time: the vector of its distance, through the rows of W of each head; [B, H, Q, K]."""
    width = SHAPE.width
    theta = torch.tensor([10000 ** -(2 * n / width) for n in range(math.ceil(width / 2))], dtype=q.dtype)
    at_query, at_key = (each.expand(BATCH, -1).to(q.dtype) for each in (site.query_positions, site.key_positions))
    project = encoding.project.weight.view(HEADS, WIDTH, width)

    def score(i: int, j: int) -> Tensor:
        turns = (at_query[:, i] - at_key[:, j])[:, None] * theta
        wave = torch.cat((turns.sin(), turns.cos()), dim=-1)[:, None, None, :width]
        content = ((q[:, :, i] + encoding.u) * k[:, :, j]).sum(-1)
        place = ((q[:, :, i] + encoding.v) * (project * wave).sum(-1)).sum(-1)
        return (content + place) / math.sqrt(WIDTH)

    return table(score, q.shape[-2], k.shape[-2]).masked_fill(~site.visible, -torch.inf).softmax(-1)


ROWS = {
    "from-0": [[0, 1, 2, 3, 4, 5, 6]],
    "from-9": [[9, 10, 11, 12, 13, 14, 15]],
    "gaps": [[0, 1, 4, 9, 10, 17, 31]],
    "by-row": [[0, 1, 2, 3, 4, 5, 6], [2, 3, 5, 7, 11, 13, 17]],
    "floats": [[0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5]],
}


@both_precisions
@both_masks
@pytest.mark.parametrize("queries", [1, 2, LENGTH])
@pytest.mark.parametrize("places", ROWS.values(), ids=ROWS.keys())
def test_attention_and_its_gradients_are_the_papers(
    places: list[list[int]], queries: int, causal: bool, dtype: torch.dtype, tolerance: float
) -> None:
    encoding, site = xl(dtype), site_of(places, queries, causal, dtype)
    q, k = (draw(BATCH, HEADS, count, WIDTH, dtype=dtype, seed=count) for count in (queries, LENGTH))
    inputs = (q, k, encoding.u, encoding.v, encoding.project.weight)
    ours, theirs = attention_weights(encoding, q, k, site), loop(encoding, q, k, site)
    agree(ours, theirs, inputs, tolerance, gradient_tolerance=share_of_largest(tolerance))


@both_precisions
@both_masks
def test_equals_transformers(causal: bool, dtype: torch.dtype, tolerance: float) -> None:
    from transformers import XLNetConfig
    from transformers.models.xlnet.modeling_xlnet import XLNetModel, XLNetRelativeAttention

    width = 2  # XLNet has no odd width
    shape = Shape(width=HEADS * width, heads=HEADS, layers=1, train_length=LENGTH)
    encoding = xl(dtype, shape)
    theirs = XLNetRelativeAttention(XLNetConfig(d_model=shape.width, n_head=HEADS, dropout=0.0)).to(dtype)
    theirs.r_w_bias.data.copy_(encoding.u.data)
    theirs.r_r_bias.data.copy_(encoding.v.data)
    theirs.r.data.copy_(encoding.project.weight.data.T.reshape(shape.width, HEADS, width))
    theta = 10000 ** (-torch.arange(0, shape.width, 2, dtype=dtype) / shape.width)
    waves = XLNetModel.positional_embedding(torch.arange(LENGTH, -LENGTH, -1, dtype=dtype), theta, BATCH)
    q, k = (draw(BATCH, HEADS, LENGTH, width, dtype=dtype, seed=seed) for seed in (0, 1))
    first, second = (each.permute(2, 0, 1, 3) for each in (q, k))
    ahead = torch.ones(LENGTH, LENGTH, dtype=dtype).triu(1)[..., None, None].expand(-1, -1, BATCH, 1) * causal
    placed = torch.einsum("ibh,hnd->ibnd", waves, theirs.r)
    _, weights = theirs.rel_attn_core(first, second, second, placed, attn_mask=ahead, output_attentions=True)
    hidden = torch.zeros(BATCH, LENGTH, shape.width, dtype=dtype)
    ours = attention_weights(encoding, q, k, Site.of(hidden, torch.arange(LENGTH)[None], causal=causal))
    agree(
        ours,
        weights.permute(2, 3, 0, 1),
        (q, k, encoding.u, encoding.v),
        tolerance,
        their_inputs=(q, k, theirs.r_w_bias, theirs.r_r_bias),
        gradient_tolerance=share_of_largest(tolerance),
    )


def test_biases_start_at_zero_and_the_matrix_like_the_models_own() -> None:
    encoding = make("xl", Shape(width=97, heads=1, layers=1, train_length=LENGTH))
    assert encoding.u.count_nonzero() == encoding.v.count_nonzero() == 0
    assert encoding.project.weight.std().item() == pytest.approx(97**-0.5, rel=0.05)


def test_distances_in_a_row_are_computed_once_a_forward_pass() -> None:
    """T of them under a causal mask, 2T - 1 both ways."""
    for causal, count in ((True, LENGTH), (False, 2 * LENGTH - 1)):
        site = site_of([list(range(LENGTH))], LENGTH, causal, torch.float32)
        q = draw(BATCH, HEADS, LENGTH, WIDTH, dtype=torch.float32, seed=0)
        for layer in range(3):
            attention_weights(make("xl", SHAPE, layer=layer), q, q, replace(site, layer=layer))
        waves = site.shared["xl", torch.float32]
        assert isinstance(waves, Tensor)
        assert waves.shape == (count, SHAPE.width + 1)


def test_bfloat16_models_keep_exact_angles() -> None:
    """bfloat16 would round 4095 to 4096, and put the fastest wave a radian off."""
    encoding = make("xl", SHAPE).bfloat16()
    q = torch.ones(1, HEADS, 1, WIDTH, dtype=torch.bfloat16)
    for places in (torch.arange(4096)[None], torch.arange(4096)[None].double()):
        site = Site.of(torch.zeros(1, 4096, SHAPE.width, dtype=torch.bfloat16), places, queries=1)
        added = encoding.rescore(torch.zeros(1, HEADS, 1, 4096), q, q.expand(-1, -1, 4096, -1), site)
        exact = encoding.double().rescore(
            torch.zeros(1, HEADS, 1, 4096, dtype=torch.float64), q.double(), q.double().expand(-1, -1, 4096, -1), site
        )
        encoding.bfloat16()
        assert (added - exact).abs().amax() < 0.03 * exact.abs().amax()
