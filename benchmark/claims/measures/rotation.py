"""What rotating queries and keys does to their scores: A1 and A2, on the registered `rope`."""

import torch
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Shape, Site
from benchmark.seeds import generator

HEAD_WIDTH, TOKENS = 64, 257
SHIFTS = (1, 17, 1000, 4096)


def shape(head_width: int = HEAD_WIDTH) -> Shape:
    """One layer and one head of a width."""
    return Shape(width=head_width, heads=1, layers=1, train_length=128)


def site_at(positions: Tensor, dtype: torch.dtype = torch.float64) -> Site:
    """A site whose queries and keys are the same tokens, at these positions [T]."""
    return Site.of(torch.zeros(1, len(positions), 1, dtype=dtype), positions[None])


def normal(*sizes: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Standard normal values, the same at every call of the same sizes."""
    return torch.randn(*sizes, generator=generator("claims", *sizes), dtype=torch.float64).to(dtype)


def scores(name: str, q: Tensor, k: Tensor, positions: Tensor) -> Tensor:
    """The products of rotated queries and keys [T, d], query by key."""
    turned = make(name, shape(q.shape[-1])).rotate(q[None, None], k[None, None], site_at(positions, q.dtype))
    return (turned[0] @ turned[1].transpose(-1, -2))[0, 0]


def shift() -> dict[str, float]:
    """The largest change of any score, in units of the largest score, when all positions shift."""
    q, k, positions = normal(TOKENS, HEAD_WIDTH), normal(TOKENS, HEAD_WIDTH).flip(0), torch.arange(TOKENS)
    still = scores("rope", q, k, positions)
    moved = max(float((scores("rope", q, k, positions + by) - still).abs().max()) for by in SHIFTS)
    return {"change": moved / float(still.abs().max())}


def norms() -> dict[str, float]:
    """The largest relative change of a norm, and the largest difference from q . k at equal positions."""
    q, k, positions = normal(TOKENS, HEAD_WIDTH), normal(TOKENS, HEAD_WIDTH).flip(0), torch.arange(TOKENS)
    turned, _ = make("rope", shape()).rotate(q[None, None], k[None, None], site_at(positions))
    norm = (turned[0, 0].norm(dim=-1) / q.norm(dim=-1) - 1).abs().max()
    at_zero = (scores("rope", q, k, positions).diagonal() - (q * k).sum(-1)).abs().max()
    return {"norm": float(norm), "at distance 0": float(at_zero)}
