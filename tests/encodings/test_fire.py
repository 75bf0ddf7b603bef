"""FIRE against loops over the paper's formula."""

from dataclasses import replace
from functools import cache

import pytest
import torch
from oracle import HEADS, attention, both_kernels, both_masks, both_precisions, content, hold_attention
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model.bias import dense

LENGTH, WIDTH = 7, 5
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=1, train_length=LENGTH)
PLACES = [[0, 1, 2, 3, 5, 11, 31], [2, 3, 5, 7, 13, 17, 19]]  # with gaps, and not the same in both rows
THRESHOLD = 6.0


def site(positions: Tensor, dtype: torch.dtype = torch.float32, causal: bool = True) -> Site:
    hidden = torch.zeros(len(positions), positions.shape[1], SHAPE.width, dtype=dtype)
    return Site.of(hidden, positions, causal=causal)


def fire(setting: str = "", dtype: torch.dtype = torch.float32) -> Encoding:
    """With c and T as training might have moved them: c is negative, and its sign must not count."""
    encoding = make(f"fire{setting}", SHAPE).to(dtype)
    encoding.c.data.fill_(-0.3)
    encoding.factor.data.fill_(1.1)
    return encoding


def laid_out(encoding: Encoding, here: Site) -> Tensor:
    return dense(encoding.bias(here), here)


def psi(x: Tensor | float, c: Tensor) -> Tensor:
    return torch.log(1 + (c * x).abs())


def loop(q: Tensor, k: Tensor, encoding: Encoding, causal: bool) -> Tensor:
    """Every pair and hidden unit by itself; [B, H, Q, K] of attention."""
    c, threshold, plain = encoding.c, THRESHOLD * encoding.factor, content(q, k)

    @cache
    def bias(b: int, i: int, j: int) -> Tensor:
        place = PLACES[b][i]
        share = psi(place - PLACES[b][j], c) / (psi(threshold if place < threshold else float(place), c) + 1e-6)
        total = torch.zeros(HEADS, dtype=q.dtype)
        for unit in range(32):
            before = encoding.widen.weight[unit, 0] * share + encoding.widen.bias[unit]
            if before > 0:
                total = total + encoding.narrow.weight[:, unit] * before
        return total

    return attention(lambda b, h, i, j: plain(b, h, i, j) + bias(b, i, j)[h], LENGTH, causal=causal)


@both_masks
@both_kernels
@both_precisions
def test_attention_and_its_gradients_are_the_papers(
    dtype: torch.dtype, tolerance: float, weights: bool, causal: bool
) -> None:
    encoding = fire(f":threshold={THRESHOLD}", dtype)
    here, inputs = site(torch.tensor(PLACES), dtype, causal), [*encoding.parameters()]

    def oracle(q: Tensor, k: Tensor) -> Tensor:
        return loop(q, k, encoding, causal)

    hold_attention(encoding, oracle, WIDTH, here, dtype, tolerance, weights=weights, inputs=inputs)


def test_behind_a_query_the_input_stays_within_one_at_any_length() -> None:
    share = fire().share(site(torch.arange(997)[None]))[0, 0].tril()
    assert share.min() == 0
    assert share.max() <= 1
    torch.testing.assert_close(share[2:, 0], torch.ones(995), atol=1e-4, rtol=0)  # T is 7/4 * 1.1, below 2


def test_distances_count_in_full_up_to_the_threshold_and_shrink_beyond_it() -> None:
    """With a threshold above every position, only distance decides: the normaliser is frozen."""
    places = torch.tensor([[100, 101, 103, 107]])
    low, high = fire(":threshold=50"), fire(":threshold=500")
    here, there = site(places), site(places + 211)
    torch.testing.assert_close(high.share(here), high.share(there), atol=0, rtol=0)
    behind = here.visible & (here.distance > 0)
    assert (low.share(there)[behind] < 0.99 * low.share(here)[behind]).all()


def test_c_and_the_threshold_start_as_in_the_paper() -> None:
    encoding = make("fire", Shape(width=12, heads=12, layers=1, train_length=2048))
    assert encoding.threshold * encoding.factor.item() == 512
    assert encoding.c.item() == pytest.approx(0.1)
    assert make("fire:threshold=512", SHAPE).threshold == 512


@pytest.mark.parametrize("heads", [1, 3, 37])
def test_it_has_as_many_parameters_as_documented(heads: int) -> None:
    encoding = make("fire", Shape(width=heads, heads=heads, layers=1, train_length=LENGTH))
    assert sum(weight.numel() for weight in encoding.parameters()) == 32 * heads + 66
    assert laid_out(encoding, site(torch.arange(5)[None])).shape == (1, heads, 5, 5)


def test_layers_share_the_bias_of_a_forward_pass() -> None:
    encoding, here = fire(), site(torch.arange(5)[None])
    there = replace(here, layer=1, hidden=torch.ones_like(here.hidden))
    assert laid_out(encoding, here) is laid_out(encoding, there)


def test_a_rate_of_zero_blinds_it_but_breaks_nothing() -> None:
    encoding = fire()
    encoding.c.data.zero_()
    bias = laid_out(encoding, site(torch.arange(5)[None]))
    bias.sum().backward()
    torch.testing.assert_close(bias, bias[..., :1, :1].expand_as(bias))
    assert all(weight.grad.isfinite().all() for weight in encoding.parameters())


def test_a_model_in_bfloat16_reads_distances_in_float32() -> None:
    rounded, places = fire().bfloat16(), torch.arange(4096)[None]
    share = rounded.share(Site.of(torch.zeros(1, 4096, SHAPE.width), places, queries=1))
    assert share.dtype == torch.float32
    assert (share.diff() < 0).all()
    few = torch.arange(4096, 4101)[None]
    torch.testing.assert_close(laid_out(rounded, site(few)), laid_out(rounded.float(), site(few)), atol=0, rtol=0)


def test_a_threshold_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match=r"fire: threshold is -1\.0, but must be above 0, or 0 for a quarter"):
        make("fire:threshold=-1", SHAPE)
