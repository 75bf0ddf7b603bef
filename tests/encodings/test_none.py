"""No encoding at all: plain causal attention, in loops."""

import math

import pytest
import torch

from benchmark.encodings import make
from benchmark.encodings.encoding import Shape, Site
from benchmark.model.attention import attend

BATCH, HEADS, LENGTH, WIDTH = 2, 3, 5, 7


@pytest.mark.parametrize("weights", [False, True], ids=["fused", "eager"])
@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-9), (torch.float32, 1e-5)])
def test_attention_and_its_gradients_in_loops(dtype: torch.dtype, tolerance: float, weights: bool) -> None:
    draws = torch.Generator().manual_seed(0)
    shape = (BATCH, HEADS, LENGTH, WIDTH)
    q, k, v, downstream = (torch.randn(shape, generator=draws, dtype=dtype) for _ in range(4))
    for each in (q, k, v):
        each.requires_grad_()
    encoding = make("none", Shape(width=HEADS * WIDTH, heads=HEADS, layers=1, train_length=LENGTH))
    site = Site.of(torch.zeros(BATCH, LENGTH, HEADS * WIDTH, dtype=dtype), torch.arange(LENGTH)[None])
    ours, _ = attend(q, k, v, site, encoding, scale=1 / math.sqrt(WIDTH), weights=weights)
    rows = []
    for b in range(BATCH):
        for h in range(HEADS):
            for i in range(LENGTH):
                powers = [torch.exp((q[b, h, i] * k[b, h, j]).sum() / math.sqrt(WIDTH)) for j in range(i + 1)]
                rows.append(sum(power * v[b, h, j] for j, power in enumerate(powers)) / sum(powers))
    theirs = torch.stack(rows).view(shape)
    torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=tolerance)
    mine, wanted = (torch.autograd.grad(each, (q, k, v), downstream) for each in (ours, theirs))
    torch.testing.assert_close(mine, wanted, atol=tolerance, rtol=tolerance)


def test_it_adds_turns_and_weighs_nothing() -> None:
    encoding = make("none", Shape(width=21, heads=HEADS, layers=1, train_length=LENGTH))
    x = torch.randn(BATCH, LENGTH, 21, generator=torch.Generator().manual_seed(0))
    site = Site.of(x, torch.arange(LENGTH)[None])
    assert encoding.embed(x, site.key_positions) is x
    assert encoding.rotate(x, x, site) == (x, x)
    assert encoding.bias(site) is None
    assert list(encoding.parameters()) == []
