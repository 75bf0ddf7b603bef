"""FIRE against plain loops over the paper's formula."""

import math

import pytest
import torch
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model.attention import attend

BATCH, HEADS, LENGTH, WIDTH = 2, 3, 7, 5
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=1, train_length=LENGTH)
PLACES = [[0, 1, 2, 3, 5, 11, 31], [2, 3, 5, 7, 13, 17, 19]]  # with gaps, and not the same in both rows
THRESHOLD = 6.0


def draw(*sizes: int, dtype: torch.dtype, seed: int) -> Tensor:
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed), dtype=dtype).requires_grad_()


def site(positions: Tensor, dtype: torch.dtype = torch.float32, causal: bool = True) -> Site:
    hidden = torch.zeros(len(positions), positions.shape[1], SHAPE.width, dtype=dtype)
    return Site.of(hidden, positions, causal=causal)


def fire(setting: str = "", dtype: torch.dtype = torch.float32) -> Encoding:
    """With c and T as if training had moved them; c to where its sign must not count."""
    encoding = make(f"fire{setting}", SHAPE).to(dtype)
    encoding.c.data.fill_(-0.3)
    encoding.factor.data.fill_(1.1)
    return encoding


def psi(x: Tensor | float, c: Tensor) -> Tensor:
    return torch.log(1 + (c * x).abs())


def loop(q: Tensor, k: Tensor, encoding: Encoding, causal: bool) -> Tensor:
    """Every pair, head and hidden unit by itself; [B, H, Q, K] of attention."""
    c, threshold = encoding.c, THRESHOLD * encoding.factor
    rows = []
    for b in range(BATCH):
        for h in range(HEADS):
            for i in range(LENGTH):
                raw = []
                farthest = threshold if PLACES[b][i] < threshold else float(PLACES[b][i])
                for j in range(i + 1 if causal else LENGTH):
                    share = psi(PLACES[b][i] - PLACES[b][j], c) / (psi(farthest, c) + 1e-6)
                    bias = torch.zeros((), dtype=q.dtype)
                    for unit in range(32):
                        before = encoding.widen.weight[unit, 0] * share + encoding.widen.bias[unit]
                        if before > 0:
                            bias = bias + encoding.narrow.weight[h, unit] * before
                    raw.append((q[b, h, i] * k[b, h, j]).sum() / math.sqrt(WIDTH) + bias)
                row = torch.stack(raw).softmax(0)
                rows.append(torch.cat((row, row.new_zeros(LENGTH - len(row)))))
    return torch.stack(rows).view(BATCH, HEADS, LENGTH, LENGTH)


@pytest.mark.parametrize("causal", [True, False], ids=["causal", "both-ways"])
@pytest.mark.parametrize("weights", [False, True], ids=["fused", "eager"])
@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-9), (torch.float32, 1e-5)])
def test_attention_and_its_gradients_are_the_papers(
    dtype: torch.dtype, tolerance: float, weights: bool, causal: bool
) -> None:
    encoding = fire(f":threshold={THRESHOLD}", dtype)
    q, k, v = (draw(BATCH, HEADS, LENGTH, WIDTH, dtype=dtype, seed=seed) for seed in range(3))
    here = site(torch.tensor(PLACES), dtype, causal)
    ours, _ = attend(q, k, v, here, encoding, scale=1 / math.sqrt(WIDTH), weights=weights)
    theirs = loop(q, k, encoding, causal) @ v
    torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=tolerance)
    downstream = draw(*ours.shape, dtype=dtype, seed=4).detach()
    inputs = (q, k, v, *encoding.parameters())
    mine, wanted = (torch.autograd.grad(each, inputs, downstream) for each in (ours, theirs))
    torch.testing.assert_close(mine, wanted, atol=tolerance, rtol=tolerance)


def test_behind_a_query_the_input_stays_within_one_at_any_length() -> None:
    share = fire().share(site(torch.arange(997)[None]))[0, 0].tril()
    assert share.min() == 0
    assert share.max() <= 1
    torch.testing.assert_close(share[2:, 0], torch.ones(995), atol=1e-4, rtol=0)  # T is 7/4 * 1.1, below 2


def test_distances_count_as_they_are_up_to_the_threshold_and_shrink_past_it() -> None:
    """And so a threshold above every position leaves distance alone to decide: the normaliser is frozen."""
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
def test_as_many_parameters_as_are_told(heads: int) -> None:
    encoding = make("fire", Shape(width=heads, heads=heads, layers=1, train_length=LENGTH))
    assert sum(weight.numel() for weight in encoding.parameters()) == 32 * heads + 66
    assert encoding.bias(site(torch.arange(5)[None])).shape == (1, heads, 5, 5)


def test_layers_share_the_bias_of_a_forward_pass() -> None:
    encoding, here = fire(), site(torch.arange(5)[None])
    assert encoding.bias(here) is encoding.bias(here.at_layer(1, torch.ones_like(here.hidden)))


def test_a_rate_of_zero_blinds_it_but_breaks_nothing() -> None:
    encoding = fire()
    encoding.c.data.zero_()
    bias = encoding.bias(site(torch.arange(5)[None]))
    bias.sum().backward()
    torch.testing.assert_close(bias, bias[..., :1, :1].expand_as(bias))
    assert all(weight.grad.isfinite().all() for weight in encoding.parameters())


def test_a_model_in_bfloat16_reads_distances_in_float32() -> None:
    rounded, places = fire().bfloat16(), torch.arange(4096)[None]
    share = rounded.share(Site.of(torch.zeros(1, 4096, SHAPE.width), places, queries=1))
    assert share.dtype == torch.float32
    assert (share.diff() < 0).all()
    few = torch.arange(4096, 4101)[None]
    torch.testing.assert_close(rounded.bias(site(few)), rounded.float().bias(site(few)), atol=0, rtol=0)


def test_a_threshold_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match=r"fire: threshold is -1\.0, but must be above 0, or 0 for a quarter"):
        make("fire:threshold=-1", SHAPE)
