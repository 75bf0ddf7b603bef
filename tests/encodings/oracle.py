"""Shared parts of the value tests: sizes, draws, sites, and the comparison of outputs and gradients.

Each test file has its own oracle: the paper's formula, derived independently of the code. An oracle of the
scores gives one number per query and key; `attention` and `table` put those numbers together.
"""

import cmath
import math
from collections.abc import Callable, Sequence
from itertools import product

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model import attention as model
from benchmark.model.attention import attend

BATCH, HEADS, LENGTH = 2, 3, 11  # distinct primes, so that no transposed axis fits
PLACES = [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89]  # positions with gaps, one per token of LENGTH

both_precisions = pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-9), (torch.float32, 1e-5)])
both_masks = pytest.mark.parametrize("causal", [True, False], ids=["causal", "both-ways"])
both_kernels = pytest.mark.parametrize("weights", [False, True], ids=["fused", "eager"])

Score = Callable[[int, int, int, int], Tensor]  # batch, head, query, key -> a number


def build(item: str, head_width: int, *, heads: int = HEADS, trained: int = LENGTH) -> Encoding:
    """An encoding by name, as in `rope:base=97`, for heads of a width."""
    return make(item, Shape(width=heads * head_width, heads=heads, layers=1, train_length=trained))


def draw(*sizes: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> Tensor:
    """Standard normal values, the same for the same seed; a leaf that gradients reach."""
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed), dtype=dtype).requires_grad_()


def per_head(width: int, dtype: torch.dtype = torch.float64, seed: int = 0, length: int = LENGTH) -> Tensor:
    """Random queries, keys or values, [B, H, T, width]."""
    return draw(BATCH, HEADS, length, width, dtype=dtype, seed=seed)


def site(
    places: Tensor | Sequence[float] = range(LENGTH),
    *,
    width: int = 5,
    dtype: torch.dtype = torch.float32,
    queries: int | None = None,
    causal: bool = True,
    batch: int = BATCH,
) -> Site:
    """An attention call at positions [T] (the same in every row) or [B, T]; all hidden states are zero."""
    positions = torch.atleast_2d(torch.as_tensor(places if isinstance(places, Tensor) else [*places]))
    hidden = torch.zeros(batch, positions.shape[-1], width, dtype=dtype)
    return Site.of(hidden, positions, queries=queries, causal=causal)


def products(encoding: Encoding, q: Tensor, k: Tensor, here: Site) -> Tensor:
    """Inner products of rotated queries and keys, [B, H, Q, K]."""
    turned_q, turned_k = encoding.rotate(q, k, here)
    return turned_q @ turned_k.transpose(-1, -2)


def attention_weights(encoding: Encoding, q: Tensor, k: Tensor, here: Site) -> Tensor:
    """The model's attention weights, [B, H, Q, K]."""
    scale = 1 / math.sqrt(q.shape[-1])
    return model.attention_weights(*encoding.rotate(q, k, here), here, encoding, scale)


def agree(
    ours: Tensor | Sequence[Tensor],
    theirs: Tensor | Sequence[Tensor],
    inputs: Sequence[Tensor],
    tolerance: float,
    *,
    their_inputs: Sequence[Tensor] | None = None,
    gradient_tolerance: Callable[[Tensor], float] | None = None,
) -> None:
    """Outputs agree, and so do the gradients of a random weighting of the outputs with respect to each input.

    `gradient_tolerance` gives the absolute tolerance of a gradient, from its expected value.
    """
    ours, theirs = ([each] if isinstance(each, Tensor) else [*each] for each in (ours, theirs))
    torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=tolerance)
    downstream = [draw(*each.shape, dtype=each.dtype, seed=7 + place).detach() for place, each in enumerate(ours)]
    mine = torch.autograd.grad(ours, inputs, downstream, retain_graph=True)  # both may share part of their graph
    wanted = torch.autograd.grad(theirs, inputs if their_inputs is None else their_inputs, downstream)
    for actual, expected in zip(mine, wanted, strict=True):
        allowed = tolerance if gradient_tolerance is None else gradient_tolerance(expected)
        torch.testing.assert_close(actual, expected, atol=allowed, rtol=tolerance)


def hold_rotation(
    encoding: Encoding, width: int, here: Site, oracle: Callable[[Tensor], Tensor], dtype: torch.dtype, tolerance: float
) -> None:
    """Queries and keys are rotated as the oracle rotates them, with the same gradients."""
    q, k = per_head(width, dtype), per_head(width, dtype, seed=1)
    agree(encoding.rotate(q, k, here), [oracle(q), oracle(k)], (q, k), tolerance)


def hold_attention(
    encoding: Encoding,
    oracle: Callable[[Tensor, Tensor], Tensor],
    width: int,
    here: Site,
    dtype: torch.dtype,
    tolerance: float,
    *,
    weights: bool = False,
    inputs: Sequence[Tensor] = (),
) -> None:
    """Mixed values are those of the oracle's attention weights, with the same gradients by q, k, v and `inputs`."""
    q, k, v = (per_head(width, dtype, seed, here.hidden.shape[1]) for seed in range(3))
    ours, _ = attend(q, k, v, here, encoding, scale=1 / math.sqrt(width), weights=weights)
    agree(ours, oracle(q, k) @ v, (q, k, v, *inputs), tolerance)


def content(q: Tensor, k: Tensor) -> Score:
    """The content score, q . k / sqrt(D)."""
    return lambda b, h, i, j: (q[b, h, i] * k[b, h, j]).sum() / math.sqrt(q.shape[-1])


def attention(score: Score, length: int = LENGTH, *, causal: bool = True) -> Tensor:
    """Softmax of scores given one at a time, over the keys that each query sees, [B, H, Q, K]."""
    rows = []
    for b, h, i in product(range(BATCH), range(HEADS), range(length)):
        row = torch.stack([score(b, h, i, j) for j in range(i + 1 if causal else length)]).softmax(0)
        rows.append(F.pad(row, (0, length - len(row))))
    return torch.stack(rows).view(BATCH, HEADS, length, length)


def table(entry: Callable[[int, int], Tensor], queries: int = LENGTH, keys: int = LENGTH) -> Tensor:
    """Values given for one query and key at a time, over all batches and heads, [B, H] each; [B, H, Q, K]."""
    entries = [entry(i, j) for i, j in product(range(queries), range(keys))]
    return torch.stack(entries, -1).unflatten(-1, (queries, keys))


def turned(x: Tensor, places: Sequence[float], speeds: Sequence[float], temperature: float = 1.0) -> Tensor:
    """RoPE in complex numbers: channels c and c + d/2 form one number, which is multiplied by exp(i angle)."""
    half = len(speeds)
    angles = [[cmath.rect(temperature, place * speed) for speed in speeds] for place in places]
    spin = torch.tensor(angles, dtype=torch.complex128).view(len(places), half).to(x.dtype.to_complex())
    pairs = torch.complex(x[..., :half], x[..., half : 2 * half]) * spin
    return torch.cat((pairs.real, pairs.imag, x[..., 2 * half :]), dim=-1)


def turned_apart(q: Tensor, k: Tensor, angle: Tensor) -> Tensor:
    """Products [B, H] of queries and keys [B, H, D] whose half-split pairs are turned apart by angles [B|1, H|1, D/2].

    By the cosine and sine of the difference: no vector is turned.
    """
    half = angle.shape[-1]
    (a, b, rest), (c, d, other) = (each.split([half, half, each.shape[-1] - 2 * half], -1) for each in (q, k))
    along, across = a * c + b * d, a * d - b * c
    return (along * torch.cos(angle) + across * torch.sin(angle)).sum(-1) + (rest * other).sum(-1)


def at_mapped_distances(
    q: Tensor, k: Tensor, here: Site, base: float, mapped: Callable[[float, float], float]
) -> Tensor:
    """Weights of RoPE at a distance that is a function of both positions, pair by pair in complex numbers."""
    width = q.shape[-1]
    half = width // 2
    queries, keys = (torch.complex(each[..., :half], each[..., half : 2 * half]) for each in (q, k))
    at_query, at_key = (each.expand(BATCH, -1).tolist() for each in (here.query_positions, here.key_positions))

    def score(i: int, j: int) -> Tensor:
        distances = [mapped(at_query[b][i], at_key[b][j]) for b in range(BATCH)]
        turns = [[cmath.exp(1j * distance * base ** (-n / half)) for n in range(half)] for distance in distances]
        spin = torch.tensor(turns, dtype=torch.complex128).to(queries.dtype)[:, None]
        pairs = (queries[:, :, i] * spin * keys[:, :, j].conj()).real.sum(-1)
        return (pairs + q[:, :, i, 2 * half :].mul(k[:, :, j, 2 * half :]).sum(-1)) / math.sqrt(width)

    return table(score, q.shape[-2], k.shape[-2]).masked_fill(~here.visible, -torch.inf).softmax(-1)


def hold_angles_to_float32(
    encoding: Encoding, speeds: Callable[[Sequence[int]], Sequence[float]], temperature: float = 1.0
) -> None:
    """A bfloat16 model rotates heads of width 10 by float32 angles, at positions that bfloat16 cannot hold."""
    far = range(4001, 4001 + LENGTH)
    q = per_head(10, torch.bfloat16)
    ours, _ = encoding.bfloat16().rotate(q, q, site(far))
    assert ours.dtype == torch.bfloat16
    exact = turned(q.double(), far, speeds(far), temperature)
    torch.testing.assert_close(ours.double(), exact, atol=0.05, rtol=0.05)
