"""Stick-breaking attention against a stick that is broken piece by piece."""

import math
from dataclasses import replace

import pytest
import torch
from oracle import (
    BATCH,
    HEADS,
    LENGTH,
    agree,
    attention_weights,
    both_precisions,
    build,
    hold_attention,
    per_head,
    site,
)
from torch import Tensor

from benchmark.encodings.bases import Wrapper
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model import attention
from benchmark.model.transformer import Transformer

WIDTH = 7


def broken(q: Tensor, k: Tensor, here: Site) -> Tensor:
    """From the key before a query back to the first, each takes its share of what is left; [B, H, Q, K]."""
    z, weights = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), []
    for row in range(z.shape[-2]):
        own, left = here.first_query + row, torch.ones(BATCH, HEADS, dtype=z.dtype)
        pieces = [torch.zeros_like(left)] * (z.shape[-1] - own)
        for key in reversed(range(own)):
            share = 1 / (1 + (-z[:, :, row, key]).exp()) * here.visible[:, :, row, key]
            pieces.insert(0, share * left)
            left = left * (1 - share)
        weights.append(torch.stack(pieces, -1))
    return torch.stack(weights, -2)


@both_precisions
@pytest.mark.parametrize("queries", [2, LENGTH])
def test_weights_and_their_gradients_are_those_of_a_stick_broken_piece_by_piece(
    queries: int, dtype: torch.dtype, tolerance: float
) -> None:
    here = site(dtype=dtype, queries=queries)
    q, k = per_head(WIDTH, dtype, 0, queries), per_head(WIDTH, dtype, 1)
    agree(attention_weights(build("stick-breaking", WIDTH), q, k, here), broken(q, k, here), (q, k), tolerance)


@pytest.mark.parametrize("weights", [False, True])
@both_precisions
def test_values_are_mixed_by_these_weights(weights: bool, dtype: torch.dtype, tolerance: float) -> None:
    here, encoding = site(dtype=dtype), build("stick-breaking", WIDTH)
    hold_attention(encoding, lambda q, k: broken(q, k, here), WIDTH, here, dtype, tolerance, weights=weights)


def test_a_hidden_key_takes_nothing() -> None:
    q, k = per_head(WIDTH), per_head(WIDTH, seed=1)
    here = site(dtype=torch.float64)
    seen = here.visible.repeat(BATCH, 1, 1, 1)
    seen[1, :, 6:, 3:5] = False
    here = replace(here, mask=seen)
    ours = attention_weights(build("stick-breaking", WIDTH), q, k, here)
    agree(ours, broken(q, k, here), (q, k), 1e-9)
    assert ours[1, :, 6:, 3:5].abs().amax() == 0 < ours[1, :, 6:, 2].amin()


def test_a_query_keeps_what_no_key_takes_and_the_first_token_everything() -> None:
    q, k, encoding = per_head(WIDTH), per_head(WIDTH, seed=1), build("stick-breaking", WIDTH)
    sums = attention_weights(encoding, q, k, site()).sum(-1)
    assert (sums[..., 0] == 0).all()
    assert ((sums[..., 1:] > 0) & (sums[..., 1:] < 1)).all()


def test_of_keys_with_equal_scores_the_nearest_takes_half() -> None:
    still = torch.zeros(BATCH, HEADS, LENGTH, WIDTH)
    last = attention_weights(build("stick-breaking", WIDTH), still, still, site())[0, 0, -1]
    assert last.tolist() == pytest.approx([2.0**-distance for distance in range(LENGTH - 1, 0, -1)] + [0])


@pytest.mark.parametrize("size", [-40.0, 40.0, 1e4])
def test_extreme_scores_give_weights_between_zero_and_one_and_finite_gradients(size: float) -> None:
    here = site(batch=1)
    scores = torch.full((1, 1, LENGTH, LENGTH), size, requires_grad=True)
    weights = build("stick-breaking", WIDTH).weigh(scores.masked_fill(~here.visible, -torch.inf), here)
    assert ((weights >= 0) & (weights <= 1)).all()
    assert (weights.sum(-1) <= 1).all()
    (gradient,) = torch.autograd.grad(weights.square().sum(), scores)
    assert gradient.isfinite().all()


def test_sums_of_logarithms_are_float32_in_a_bfloat16_model() -> None:
    count = 4096
    scores = torch.full((1, 1, 1, count), -6.0, dtype=torch.bfloat16)  # each key takes 1/404 of what is left
    here = Site.of(torch.zeros(1, count, 1), torch.arange(count)[None], queries=1)
    weights = build("stick-breaking", WIDTH).weigh(scores, here)
    share = 1 / (1 + math.exp(6))
    expected = [share * (1 - share) ** (count - 2 - key) for key in (0, 1000, 3000)]
    assert weights[0, 0, 0, [0, 1000, 3000]].tolist() == pytest.approx(expected, rel=1e-3)


class Around(Wrapper):
    """A wrapper that changes nothing."""


def test_a_wrapper_hands_the_weights_on() -> None:
    def model(wrap: bool) -> Transformer:
        def encode(shape: Shape, layer: int) -> Encoding:
            inner = build("stick-breaking", shape.head_width)
            return Around(shape, inner) if wrap else inner

        shape = Shape(width=HEADS * WIDTH, heads=HEADS, layers=2, train_length=LENGTH)
        made = Transformer(13, shape, encode)
        made.initialise(0)
        return made.eval()

    tokens = torch.arange(LENGTH)[None]
    with torch.inference_mode():
        assert torch.equal(model(True)(tokens), model(False)(tokens))


def test_long_rows_are_evaluated_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    here, encoding = site(), build("stick-breaking", WIDTH)
    q, k, v = (per_head(WIDTH, torch.float32, seed).detach() for seed in range(3))
    with torch.inference_mode():
        whole, _ = attention.attend(q, k, v, here, encoding, scale=0.4)
        monkeypatch.setattr(attention, "BLOCK_SCORES", 3 * BATCH * HEADS * LENGTH)
        parts, _ = attention.attend(q, k, v, here, encoding, scale=0.4)
    torch.testing.assert_close(parts, whole, atol=1e-6, rtol=1e-6)
