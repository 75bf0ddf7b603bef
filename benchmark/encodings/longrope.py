"""LongRoPE: past the trained length, each pair is slowed by a factor of its own, which a search on the model finds.

    theta[k] = base ** (-2k / r) / lambda[k],   lambda[0] <= lambda[1] <= ..,   k = 0 .. r/2 - 1
    lambda: that of the lowest loss on rows of s L tokens; 1 in rows of up to L tokens
    cosines and sines are multiplied by sqrt(1 + ln s / ln L)

The search (section 3.2) is an evolution. The first candidates are the factors of position interpolation, NTK and YaRN,
and mutations of those. In each generation the best are parents and stay; some are mutated (each factor, with
probability .3, becomes any value between its neighbours in steps of .01, from 1 to 1.25 s), others crossed (the factors
of one, each with probability .3 replaced by the other's).

Source: Ding et al. 2024, https://arxiv.org/abs/2402.13753, with https://github.com/microsoft/LongRoPE.
Convention: s is `factor`, the same at every length. `effort` scales every number of the search, as `evo_scale` does in
the code: 1 is the paper's 64 + 40 * (16 + 16) evaluations, and the default makes 16 + 10 * (4 + 4). Where paper and
code differ: the temperature is the code's (the paper has none), and applies at every length, as in transformers and
Phi-3. The code starts from YaRN only and searches up to 1 + s, and a crossing there takes over a single factor. The
paper also searches how many of the first tokens keep their angles; the published search, transformers and Phi-3 do not.
The paper searches factors for short rows too, after fine-tuning; here the model is as it was trained, with factors of
1. A row has the factors that its own length asks for, where transformers takes the longest of the batch. Keys are
rotated afresh as a row grows past L, but what deeper layers have cached was computed before. Until a search, lambda is
YaRN's. Half-split pairs; an odd channel is neither turned nor scaled.
"""

import math
from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.encodings.bases import Rotation, geometric
from benchmark.encodings.encoding import Loss, Shape, Site
from benchmark.encodings.yarn import YaRN

POPULATION, PARENTS, MUTATIONS, CROSSINGS, GENERATIONS = 64, 32, 16, 16, 40  # the paper's
CHANCE = 0.3  # of a factor to be changed
STEP, ROOM = 0.01, 1.25  # step of a factor; its largest value, in units of s
TRIES = 20  # draws of a candidate that is new and in order, before the search does without it

Factors = tuple[float, ...]  # of each pair, fastest first; never falling


class LongRoPE(Rotation):
    """No parameters and no training: for a model trained with RoPE of the same base."""

    name = "longrope"
    title = "LongRoPE"
    source = "https://arxiv.org/abs/2402.13753"
    past = "slow pairs slowed"
    adapts = "rope"
    relative = False  # a shift makes the row longer
    length_aware = True

    def __init__(self, shape: Shape, *, base: float = 10000.0, factor: float = 4.0, effort: float = 0.25) -> None:
        super().__init__(shape)
        if base <= 1:
            raise ValueError(f"longrope: base is {base}, but must be greater than 1")
        if factor < 1:
            raise ValueError(f"longrope: factor is {factor}, but must be at least 1")
        if not 0 < effort <= 1:
            raise ValueError(f"longrope: effort is {effort}, but must be above 0 and at most 1")
        self.base = base
        self.factor = factor
        self.effort = effort
        self.rotated = shape.head_width // 2 * 2
        self.temperature = math.sqrt(1 + math.log(factor) / math.log(max(2, shape.train_length)))
        self.found = torch.tensor(self.known()[-1])

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        """[B|1, 1, 1, r/2]."""
        short = geometric(self.base, self.rotated, self.rotated, dtype, site.key_positions.device)
        trained = self.shape.train_length
        past = F.pad(site.key_positions, (1, 0), value=0).amax(dim=-1) >= trained
        return torch.where(past[:, None, None, None], short / self.found.to(short), short)

    def known(self) -> list[Factors]:
        """The factors of position interpolation, NTK and YaRN."""
        pairs = range(self.rotated // 2)
        ramp = YaRN(self.shape, base=self.base, factor=self.factor).ramp(torch.tensor(pairs, dtype=torch.float64))
        return [
            tuple(self.factor for _ in pairs),
            tuple(self.factor ** (2 * pair / max(1, self.rotated - 2)) for pair in pairs),
            tuple((1 + ramp * (self.factor - 1)).tolist()),
        ]

    def search(self, loss: Loss, generator: torch.Generator) -> Tensor:
        """The factors with the lowest loss at s L that an evolution finds."""

        def at_target(factors: Factors) -> float:
            return float(loss(torch.tensor(factors), self.factor))

        sizes = (round(self.effort * size) for size in (POPULATION, PARENTS, MUTATIONS, CROSSINGS, GENERATIONS))
        population, parents, mutations, crossings, generations = sizes
        evolution = Evolution(loss=at_target, largest=ROOM * self.factor, generator=generator)
        evolution.begin(self.known(), max(1, population))
        for _ in range(max(1, generations)):
            evolution.advance(max(2, parents), max(1, mutations), max(1, crossings))
        return torch.tensor(evolution.ranked[0][1])


@dataclass(kw_only=True)
class Evolution:
    """A search among factors that never fall; each candidate is evaluated once."""

    loss: Callable[[Factors], float]
    largest: float
    generator: torch.Generator
    ranked: list[tuple[float, Factors]] = field(default_factory=list)  # those alive, the best first
    known: set[Factors] = field(default_factory=set)

    def begin(self, first: Sequence[Factors], size: int) -> None:
        """Evaluate the first candidates, and mutations of them in turn, up to a size of the population."""
        for factors in first:
            self.add(factors)
        for place in range(size - len(first)):
            self.add(self.mutated(first[place % len(first)]))

    def advance(self, parents: int, mutations: int, crossings: int) -> None:
        """Evaluate one generation of candidates from the best, which stay alive beside them."""
        best = [factors for _, factors in self.ranked[:parents]]
        self.ranked = self.ranked[:parents]
        for _ in range(mutations):
            self.add(self.mutated(best[self.draw(len(best))]))
        for _ in range(crossings):
            one, other = sorted((self.draw(len(best)), self.draw(len(best))))
            self.add(self.crossed(best[one], best[other]) or self.mutated(best[one]))

    def add(self, factors: Factors | None) -> None:
        """Evaluate a candidate, unless it has been."""
        if factors is not None and factors not in self.known:
            self.known.add(factors)
            loss = self.loss(factors)
            insort(self.ranked, (math.inf if math.isnan(loss) else loss, factors))

    def mutated(self, parent: Factors) -> Factors | None:
        """A new candidate with some factors drawn anew between their neighbours; None if none was found."""
        return self.first_new(lambda: self.redrawn(parent))

    def redrawn(self, parent: Factors) -> Factors:
        """The same factors, some of them drawn anew."""
        factors = [1.0, *parent, self.largest]
        for place in range(1, len(factors) - 1):
            if self.happens():
                low, high = factors[place - 1], factors[place + 1]
                factors[place] = min(high, low + STEP * self.draw(1 + int((high - low) / STEP)))
        return tuple(factors[1:-1])

    def crossed(self, one: Factors, other: Factors) -> Factors | None:
        """A new candidate with the factors of one, some replaced by the other's; None if none was found."""
        return self.first_new(
            lambda: tuple(theirs if self.happens() else own for own, theirs in zip(one, other, strict=True))
        )

    def first_new(self, draw: Callable[[], Factors]) -> Factors | None:
        """The first draw that is new and never falls."""
        drawn = (draw() for _ in range(TRIES))
        return next((each for each in drawn if each not in self.known and list(each) == sorted(each)), None)

    def happens(self) -> bool:
        """True with the probability CHANCE."""
        return torch.rand((), generator=self.generator).item() < CHANCE

    def draw(self, count: int) -> int:
        """A whole number from 0 to count - 1."""
        return int(torch.randint(count, (), generator=self.generator))
