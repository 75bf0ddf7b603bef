"""PoPE against plain loops over the paper's formula, and against x-transformers."""

import math

import pytest
import torch
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model.attention import scores

BATCH, HEADS, LENGTH, WIDTH = 2, 3, 11, 5
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=1, train_length=LENGTH)
PLACES = [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89]
PRECISIONS = [(torch.float64, 1e-9), (torch.float32, 1e-5)]


def draw(dtype: torch.dtype, seed: int, last: int = WIDTH) -> Tensor:
    draws = torch.Generator().manual_seed(seed)
    return torch.randn(BATCH, HEADS, LENGTH, last, generator=draws, dtype=dtype).requires_grad_()


def pope(settings: str, dtype: torch.dtype) -> Encoding:
    """With offsets within their range and outside it."""
    encoding = make(f"pope{settings}", SHAPE).to(dtype)
    torch.nn.init.uniform_(encoding.delta, -9, 2, generator=torch.Generator().manual_seed(5))
    return encoding


def loop(q: Tensor, k: Tensor, delta: Tensor, base: float) -> Tensor:
    """One score at a time, of every pair of places; [B, H, Q, K]."""
    theta = torch.tensor([math.exp(-c / WIDTH * math.log(base)) for c in range(WIDTH)], dtype=q.dtype)
    rows = []
    for b in range(BATCH):
        for h in range(HEADS):
            offset = delta[h].clamp(-2 * math.pi, 0)
            for i, its_place in enumerate(PLACES):
                for j, place in enumerate(PLACES):
                    magnitudes = torch.log1p(torch.exp(q[b, h, i])) * torch.log1p(torch.exp(k[b, h, j]))
                    rows.append((magnitudes * torch.cos((its_place - place) * theta - offset)).sum())
    return torch.stack(rows).view(BATCH, HEADS, LENGTH, LENGTH) / math.sqrt(WIDTH)


@pytest.mark.parametrize("settings, base", [("", 10000.0), (":base=97", 97.0)])
@pytest.mark.parametrize("dtype, tolerance", PRECISIONS)
def test_scores_and_their_gradients_are_the_papers(
    settings: str, base: float, dtype: torch.dtype, tolerance: float
) -> None:
    encoding, q, k = pope(settings, dtype), draw(dtype, 0), draw(dtype, 1)
    hidden = torch.zeros(BATCH, LENGTH, SHAPE.width, dtype=dtype)
    site = Site.of(hidden, torch.tensor([PLACES]), causal=False)
    ours = scores(*encoding.rotate(q, k, site), site, encoding, 1 / math.sqrt(WIDTH))
    theirs = loop(q, k, encoding.delta, base)
    torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=tolerance)
    inputs, downstream = (q, k, encoding.delta), draw(dtype, 2, LENGTH).detach()
    mine, wanted = (torch.autograd.grad(each, inputs, downstream) for each in (ours, theirs))
    for each, expected in zip(mine, wanted, strict=True):
        torch.testing.assert_close(each, expected, atol=tolerance * expected.abs().amax().item(), rtol=tolerance)


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")  # of x-transformers
def test_equals_x_transformers() -> None:
    from x_transformers.x_transformers import PolarEmbedding, apply_polar_pos_emb

    encoding, q, k = pope("", torch.float32), draw(torch.float32, 0), draw(torch.float32, 1)
    theirs = PolarEmbedding(WIDTH, HEADS)
    theirs.learned_bias.data.copy_(encoding.delta.data[:, None])
    freqs, offset = theirs(torch.arange(LENGTH))
    wanted = apply_polar_pos_emb(q, freqs[:, None]), apply_polar_pos_emb(k, freqs[:, None] + offset)
    site = Site.of(torch.zeros(BATCH, LENGTH, SHAPE.width), torch.arange(LENGTH)[None])
    ours = encoding.rotate(q, k, site)
    torch.testing.assert_close(ours, wanted, atol=1e-5, rtol=1e-5)
    downstream = draw(torch.float32, 2, 2 * WIDTH).detach(), draw(torch.float32, 3, 2 * WIDTH).detach()
    mine = torch.autograd.grad(ours, (q, k, encoding.delta), downstream)
    *expected, by_offset = torch.autograd.grad(wanted, (q, k, theirs.learned_bias), downstream)
    torch.testing.assert_close(mine, (*expected, by_offset[:, 0]), atol=1e-5, rtol=1e-5)


def test_offsets_start_at_zero_or_anywhere_in_their_range() -> None:
    assert make("pope", SHAPE).delta.count_nonzero() == 0
    drawn = make("pope:uniform=true", Shape(width=97, heads=1, layers=1, train_length=LENGTH)).delta
    assert drawn.min() < -5 < -1 < drawn.max()
    assert drawn.min() >= -2 * math.pi


def test_a_base_that_turns_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="pope: base is 1"):
        make("pope:base=1", SHAPE)
