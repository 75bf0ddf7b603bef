"""What bfloat16 does to positions: A12, A13 and A14."""

import math

import torch
from torch import Tensor

from benchmark.claims.measures.rotation import HEAD_WIDTH, normal, shape, theta
from benchmark.encodings import make
from benchmark.encodings.bases import RelativeBias
from benchmark.encodings.encoding import Site
from benchmark.seeds import generator

PAIRS, CONTEXT, OFFSET = 4000, 128, 4096
LONG, SLOPE = 8192, 0.5


def shift_error() -> dict[str, float]:
    """The RMS change of q . k / sqrt(d) when both positions shift by OFFSET, in two precisions."""
    errors = shift_errors(OFFSET)
    return {name: errors[name] for name in ("float32", "bfloat16 throughout")}


def angles_error() -> dict[str, float]:
    """The same for vectors in bfloat16 whose angles are in float32, as all encodings here have them."""
    name = "bfloat16, angles in float32"
    return {name: shift_errors(OFFSET)[name]}


def shift_errors(shift: int) -> dict[str, float]:
    """The change for any shift, by the precision of vectors and of angles."""
    q, k = normal("q", PAIRS, HEAD_WIDTH), normal("k", PAIRS, HEAD_WIDTH)
    places = torch.randint(CONTEXT, (2, PAIRS), generator=generator("claims", "precision"))

    def error(dtype: torch.dtype, *, angles: torch.dtype | None = None) -> float:
        def logits(by: int) -> Tensor:
            a, b = (_rotated(x.to(dtype), place + by, angles) for x, place in ((q, places[0]), (k, places[1])))
            products: Tensor = (a.double() * b.double()).sum(-1)
            return products / math.sqrt(HEAD_WIDTH)

        return float((logits(shift) - logits(0)).square().mean().sqrt())

    return {
        "float32": error(torch.float32),
        "bfloat16, angles in float32": error(torch.bfloat16),
        "bfloat16 throughout": error(torch.bfloat16, angles=torch.bfloat16),
    }


def _rotated(x: Tensor, places: Tensor, angles: torch.dtype | None) -> Tensor:
    """Each row of x [T, d] at a place of its own, by the registered `rope`; or with angles of a lower precision."""
    encoding = make("rope", shape())
    site = Site.of(torch.zeros(1, len(places), 1, dtype=x.dtype), places[None])
    if angles is None:
        return encoding.rotate(x[None, None], x[None, None], site)[0][0, 0]
    turns = places.to(angles)[:, None] * theta().to(angles)
    cos, sin = turns.cos().to(x.dtype), turns.sin().to(x.dtype)
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


def collisions() -> dict[str, float]:
    """How many of 512 successive positions bfloat16 tells apart."""
    return {"distinct": float(len(set(torch.arange(512).bfloat16().tolist())))}


def alibi_precision() -> dict[str, float]:
    """The share of attention that bfloat16 moves, for a bias computed from key positions and from distances."""
    weights = alibi_weights()
    exact = weights.pop("exact")
    return {name: float((own - exact).abs().sum() / 2) for name, own in weights.items()}


def alibi_weights() -> dict[str, Tensor]:
    """The attention of the last of LONG queries to each key, oldest first: exact, and with a bias in bfloat16."""
    encoding = make("alibi", shape())
    assert isinstance(encoding, RelativeBias)
    distance = torch.arange(LONG - 1, -1, -1, dtype=torch.float64)
    unit = encoding.at(distance)[0]
    bias = unit * (SLOPE / float(unit[-2].abs()))  # the one head's slope, whatever it is, scaled to .5
    by_key = (SLOPE * torch.arange(LONG, dtype=torch.float64)).bfloat16().double()
    named = {"exact": bias, "by key position": by_key, "by distance": bias.bfloat16().double()}
    return {name: own.softmax(dim=0) for name, own in named.items()}
