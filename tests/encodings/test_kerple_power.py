"""KERPLE's power kernel against loops over the paper's formula, and against ALiBi, its special case."""

import math

import pytest
import torch
from oracle import BATCH, HEADS, attention, both_kernels, both_masks, both_precisions, content, hold_attention
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.bases import RelativeBias
from benchmark.encodings.encoding import Shape, Site

LENGTH, WIDTH = 7, 5
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=1, train_length=LENGTH)
PLACES = [2, 3, 4, 6, 7, 11, 13]


def loop(q: Tensor, k: Tensor, encoding: RelativeBias, causal: bool) -> Tensor:
    """One score at a time, the power as exp(r2 log distance), and 0 where a token meets itself; [B, H, Q, K]."""
    plain = content(q, k)

    def score(b: int, h: int, i: int, j: int) -> Tensor:
        far = abs(PLACES[i] - PLACES[j])
        cost = torch.exp(encoding.r2[h] * math.log(far)) if far else torch.zeros((), dtype=q.dtype)
        return plain(b, h, i, j) - encoding.r1[h] * cost

    return attention(score, LENGTH, causal=causal)


@both_masks
@both_kernels
@both_precisions
def test_attention_and_its_gradients_are_the_papers(
    dtype: torch.dtype, tolerance: float, weights: bool, causal: bool
) -> None:
    encoding = make("kerple-power", SHAPE).to(dtype)
    hidden = torch.zeros(BATCH, LENGTH, SHAPE.width, dtype=dtype)
    here = Site.of(hidden, torch.tensor([PLACES]), causal=causal)

    def oracle(q: Tensor, k: Tensor) -> Tensor:
        return loop(q, k, encoding, causal)

    inputs = (encoding.r1, encoding.r2)
    hold_attention(encoding, oracle, WIDTH, here, dtype, tolerance, weights=weights, inputs=inputs)


def test_the_power_one_at_alibis_slopes_is_alibi() -> None:
    encoding, alibi, distance = make("kerple-power", SHAPE), make("alibi", SHAPE), torch.arange(-13, 17)
    encoding.r1.data = -alibi.at(torch.tensor(1))
    encoding.r2.data.fill_(1)
    assert (encoding.r1 > 0.01).sum() == HEADS - 1  # the flattest of ALiBi's slopes is 2 ** -8
    torch.testing.assert_close(encoding.at(distance)[0].detach(), alibi.at(distance)[0])
    torch.testing.assert_close(encoding.at(distance)[2].detach(), alibi.at(distance)[2])


def test_both_parameters_are_drawn_from_their_ranges() -> None:
    encoding = make("kerple-power", Shape(width=997, heads=997, layers=1, train_length=LENGTH))
    assert 0 <= encoding.r1.min() < 0.05 < 0.95 < encoding.r1.max() <= 1
    assert 0 <= encoding.r2.min() < 0.05 < 1.95 < encoding.r2.max() <= 2


@pytest.mark.parametrize("power, kept", [(-1.0, 0.01), (3.0, 2.0)])
def test_a_parameter_that_a_step_took_out_of_its_range_counts_as_the_nearest_and_returns(
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
