"""FoX against loops over the paper's formula."""

import math

import pytest
import torch
from oracle import BATCH, HEADS, both_kernels, both_precisions, draw, hold_attention
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.encodings.fox import Fox

LENGTH, WIDTH = 7, 5
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=1, train_length=LENGTH)


def loop(q: Tensor, k: Tensor, x: Tensor, encoding: Encoding) -> Tensor:
    """softmax over j <= i of q_i . k_j / sqrt(D) times the gates from j + 1 to i, multiplied; [B, H, Q, K]."""
    weight, offset = encoding.gate.weight, encoding.gate.bias
    rows = []
    for b in range(BATCH):
        for h in range(HEADS):
            gates = [1 / (1 + torch.exp(-(weight[h] * x[b, t]).sum() - offset[h])) for t in range(LENGTH)]
            for i in range(LENGTH):
                powers, left = [], torch.ones((), dtype=q.dtype)
                for j in range(i, -1, -1):
                    powers.append(left * torch.exp((q[b, h, i] * k[b, h, j]).sum() / math.sqrt(WIDTH)))
                    left = left * gates[j]
                row = torch.stack(powers[::-1]) / sum(powers)
                rows.append(torch.cat((row, row.new_zeros(LENGTH - i - 1))))
    return torch.stack(rows).view(BATCH, HEADS, LENGTH, LENGTH)


@both_kernels
@both_precisions
def test_attention_and_its_gradients_are_the_papers(dtype: torch.dtype, tolerance: float, weights: bool) -> None:
    hold_to_the_paper(make("fox", SHAPE), dtype, tolerance, weights)


def hold_to_the_paper(encoding: Encoding, dtype: torch.dtype, tolerance: float, weights: bool) -> None:
    encoding.to(dtype)
    torch.nn.init.normal_(encoding.gate.bias, generator=torch.Generator().manual_seed(5))
    x = draw(BATCH, LENGTH, SHAPE.width, dtype=dtype, seed=3)

    def oracle(q: Tensor, k: Tensor) -> Tensor:
        return loop(q, k, x, encoding)

    here, inputs = Site.of(x, torch.arange(LENGTH)[None]), (x, encoding.gate.weight, encoding.gate.bias)
    hold_attention(encoding, oracle, WIDTH, here, dtype, tolerance, weights=weights, inputs=inputs)


class WrongSign(Fox):
    """Adds what is forgotten on the way, which keeps every promise of the contract."""

    def kept(self, hidden: Tensor) -> Tensor:
        return -super().kept(hidden)


class WrongDirection(Fox):
    """Sums gates from the last token back, which keeps every promise of the contract."""

    def kept(self, hidden: Tensor) -> Tensor:
        return super().kept(hidden.flip(1)).flip(-1)


@pytest.mark.parametrize("planted", [WrongSign, WrongDirection])
def test_a_planted_fault_is_caught(planted: type[Fox]) -> None:
    with pytest.raises(AssertionError, match="not close"):
        hold_to_the_paper(planted(SHAPE), torch.float64, 1e-9, weights=False)


def test_a_fresh_gate_keeps_half_a_token_and_the_query_keeps_itself() -> None:
    site = Site.of(torch.zeros(1, LENGTH, SHAPE.width), torch.arange(LENGTH)[None])
    bias = make("fox", SHAPE).bias(site)
    for query in range(LENGTH):
        for key in range(query + 1):
            assert bias[0, 0, query, key].item() == pytest.approx((query - key) * math.log(0.5), abs=1e-5)


def test_bfloat16_gates_are_summed_in_float32() -> None:
    length = 2048
    encoding = make("fox", SHAPE).bfloat16()
    site = Site.of(torch.zeros(1, length, SHAPE.width, dtype=torch.bfloat16), torch.arange(length)[None], queries=1)
    bias = encoding.bias(site)
    assert bias.dtype == torch.float32
    assert bias[0, 0, 0, 0].item() == pytest.approx((length - 1) * math.log(0.5), rel=1e-4)
