"""PoPE against the paper's formula, one score at a time, and against x-transformers."""

import math

import pytest
import torch
from oracle import HEADS, LENGTH, PLACES, agree, both_precisions, build, per_head, site, table
from torch import Tensor

from benchmark.encodings.encoding import Encoding
from benchmark.model.attention import scores

WIDTH = 5


def pope(settings: str, dtype: torch.dtype) -> Encoding:
    """With offsets within their range and outside it."""
    encoding = build(f"pope{settings}", WIDTH).to(dtype)
    torch.nn.init.uniform_(encoding.delta, -9, 2, generator=torch.Generator().manual_seed(5))
    return encoding


def loop(q: Tensor, k: Tensor, delta: Tensor, base: float) -> Tensor:
    """One score at a time, for every pair of positions; [B, H, Q, K]."""
    theta = torch.tensor([math.exp(-c / WIDTH * math.log(base)) for c in range(WIDTH)], dtype=q.dtype)
    offset = delta.clamp(-2 * math.pi, 0)

    def score(i: int, j: int) -> Tensor:
        magnitudes = torch.log1p(torch.exp(q[:, :, i])) * torch.log1p(torch.exp(k[:, :, j]))
        return (magnitudes * torch.cos((PLACES[i] - PLACES[j]) * theta - offset)).sum(-1) / math.sqrt(WIDTH)

    return table(score)


@pytest.mark.parametrize("settings, base", [("", 10000.0), (":base=97", 97.0)])
@both_precisions
def test_scores_and_their_gradients_are_the_papers(
    settings: str, base: float, dtype: torch.dtype, tolerance: float
) -> None:
    encoding, q, k = pope(settings, dtype), per_head(WIDTH, dtype), per_head(WIDTH, dtype, seed=1)
    here = site(PLACES, dtype=dtype, causal=False)
    ours = scores(*encoding.rotate(q, k, here), here, encoding, 1 / math.sqrt(WIDTH))
    agree(
        ours,
        loop(q, k, encoding.delta, base),
        (q, k, encoding.delta),
        tolerance,
        gradient_tolerance=lambda expected: tolerance * expected.abs().amax().item(),
    )


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")  # of x-transformers
def test_equals_x_transformers() -> None:
    from x_transformers.x_transformers import PolarEmbedding, apply_polar_pos_emb

    encoding, q, k = pope("", torch.float32), *(per_head(WIDTH, torch.float32, seed) for seed in range(2))
    theirs = PolarEmbedding(WIDTH, HEADS)
    theirs.learned_bias.data.copy_(encoding.delta.data[:, None])
    freqs, offset = theirs(torch.arange(LENGTH))
    wanted = apply_polar_pos_emb(q, freqs[:, None]), apply_polar_pos_emb(k, freqs[:, None] + offset)
    ours = encoding.rotate(q, k, site())
    torch.testing.assert_close(ours, wanted, atol=1e-5, rtol=1e-5)
    downstream = [per_head(2 * WIDTH, torch.float32, seed).detach() for seed in (2, 3)]
    mine = torch.autograd.grad(ours, (q, k, encoding.delta), downstream)
    *expected, by_offset = torch.autograd.grad(wanted, (q, k, theirs.learned_bias), downstream)
    torch.testing.assert_close(mine, (*expected, by_offset[:, 0]), atol=1e-5, rtol=1e-5)


def test_offsets_start_at_zero_or_anywhere_in_their_range() -> None:
    assert build("pope", WIDTH).delta.count_nonzero() == 0
    drawn = build("pope:uniform=true", 97, heads=1).delta
    assert drawn.min() < -5 < -1 < drawn.max()
    assert drawn.min() >= -2 * math.pi


def test_a_base_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="pope: base is 1"):
        build("pope:base=1", WIDTH)
