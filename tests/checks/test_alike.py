"""The registered encoding that another one equals: true aliases are named, near misses are not.

Aliases are written another way than the registered encodings, so that equal outputs are no accident of shared code.
"""

import math

import pytest
import torch
import torch.nn.functional as F
from planted import choice_of
from torch import Tensor, nn

from benchmark.catalogue import Parameter
from benchmark.checks.alike import nearest
from benchmark.checks.subject import Subject
from benchmark.encodings import CATALOGUE, build
from benchmark.encodings.bases import Rotation, Wrapper, geometric
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.encodings.fox import Fox

NONE = "no other registered encoding gives the same outputs"


def named(kind: type[Encoding], **parameters: Parameter) -> str:
    """The registered encoding that `check` names for a class of this file."""
    return nearest(Subject(choice=choice_of(kind, **parameters))).detail


def slopes(heads: int) -> list[float]:
    """ALiBi's: powers of two, and for other numbers of heads every other one of the next finer series."""
    coarse = 2 ** int(math.log2(heads))
    return [2 ** (-8 * (h + 1) / coarse) for h in range(coarse)] + [
        2 ** (-4 * (2 * h + 1) / coarse) for h in range(heads - coarse)
    ]


class Linear(Encoding):
    """ALiBi by another name, laid out pair by pair."""

    steeper, farthest = 1.0, math.inf

    def bias(self, site: Site) -> Tensor:
        each = torch.tensor(slopes(self.shape.heads)) * self.steeper
        return -each[:, None, None] * site.distance.abs().clamp(max=self.farthest)


class LinearInCausalAttention(Linear):
    def bias(self, site: Site) -> Tensor:
        return -torch.tensor(slopes(self.shape.heads))[:, None, None] * site.distance


class SlightlySteeper(Linear):
    steeper = 1.001


class LinearUpTo(Linear):
    """Clamped where no short row reaches, but attention does."""

    farthest = 60


class Turns(Encoding):
    """RoPE as multiplication of complex numbers: adjacent channels are one number."""

    base, fewer = 10000.0, 0

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        pairs = self.shape.head_width // 2
        theta = self.base ** (-torch.arange(pairs, dtype=torch.float64) / pairs)
        theta[pairs - self.fewer :] = 0
        return self.turned(q, site.query_positions, theta), self.turned(k, site.key_positions, theta)

    def turned(self, x: Tensor, positions: Tensor, theta: Tensor) -> Tensor:
        pairs = len(theta)
        numbers = torch.view_as_complex(x[..., : 2 * pairs].double().contiguous().unflatten(-1, (-1, 2)))
        angles = positions[:, None, :, None] * theta
        moved = torch.view_as_real(numbers * torch.polar(torch.ones_like(angles), angles)).flatten(-2)
        return torch.cat((moved.to(x.dtype), x[..., 2 * pairs :]), dim=-1)


class TurnsFaster(Turns):
    base = 9999.0


class TurnsFewer(Turns):
    """The slowest pair stands still: it hardly moves in a short row."""

    fewer = 1


class TurnsAtABase(Turns):
    def __init__(self, shape: Shape, *, base: float = 500000.0) -> None:
        super().__init__(shape)
        self.base = base


class Squeezes(Turns):
    """YaRN would be too much to write again; PI is RoPE at a quarter of the position."""

    def turned(self, x: Tensor, positions: Tensor, theta: Tensor) -> Tensor:
        return super().turned(x, positions / 4, theta)


class Cable(Encoding):
    """arXiv 2503.08067: minus a cumulative sum of softplus, whose derivative has the sign opposite to FoX's gate."""

    per_layer = True
    extra = 0.0

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.slope = nn.Linear(shape.width, shape.heads)

    def bias(self, site: Site) -> Tensor:
        total = -F.softplus(self.slope(site.hidden)).cumsum(1).transpose(1, 2) - self.extra * site.key_positions
        asked = total[..., site.first_query : site.first_query + site.pairs[0]]
        return asked[..., None] - total[..., None, :]


class CableInOneLayer(Cable):
    """One set of weights for all layers."""

    per_layer = False


class CableAndSlope(Cable):
    """Decays by a little more with every token."""

    extra = 1e-3


class WithoutBias(Fox):
    """Has fewer weights."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.gate = nn.Linear(shape.width, shape.heads, bias=False)


class Table(Encoding):
    """A learned table with its axes exchanged."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.rows = nn.Parameter(torch.randn(shape.width, shape.train_length))
        self.max_length = shape.train_length

    def embed(self, x: Tensor, positions: Tensor) -> Tensor:
        if positions.numel() and positions.max() >= self.shape.train_length:
            raise ValueError("past the end")
        return x + self.rows.T[positions] * self.shape.width**0.5


class TableThatClamps(Table):
    def embed(self, x: Tensor, positions: Tensor) -> Tensor:
        return super().embed(x, positions.clamp(max=self.shape.train_length - 1))


class Draws(Wrapper):
    """Randomised positions around another encoding; with `loose`, in the order of the draw."""

    def __init__(self, shape: Shape, *, base: str = "rope", loose: bool = False) -> None:
        super().__init__(shape, build(base, shape))
        self.loose = loose

    def positions(self, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        if generator is None:
            return super().positions(tokens)
        drawn = torch.randperm(2048, generator=generator)[None, : tokens.shape[1]]
        return drawn if self.loose else drawn.sort().values


class Around(Wrapper):
    """Adds nothing."""

    name = "around"

    def __init__(self, shape: Shape, *, base: str = "t5") -> None:
        super().__init__(shape, build(base, shape))


class RotatesAtFirst(Rotation):
    """RoPE for the first tenth of training."""

    now = False

    def schedule(self, done: float) -> None:
        self.now = done < 0.1

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        return geometric(10000.0, 6, 6, dtype, site.key_positions.device) * self.now


class Still(Encoding):
    pass


class Twice(Encoding):
    """Its outputs are NaN, which equals nothing."""

    def bias(self, site: Site) -> Tensor:
        return site.distance / 0 * 0


@pytest.mark.parametrize(
    ("kind", "parameters", "expected"),
    [
        (Linear, {}, "alibi"),
        (LinearInCausalAttention, {}, "alibi, in causal attention"),
        (Turns, {}, "rope:interleaved=True"),
        (TurnsAtABase, {"base": 500000.0}, "rope:base=500000:interleaved=True"),
        (Squeezes, {}, "pi, with the channels of each head in another order"),
        (Cable, {}, "fox, with the sign of gate.weight and gate.bias turned, in causal attention"),
        (Table, {}, "learned, with table transposed"),
        (Around, {"base": "t5"}, "t5"),
        (Around, {"base": "logn:base=fox"}, "logn:base=fox"),
        (Still, {}, "none"),
    ],
)
def test_a_true_alias_is_named(kind: type[Encoding], parameters: dict[str, float | str], expected: str) -> None:
    assert named(kind, **parameters) == expected


@pytest.mark.parametrize(
    "kind",
    [
        *(SlightlySteeper, LinearUpTo, TurnsFaster, TurnsFewer, CableInOneLayer, CableAndSlope, WithoutBias),
        *(TableThatClamps, RotatesAtFirst, Twice),
    ],
)
def test_a_near_miss_is_not(kind: type[Encoding]) -> None:
    assert named(kind).startswith(NONE)


@pytest.mark.parametrize("loose", [False, True])
def test_what_differs_only_in_training_is_not_the_same(loose: bool) -> None:
    assert named(Draws, base="rope", loose=loose).startswith(NONE)


def test_a_base_of_its_own_is_found_among_the_parameters_of_another() -> None:
    shared = CATALOGUE.choice("ntk:base=500000:factor=1")
    assert nearest(Subject(choice=shared)).detail == "rope:base=500000"


def test_the_registered_one_itself_is_not_named() -> None:
    assert nearest(Subject(choice=CATALOGUE.choice("rope:interleaved=true"))).detail.startswith(NONE)
