"""KERPLE's logarithmic kernel against loops over the paper's formula."""

import math

import torch
from oracle import BATCH, HEADS, both_kernels, both_masks, both_precisions, hold_attention, table
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.bases import RelativeBias
from benchmark.encodings.encoding import Shape, Site

LENGTH, WIDTH = 7, 5
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=1, train_length=LENGTH)
PLACES = [2, 3, 5, 11, 13, 29, 31]


def loop(q: Tensor, k: Tensor, encoding: RelativeBias, causal: bool) -> Tensor:
    """exp(q_i . k_j / sqrt(D)) over (1 + r2 |i - j|) to the power r1, normalised; [B, H, Q, K]."""

    def power(i: int, j: int) -> Tensor:
        content = torch.exp((q[:, :, i] * k[:, :, j]).sum(-1) / math.sqrt(WIDTH))
        visible = j <= i or not causal
        return visible * content / (1 + encoding.r2 * abs(PLACES[i] - PLACES[j])) ** encoding.r1

    powers = table(power, LENGTH, LENGTH)
    return powers / powers.sum(-1, keepdim=True)


@both_masks
@both_kernels
@both_precisions
def test_attention_and_its_gradients_are_the_papers(
    dtype: torch.dtype, tolerance: float, weights: bool, causal: bool
) -> None:
    encoding = make("kerple-log", SHAPE).to(dtype)
    hidden = torch.zeros(BATCH, LENGTH, SHAPE.width, dtype=dtype)
    here = Site.of(hidden, torch.tensor([PLACES]), causal=causal)

    def oracle(q: Tensor, k: Tensor) -> Tensor:
        return loop(q, k, encoding, causal)

    inputs = (encoding.r1, encoding.r2)
    hold_attention(encoding, oracle, WIDTH, here, dtype, tolerance, weights=weights, inputs=inputs)


def test_both_parameters_are_drawn_from_their_ranges() -> None:
    encoding = make("kerple-log", Shape(width=997, heads=997, layers=1, train_length=LENGTH))
    assert 0 <= encoding.r1.min() < 0.05 < 1.95 < encoding.r1.max() <= 2
    assert 0 <= encoding.r2.min() < 0.05 < 0.95 < encoding.r2.max() <= 1


def test_a_parameter_that_a_step_made_too_small_counts_as_the_smallest_and_returns() -> None:
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
