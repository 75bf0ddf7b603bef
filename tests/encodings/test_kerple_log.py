"""KERPLE's logarithmic kernel against plain loops over the paper's formula."""

import math

import pytest
import torch
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import RelativeBias, Shape, Site
from benchmark.model.attention import attend

BATCH, HEADS, LENGTH, WIDTH = 2, 3, 7, 5
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=1, train_length=LENGTH)
PLACES = [2, 3, 5, 11, 13, 29, 31]


def draw(*sizes: int, dtype: torch.dtype, seed: int) -> Tensor:
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed), dtype=dtype).requires_grad_()


def loop(q: Tensor, k: Tensor, encoding: RelativeBias, causal: bool) -> Tensor:
    """exp(q_i . k_j / sqrt(D)) over (1 + r2 |i - j|) to the power r1, normalised; [B, H, Q, K]."""
    rows = []
    for b in range(BATCH):
        for h in range(HEADS):
            for i in range(LENGTH):
                powers = []
                for j in range(i + 1 if causal else LENGTH):
                    content = torch.exp((q[b, h, i] * k[b, h, j]).sum() / math.sqrt(WIDTH))
                    powers.append(content / (1 + encoding.r2[h] * abs(PLACES[i] - PLACES[j])) ** encoding.r1[h])
                row = torch.stack(powers) / sum(powers)
                rows.append(torch.cat((row, row.new_zeros(LENGTH - len(row)))))
    return torch.stack(rows).view(BATCH, HEADS, LENGTH, LENGTH)


@pytest.mark.parametrize("causal", [True, False], ids=["causal", "both-ways"])
@pytest.mark.parametrize("weights", [False, True], ids=["fused", "eager"])
@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-9), (torch.float32, 1e-5)])
def test_attention_and_its_gradients_are_the_papers(
    dtype: torch.dtype, tolerance: float, weights: bool, causal: bool
) -> None:
    encoding = make("kerple-log", SHAPE).to(dtype)
    q, k, v = (draw(BATCH, HEADS, LENGTH, WIDTH, dtype=dtype, seed=seed) for seed in range(3))
    site = Site.of(torch.zeros(BATCH, LENGTH, SHAPE.width, dtype=dtype), torch.tensor([PLACES]), causal=causal)
    ours, _ = attend(q, k, v, site, encoding, scale=1 / math.sqrt(WIDTH), weights=weights)
    theirs = loop(q, k, encoding, causal) @ v
    torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=tolerance)
    downstream = draw(*ours.shape, dtype=dtype, seed=4).detach()
    inputs = (q, k, v, encoding.r1, encoding.r2)
    mine, wanted = (torch.autograd.grad(each, inputs, downstream) for each in (ours, theirs))
    torch.testing.assert_close(mine, wanted, atol=tolerance, rtol=tolerance)


def test_both_numbers_are_drawn_from_their_ranges() -> None:
    encoding = make("kerple-log", Shape(width=997, heads=997, layers=1, train_length=LENGTH))
    assert 0 <= encoding.r1.min() < 0.05 < 1.95 < encoding.r1.max() <= 2
    assert 0 <= encoding.r2.min() < 0.05 < 0.95 < encoding.r2.max() <= 1


def test_a_number_that_a_step_took_too_low_counts_as_the_smallest_and_comes_back() -> None:
    encoding, distance = make("kerple-log", SHAPE), torch.tensor([0, 7])
    encoding.r1.data.fill_(-1)
    encoding.r2.data.fill_(-1)
    wanted = torch.tensor([0, -0.01 * math.log(1.07)]).expand(HEADS, -1)
    torch.testing.assert_close(encoding.at(distance).detach(), wanted)
    encoding.schedule(0.5)
    torch.testing.assert_close(encoding.at(distance).detach(), wanted)
    encoding.at(distance).sum().backward()
    assert encoding.r1.grad.count_nonzero() == encoding.r2.grad.count_nonzero() == HEADS


def test_a_model_in_bfloat16_counts_distances_in_float32() -> None:
    rounded, far = make("kerple-log", SHAPE).bfloat16(), torch.arange(4096, 4099)
    bias = rounded.at(far)
    assert bias.dtype == torch.float32
    assert (bias.diff() < 0).all()
    torch.testing.assert_close(bias, rounded.float().at(far), atol=0, rtol=0)
