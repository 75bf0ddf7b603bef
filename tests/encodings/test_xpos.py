"""xPos against plain loops over the paper's formula, and against x-transformers."""

import math

import pytest
import torch
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model.attention import attend

BATCH, HEADS, LENGTH = 2, 3, 11
PLACES = [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89]
PRECISIONS = [(torch.float64, 1e-9), (torch.float32, 1e-5)]


def xpos(width: int, settings: str = "") -> Encoding:
    return make(f"xpos{settings}", Shape(width=HEADS * width, heads=HEADS, layers=1, train_length=LENGTH))


def site(positions: Tensor) -> Site:
    return Site.of(torch.zeros(BATCH, positions.shape[-1], 5), positions)


def draw(width: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> Tensor:
    draws = torch.Generator().manual_seed(seed)
    return torch.randn(BATCH, HEADS, LENGTH, width, generator=draws, dtype=dtype).requires_grad_()


def products(encoding: Encoding, q: Tensor, k: Tensor, positions: Tensor) -> Tensor:
    turned_q, turned_k = encoding.rotate(q, k, site(positions))
    return turned_q @ turned_k.transpose(-1, -2)


def loop(q: Tensor, k: Tensor, places: list[int], base: float, scale_base: float) -> Tensor:
    """The score of every two places, pair by pair, from their distance alone: no query or key is ever turned."""
    width = q.shape[-1]
    pairs = width // 2
    entries = []
    for its_place, query in zip(places, q.unbind(-2), strict=True):
        for place, key in zip(places, k.unbind(-2), strict=True):
            score = (query[..., 2 * pairs :] * key[..., 2 * pairs :]).sum(-1)
            for m in range(pairs):
                angle = (its_place - place) * math.exp(-m / pairs * math.log(base))
                kept = ((m / pairs + 0.4) / 1.4) ** ((its_place - place) / scale_base)
                a, b, c, d = query[..., m], query[..., m + pairs], key[..., m], key[..., m + pairs]
                score = score + kept * ((a * c + b * d) * math.cos(angle) + (a * d - b * c) * math.sin(angle))
            entries.append(score)
    return torch.stack(entries, -1).unflatten(-1, (len(places), len(places)))


@pytest.mark.parametrize(
    "width, settings, base, scale_base",
    [(10, "", 10000.0, 512.0), (7, "", 10000.0, 512.0), (10, ":base=97:scale_base=31", 97.0, 31.0)],
)
@pytest.mark.parametrize("dtype, tolerance", PRECISIONS)
def test_scores_and_their_gradients_are_the_papers(
    width: int, settings: str, base: float, scale_base: float, dtype: torch.dtype, tolerance: float
) -> None:
    q, k = draw(width, dtype), draw(width, dtype, seed=1)
    ours = products(xpos(width, settings), q, k, torch.tensor([PLACES])).tril()
    theirs = loop(q, k, PLACES, base, scale_base).tril()
    torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=tolerance)
    downstream = draw(LENGTH, dtype, seed=2).detach()
    mine, wanted = (torch.autograd.grad(each, (q, k), downstream) for each in (ours, theirs))
    torch.testing.assert_close(mine, wanted, atol=10 * tolerance, rtol=tolerance)


def test_each_row_may_have_positions_of_its_own() -> None:
    positions = torch.tensor([range(11), range(100, 133, 3)])
    q, k = draw(7), draw(7, seed=1)
    ours = products(xpos(7), q, k, positions)
    for row in range(BATCH):
        expected = loop(q, k, positions[row].tolist(), 10000.0, 512.0)[row]
        torch.testing.assert_close(ours[row], expected, atol=1e-9, rtol=1e-9)


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")  # of x-transformers
@pytest.mark.parametrize("scale_base", [512, 31])
def test_scores_equal_those_of_x_transformers(scale_base: int) -> None:
    from x_transformers.x_transformers import RotaryEmbedding, apply_rotary_pos_emb

    width = 10
    q, k = draw(width, torch.float32), draw(width, torch.float32, seed=1)
    freqs, scale = RotaryEmbedding(width, use_xpos=True, scale_base=scale_base)(torch.arange(LENGTH))
    theirs_q, theirs_k = apply_rotary_pos_emb(q, freqs, scale), apply_rotary_pos_emb(k, freqs, 1 / scale)
    order = torch.tensor([0, 2, 4, 6, 8, 1, 3, 5, 7, 9])  # half-split channel -> interleaved channel
    encoding = xpos(width, f":scale_base={scale_base}")
    ours = products(encoding, q[..., order], k[..., order], torch.arange(LENGTH)[None])
    theirs = theirs_q @ theirs_k.transpose(-1, -2)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    downstream = draw(LENGTH, torch.float32, seed=2).detach()
    mine, wanted = (torch.autograd.grad(each, (q, k), downstream) for each in (ours, theirs))
    torch.testing.assert_close(mine, wanted, atol=1e-4, rtol=1e-5)


def test_without_shrinking_it_is_rope() -> None:
    rope = make("rope", Shape(width=HEADS * 7, heads=HEADS, layers=1, train_length=LENGTH))
    q, k, positions = draw(7), draw(7, seed=1), torch.tensor([PLACES])
    ours = products(xpos(7, ":scale_base=1e15"), q, k, positions)
    torch.testing.assert_close(ours, products(rope, q, k, positions), atol=1e-9, rtol=0)


@pytest.mark.parametrize("shift", [1, 97, 4096])
def test_scores_depend_on_distance_alone(shift: int) -> None:
    q, k, positions = draw(7), draw(7, seed=1), torch.arange(LENGTH)[None]
    before, after = (products(xpos(7), q, k, positions + by) for by in (0, shift))
    assert (after - before).abs().amax() < 1e-9


def test_a_score_fades_with_distance_and_the_fastest_pair_first() -> None:
    growth = xpos(10).growth(torch.tensor([[0.0, 512.0]], dtype=torch.float64))
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


@pytest.mark.parametrize("weights", [False, True], ids=["fused", "eager"])
def test_what_is_not_visible_does_not_count_however_it_grows(weights: bool) -> None:
    """Of the masked half, keys ahead by 4000 places at s = 31 have scores of exp(161), past float32."""
    q, k, v = (draw(5, torch.float32, seed) for seed in range(3))
    here = site(torch.arange(LENGTH)[None] * 400)
    mixed, _ = attend(*xpos(5, ":scale_base=31").rotate(q, k, here), v, here, xpos(5), scale=1.0, weights=weights)
    assert mixed.isfinite().all()
    torch.testing.assert_close(mixed[..., 0, :], v[..., 0, :], atol=1e-6, rtol=0)
    for gradient in torch.autograd.grad(mixed.sum(), (q, k, v)):
        assert gradient.isfinite().all()


@pytest.mark.parametrize("setting", ["base=1", "scale_base=0", "scale_base=-512"])
def test_a_value_out_of_range_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match=f"xpos: {setting.partition('=')[0]} is "):
        xpos(10, f":{setting}")
