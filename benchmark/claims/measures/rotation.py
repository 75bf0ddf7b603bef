"""What rotating queries and keys does to their scores, on the registered `rope`: A1, A2, A4, A5, A11, A18 and A19."""

import math
from functools import lru_cache

import torch
from scipy import stats  # type: ignore[import-untyped]
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.bases import Rotation
from benchmark.encodings.encoding import Shape, Site
from benchmark.seeds import generator

HEAD_WIDTH, TOKENS = 64, 257
SHIFTS = (1, 17, 1000, 4096)
WIDTHS = (128, 64, 32)  # of heads
NEAR = 512  # distances over which the bound is said to decay
PEAKS = (0, 1, 7, 64, 500, 4000)  # where a key is built to be scored highest
DRAWS = 100_000
CONTEXTS = (1024, 8192, 32768)  # distances below one of these are drawn
RAISED = {("100", "10000"): CONTEXTS[:2], ("10000", "500000"): CONTEXTS}  # where keys at the lower base keep some order

Drawn = tuple[Tensor, Tensor, Tensor]


def shape(head_width: int = HEAD_WIDTH) -> Shape:
    """One layer and one head of a width."""
    return Shape(width=head_width, heads=1, layers=1, train_length=128)


def site_at(positions: Tensor, dtype: torch.dtype = torch.float64) -> Site:
    """A site whose queries and keys are the same tokens, at these positions [T]."""
    return Site.of(torch.zeros(1, len(positions), 1, dtype=dtype), positions[None])


def normal(name: str, *sizes: int) -> Tensor:
    """Standard normal values in float64, the same at every call with the same name."""
    return torch.randn(*sizes, generator=generator("claims", name), dtype=torch.float64)


def theta(name: str = "rope", head_width: int = HEAD_WIDTH) -> Tensor:
    """The frequencies of a registered rotation in float64, fastest first, [d/2]."""
    encoding = make(name, shape(head_width))
    assert isinstance(encoding, Rotation)
    return encoding.theta(torch.float64, site_at(torch.arange(1)))


def scores(q: Tensor, k: Tensor, positions: Tensor) -> Tensor:
    """The products of rotated queries and keys [T, d], query by key."""
    turned = make("rope", shape(q.shape[-1])).rotate(q[None, None], k[None, None], site_at(positions, q.dtype))
    return (turned[0] @ turned[1].transpose(-1, -2))[0, 0]


def shift() -> dict[str, float]:
    """The largest change of any score, in units of the largest score, when all positions shift."""
    q, k, positions = normal("q", TOKENS, HEAD_WIDTH), normal("k", TOKENS, HEAD_WIDTH), torch.arange(TOKENS)
    still = scores(q, k, positions)
    moved = max(float((scores(q, k, positions + by) - still).abs().max()) for by in SHIFTS)
    return {"change": moved / float(still.abs().max())}


def norms() -> dict[str, float]:
    """The largest relative change of a norm, and the largest difference from q . k at equal positions."""
    q, k, positions = normal("q", TOKENS, HEAD_WIDTH), normal("k", TOKENS, HEAD_WIDTH), torch.arange(TOKENS)
    turned, _ = make("rope", shape()).rotate(q[None, None], k[None, None], site_at(positions))
    norm = (turned[0, 0].norm(dim=-1) / q.norm(dim=-1) - 1).abs().max()
    at_zero = (scores(q, k, positions).diagonal() - (q * k).sum(-1)).abs().max()
    return {"norm": float(norm), "at distance 0": float(at_zero)}


def bound() -> dict[str, float]:
    """RoFormer's bound at distances 0 to 511: its rank correlation with distance, and how often a step raises it.

    B(m) = mean over j of | sum over k < j of exp(i m theta[k]) |,   j = 1 .. d/2
    """
    found = {}
    for width in WIDTHS:
        distance = torch.arange(NEAR, dtype=torch.float64)
        own = bounds(distance, width)
        found[f"trend, d = {width}"] = float(stats.spearmanr(distance, own).statistic)
        found[f"rises, d = {width}"] = float((own[1:] > own[:-1]).double().mean())
    return found


def bounds(distance: Tensor, head_width: int) -> Tensor:
    """RoFormer's bound at each distance."""
    angles = distance[:, None] * theta(head_width=head_width)
    return torch.polar(torch.ones_like(angles), angles).cumsum(dim=1).abs().mean(dim=1)


def no_decay() -> dict[str, float]:
    """The share of distances at which a key can be built to peak, and the mean score of random keys by distance.

    The key is the query turned forwards by r: its score is sum |q|^2 cos((m - r) theta), greatest at m = r.
    """
    frequencies, distance = theta(), torch.arange(8192, dtype=torch.float64)
    power = normal("q", HEAD_WIDTH).view(2, -1).square().sum(dim=0)
    peaks = [int((((distance[:, None] - at) * frequencies).cos() @ power).argmax()) == at for at in PEAKS]
    q, k = (torch.view_as_complex(normal(name, DRAWS, HEAD_WIDTH // 2, 2)) for name in ("q", "k"))
    product = q.conj() * k
    means = [
        float((product * torch.polar(torch.ones_like(frequencies), at * frequencies)).real.sum(1).mean())
        for at in PEAKS
    ]
    return {"peaks": sum(peaks) / len(peaks), "mean": max(map(abs, means)) / math.sqrt(HEAD_WIDTH)}


def recurrence() -> dict[str, float]:
    """The best recurrence of all angles together at distances from 65 to 8,192: 1 would be a whole period."""
    distance = torch.arange(65, 8193, dtype=torch.float64)
    return {"recurrence": float((distance[:, None] * theta()).cos().mean(dim=1).max())}


def inversions() -> dict[str, float]:
    """How much more often two random keys change their order between two distances when the base is raised."""
    return {
        f"{low} to {high} at {context:,}": inverted(high, draw(context)) - inverted(low, draw(context))
        for (low, high), contexts in RAISED.items()
        for context in contexts
    }


def inverted(base: str, drawn: Drawn) -> float:
    """How often two random keys change their order for a random query between two distances, at one base.

    Given the query, the two differences of scores are jointly normal: they differ in sign with probability
    arccos(rho) / pi, rho = sum |q|^2 cos((m - n) theta) / sum |q|^2.
    """
    power, m, n = drawn
    turned = ((m - n)[:, None] * theta(f"rope:base={base}")).cos()
    rho = (power * turned).sum(dim=1) / power.sum(dim=1)
    return float(rho.clamp(-1, 1).arccos().mean()) / math.pi


def swapped_positions() -> dict[str, float]:
    """How much more often the farther of two keys is scored higher when the base is raised."""
    changes = [swapped("500000", draw(context)) - swapped("10000", draw(context)) for context in CONTEXTS]
    # The first name is that of version 1, which is still judged by this value.
    names = ["10000 to 500000", *(f"10000 to 500000 at {context:,}" for context in CONTEXTS[1:])]
    return dict(zip(names, changes, strict=True))


def swapped(base: str, drawn: Drawn) -> float:
    """How often a key like the query is scored higher at the farther of two distances."""
    power, m, n = drawn
    places, turns = (torch.minimum(m, n), torch.maximum(m, n)), theta(f"rope:base={base}")
    near, far = ((power * (place[:, None] * turns).cos()).sum(dim=1) for place in places)
    return float((near < far).double().mean())


@lru_cache(maxsize=1)
def draw(context: int, draws: int = DRAWS) -> Drawn:
    """The squared lengths of random queries' pairs, and two random distances below `context` for each."""
    power = normal("q", draws, HEAD_WIDTH // 2, 2).square().sum(dim=-1)
    places = torch.randint(context, (2, draws), generator=generator("claims", "places"))
    return power, places[0].double(), places[1].double()
