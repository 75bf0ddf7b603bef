"""KERPLE's power kernel against plain loops over the paper's formula, and against ALiBi, its special case."""

import math

import pytest
import torch
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import RelativeBias, Shape, Site
from benchmark.model.attention import attend

BATCH, HEADS, LENGTH, WIDTH = 2, 3, 7, 5
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=1, train_length=LENGTH)
PLACES = [2, 3, 4, 6, 7, 11, 13]


def draw(*sizes: int, dtype: torch.dtype, seed: int) -> Tensor:
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed), dtype=dtype).requires_grad_()


def loop(q: Tensor, k: Tensor, encoding: RelativeBias, causal: bool) -> Tensor:
    """One weight at a time, the power as exp(r2 log distance), and 0 where a token meets itself; [B, H, Q, K]."""
    rows = []
    for b in range(BATCH):
        for h in range(HEADS):
            for i in range(LENGTH):
                raw = []
                for j in range(i + 1 if causal else LENGTH):
                    far = abs(PLACES[i] - PLACES[j])
                    cost = torch.exp(encoding.r2[h] * math.log(far)) if far else torch.zeros((), dtype=q.dtype)
                    raw.append((q[b, h, i] * k[b, h, j]).sum() / math.sqrt(WIDTH) - encoding.r1[h] * cost)
                row = torch.stack(raw).softmax(0)
                rows.append(torch.cat((row, row.new_zeros(LENGTH - len(row)))))
    return torch.stack(rows).view(BATCH, HEADS, LENGTH, LENGTH)


@pytest.mark.parametrize("causal", [True, False], ids=["causal", "both-ways"])
@pytest.mark.parametrize("weights", [False, True], ids=["fused", "eager"])
@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-9), (torch.float32, 1e-5)])
def test_attention_and_its_gradients_are_the_papers(
    dtype: torch.dtype, tolerance: float, weights: bool, causal: bool
) -> None:
    encoding = make("kerple-power", SHAPE).to(dtype)
    q, k, v = (draw(BATCH, HEADS, LENGTH, WIDTH, dtype=dtype, seed=seed) for seed in range(3))
    site = Site.of(torch.zeros(BATCH, LENGTH, SHAPE.width, dtype=dtype), torch.tensor([PLACES]), causal=causal)
    ours, _ = attend(q, k, v, site, encoding, scale=1 / math.sqrt(WIDTH), weights=weights)
    theirs = loop(q, k, encoding, causal) @ v
    torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=tolerance)
    downstream = draw(*ours.shape, dtype=dtype, seed=4).detach()
    inputs = (q, k, v, encoding.r1, encoding.r2)
    mine, wanted = (torch.autograd.grad(each, inputs, downstream) for each in (ours, theirs))
    torch.testing.assert_close(mine, wanted, atol=tolerance, rtol=tolerance)


def test_the_power_one_at_alibis_slopes_is_alibi() -> None:
    encoding, alibi, distance = make("kerple-power", SHAPE), make("alibi", SHAPE), torch.arange(-13, 17)
    encoding.r1.data = -alibi.at(torch.tensor(1))
    encoding.r2.data.fill_(1)
    assert (encoding.r1 > 0.01).sum() == HEADS - 1  # the flattest of ALiBi's slopes is 2 ** -8
    torch.testing.assert_close(encoding.at(distance)[0].detach(), alibi.at(distance)[0])
    torch.testing.assert_close(encoding.at(distance)[2].detach(), alibi.at(distance)[2])


def test_both_numbers_are_drawn_from_their_ranges() -> None:
    encoding = make("kerple-power", Shape(width=997, heads=997, layers=1, train_length=LENGTH))
    assert 0 <= encoding.r1.min() < 0.05 < 0.95 < encoding.r1.max() <= 1
    assert 0 <= encoding.r2.min() < 0.05 < 1.95 < encoding.r2.max() <= 2


@pytest.mark.parametrize("power, kept", [(-1.0, 0.01), (3.0, 2.0)])
def test_a_number_that_a_step_took_out_of_its_range_counts_as_the_nearest_and_comes_back(
    power: float, kept: float
) -> None:
    encoding, distance = make("kerple-power", SHAPE), torch.tensor([0, 7])
    encoding.r1.data.fill_(-1)
    encoding.r2.data.fill_(power)
    wanted = torch.tensor([0, -0.01 * 7**kept]).expand(HEADS, -1)
    torch.testing.assert_close(encoding.at(distance).detach(), wanted)
    encoding.schedule(0.5)
    torch.testing.assert_close(encoding.at(distance).detach(), wanted)
    encoding.at(distance).sum().backward()
    assert encoding.r1.grad.count_nonzero() == encoding.r2.grad.count_nonzero() == HEADS


def test_a_model_in_bfloat16_counts_distances_in_float32() -> None:
    rounded, far = make("kerple-power", SHAPE).bfloat16(), torch.arange(4096, 4099)
    bias = rounded.at(far)
    assert bias.dtype == torch.float32
    assert (bias.diff() < 0).all()
    torch.testing.assert_close(bias, rounded.float().at(far), atol=0, rtol=0)
