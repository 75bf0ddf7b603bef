"""GRAPE-AP against loops over the paper's formula, in complex numbers."""

import cmath
import math
from dataclasses import replace

import pytest
import torch
from oracle import (
    BATCH,
    HEADS,
    LENGTH,
    PLACES,
    attention,
    both_kernels,
    both_precisions,
    build,
    content,
    draw,
    hold_attention,
)
from torch import Tensor

from benchmark.encodings.encoding import Encoding, Site

WIDTH = 5
SLOPES = [1 / 16, 1 / 256, 1 / 4]  # of ALiBi with three heads


def path(x: Tensor, encoding: Encoding, width: int) -> Tensor:
    """The edge of every query and token, one at a time, [B, H, Q, K]."""
    probes = encoding.probe.weight.view(HEADS, width, -1)
    edges = torch.zeros(BATCH, HEADS, LENGTH, LENGTH, dtype=x.dtype)
    for b in range(BATCH):
        for h in range(HEADS):
            p = [torch.stack([(row * x[b, t]).sum() for row in probes[h]]) for t in range(LENGTH)]
            for t in range(LENGTH):
                size = (p[t].square().sum() / width).sqrt()
                pairs = torch.complex(*(p[t] / size).chunk(2)) * cmath.exp(1j * PLACES[t])
                for i in range(t, LENGTH):
                    meeting = (torch.complex(*p[i].chunk(2)) * pairs.conj()).real.sum() / width
                    edges[b, h, i, t] = -torch.log(1 + torch.exp(-meeting)) * SLOPES[h]
    return edges


@both_kernels
@pytest.mark.parametrize("settings, width", [("", 8), (":width=4", 4)])
@both_precisions
def test_attention_and_its_gradients_are_the_papers(
    dtype: torch.dtype, tolerance: float, settings: str, width: int, weights: bool
) -> None:
    encoding = build(f"grape-ap{settings}", WIDTH).to(dtype)
    x = draw(BATCH, LENGTH, HEADS * WIDTH, dtype=dtype, seed=3)

    def oracle(q: Tensor, k: Tensor) -> Tensor:
        plain, edges = content(q, k), path(x, encoding, width)

        def score(b: int, h: int, i: int, j: int) -> Tensor:
            return plain(b, h, i, j) + edges[b, h, i, j + 1 : i + 1].sum()

        return attention(score)

    here, inputs = Site.of(x, torch.tensor([PLACES])), (x, encoding.probe.weight)
    hold_attention(encoding, oracle, WIDTH, here, dtype, tolerance, weights=weights, inputs=inputs)


def bias(encoding: Encoding, here: Site) -> Tensor:
    """The bias of a site where keys are visible."""
    return encoding.bias(here).masked_fill(~here.visible, 0)


def test_it_is_not_relative() -> None:
    encoding, x = build("grape-ap", WIDTH).double(), draw(BATCH, LENGTH, HEADS * WIDTH, seed=3)
    near, far = (bias(encoding, Site.of(x, torch.arange(LENGTH)[None] + shift)) for shift in (0, 3))
    assert (near - far).abs().amax() > 0.1
    assert not encoding.relative


def test_a_token_lowers_all_earlier_keys_alike_and_hidden_ones_lower_nothing() -> None:
    encoding, x, place = build("grape-ap", WIDTH).double(), draw(BATCH, LENGTH, HEADS * WIDTH, seed=3), 4
    here = Site.of(x, torch.arange(LENGTH)[None])
    visible = here.visible.clone()
    visible[..., place + 1 :, place] = False
    before, after = bias(encoding, here), bias(encoding, replace(here, mask=visible))
    lowered = (after - before)[..., place + 1 :, :]
    torch.testing.assert_close(lowered[..., place + 1 :], torch.zeros_like(lowered[..., place + 1 :]))
    torch.testing.assert_close(lowered[..., :place], lowered[..., :1].expand_as(lowered[..., :place]))
    assert (lowered[..., 0] > 0).all()


def test_a_probe_of_nothing_is_a_share_of_alibi() -> None:
    encoding = build("grape-ap", WIDTH)
    torch.nn.init.zeros_(encoding.probe.weight)
    here = Site.of(torch.ones(BATCH, LENGTH, HEADS * WIDTH), torch.arange(LENGTH)[None])
    steps = (here.distance * math.log(2)).clamp(min=0) * torch.tensor(SLOPES)[:, None, None]
    torch.testing.assert_close(bias(encoding, here), -steps.expand(BATCH, -1, -1, -1))


@pytest.mark.parametrize("width", [0, 3])
def test_an_odd_width_is_refused(width: int) -> None:
    with pytest.raises(ValueError, match=f"grape-ap: width is {width}, but must be an even number"):
        build(f"grape-ap:width={width}", WIDTH)
