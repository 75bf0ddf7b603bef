"""xPos against the paper's formula, one score at a time, and against x-transformers."""

import math

import pytest
import torch
from oracle import (
    BATCH,
    LENGTH,
    PLACES,
    agree,
    both_kernels,
    both_precisions,
    build,
    per_head,
    products,
    site,
    table,
)
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Shape, Site
from benchmark.model.attention import attend


def loop(q: Tensor, k: Tensor, places: list[int], base: float, scale_base: float) -> Tensor:
    """The score of every two places, pair by pair, from their distance only: no query or key is ever turned."""
    pairs = q.shape[-1] // 2

    def score(i: int, j: int) -> Tensor:
        query, key, distance = q[..., i, :], k[..., j, :], places[i] - places[j]
        total = (query[..., 2 * pairs :] * key[..., 2 * pairs :]).sum(-1)
        for m in range(pairs):
            angle = distance * math.exp(-m / pairs * math.log(base))
            kept = ((m / pairs + 0.4) / 1.4) ** (distance / scale_base)
            a, b, c, d = query[..., m], query[..., m + pairs], key[..., m], key[..., m + pairs]
            total = total + kept * ((a * c + b * d) * math.cos(angle) + (a * d - b * c) * math.sin(angle))
        return total

    return table(score)


@pytest.mark.parametrize(
    "width, settings, base, scale_base",
    [(10, "", 10000.0, 512.0), (7, "", 10000.0, 512.0), (10, ":base=97:scale_base=31", 97.0, 31.0)],
)
@both_precisions
def test_scores_and_their_gradients_are_the_papers(
    width: int, settings: str, base: float, scale_base: float, dtype: torch.dtype, tolerance: float
) -> None:
    q, k = per_head(width, dtype), per_head(width, dtype, seed=1)
    ours = products(build(f"xpos{settings}", width), q, k, site(PLACES)).tril()
    theirs = loop(q, k, PLACES, base, scale_base).tril()
    agree(ours, theirs, (q, k), tolerance, gradient_tolerance=lambda expected: 10 * tolerance)


def test_each_row_may_have_positions_of_its_own() -> None:
    positions = torch.tensor([range(11), range(100, 133, 3)])
    q, k = per_head(7), per_head(7, seed=1)
    ours = products(build("xpos", 7), q, k, site(positions))
    for row in range(BATCH):
        expected = loop(q, k, positions[row].tolist(), 10000.0, 512.0)[row]
        torch.testing.assert_close(ours[row], expected, atol=1e-9, rtol=1e-9)


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")  # of x-transformers
@pytest.mark.parametrize("scale_base", [512, 31])
def test_scores_equal_those_of_x_transformers(scale_base: int) -> None:
    from x_transformers.x_transformers import RotaryEmbedding, apply_rotary_pos_emb

    width = 10
    q, k = per_head(width, torch.float32), per_head(width, torch.float32, seed=1)
    freqs, scale = RotaryEmbedding(width, use_xpos=True, scale_base=scale_base)(torch.arange(LENGTH))
    theirs_q, theirs_k = apply_rotary_pos_emb(q, freqs, scale), apply_rotary_pos_emb(k, freqs, 1 / scale)
    order = torch.tensor([0, 2, 4, 6, 8, 1, 3, 5, 7, 9])  # half-split channel -> interleaved channel
    ours = products(build(f"xpos:scale_base={scale_base}", width), q[..., order], k[..., order], site())
    theirs = theirs_q @ theirs_k.transpose(-1, -2)
    agree(ours, theirs, (q, k), 1e-5, gradient_tolerance=lambda expected: 1e-4)


def test_without_shrinking_it_is_rope() -> None:
    q, k = per_head(7), per_head(7, seed=1)
    ours, theirs = (products(build(item, 7), q, k, site(PLACES)) for item in ("xpos:scale_base=1e15", "rope"))
    torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=0)


@pytest.mark.parametrize("shift", [1, 97, 4096])
def test_scores_depend_only_on_distance(shift: int) -> None:
    q, k = per_head(7), per_head(7, seed=1)
    before, after = (products(build("xpos", 7), q, k, site(range(by, by + LENGTH))) for by in (0, shift))
    assert (after - before).abs().amax() < 1e-9


def test_a_score_fades_with_distance_and_the_fastest_pair_first() -> None:
    growth = build("xpos", 10).growth(torch.tensor([[0.0, 512.0]], dtype=torch.float64))
    kept = growth[0, 0, 1] / growth[0, 0, 0]
    expected = torch.tensor([(0.2 * m + 0.4) / 1.4 for m in range(5)], dtype=torch.float64)
    torch.testing.assert_close(kept, expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_long_row_neither_overflows_nor_loses_its_last_tokens(dtype: torch.dtype) -> None:
    """32768 tokens, of which the powers, uncentred, would need exp(80)."""
    length, near = 32768, 16
    ones = torch.ones(1, 1, length, 2, dtype=dtype)
    last = Site.of(torch.zeros(1, length, 5), torch.arange(length)[None], queries=1)
    encoding = make("xpos", Shape(width=2, heads=1, layers=1, train_length=LENGTH))
    turned_q, turned_k = encoding.rotate(ones[..., -1:, :], ones, last)
    assert turned_q.dtype == dtype
    assert turned_q.isfinite().all() and turned_k.isfinite().all()
    scores = (turned_q[0, 0, -1].double() * turned_k[0, 0, -near:].double()).sum(-1)
    distance = torch.arange(near - 1, -1, -1, dtype=torch.float64)
    expected = 2 * distance.cos() * (0.4 / 1.4) ** (distance / 512)
    torch.testing.assert_close(scores, expected, atol=3e-2 if dtype == torch.bfloat16 else 1e-3, rtol=0)


@both_kernels
def test_masked_keys_do_not_count_however_large_their_scores(weights: bool) -> None:
    """Of the masked half, keys ahead by 4000 places at s = 31 have scores of exp(161), past float32."""
    q, k, v = (per_head(5, torch.float32, seed) for seed in range(3))
    here, encoding = site(range(0, 400 * LENGTH, 400)), build("xpos:scale_base=31", 5)
    mixed, _ = attend(*encoding.rotate(q, k, here), v, here, encoding, scale=1.0, weights=weights)
    assert mixed.isfinite().all()
    torch.testing.assert_close(mixed[..., 0, :], v[..., 0, :], atol=1e-6, rtol=0)
    for gradient in torch.autograd.grad(mixed.sum(), (q, k, v)):
        assert gradient.isfinite().all()


@pytest.mark.parametrize("setting", ["base=1", "scale_base=0", "scale_base=-512"])
def test_a_value_out_of_range_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match=f"xpos: {setting.partition('=')[0]} is "):
        build(f"xpos:{setting}", 10)
