"""No encoding at all: plain causal attention, in loops."""

import torch
from oracle import BATCH, HEADS, attention, both_kernels, both_precisions, build, content, hold_attention, site

from benchmark.encodings.encoding import Site

LENGTH, WIDTH = 5, 7


@both_kernels
@both_precisions
def test_attention_and_its_gradients_in_loops(dtype: torch.dtype, tolerance: float, weights: bool) -> None:
    def oracle(q: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
        return attention(content(q, k), LENGTH)

    here = site(range(LENGTH), dtype=dtype)
    hold_attention(build("none", WIDTH), oracle, WIDTH, here, dtype, tolerance, weights=weights)


def test_it_has_no_hooks_and_no_weights() -> None:
    encoding = build("none", WIDTH)
    x = torch.randn(BATCH, LENGTH, HEADS * WIDTH, generator=torch.Generator().manual_seed(0))
    here = Site.of(x, torch.arange(LENGTH)[None])
    assert encoding.embed(x, here.key_positions) is x
    assert encoding.rotate(x, x, here) == (x, x)
    assert encoding.bias(here) is None
    assert list(encoding.parameters()) == []
