"""The registered encoding that an encoding equals, if there is one: "fox, with the sign of gate.weight turned".

Two encodings are the same if a model gives the same outputs with either, up to rounding, once the weights of one are
put into the other. Weights are matched by shape, without axes of length 1. Tried are the weights as they are, matrices
transposed, signs turned, and, for rotations without weights, channels in the other layout (half-split or adjacent).

Outputs are compared within the trained length and past it, at positions far apart, and in training. A match must then
hold in a model of another shape: in a small one, encodings coincide that differ elsewhere.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations, islice
from typing import Literal

import torch
from torch import Tensor

from benchmark.catalogue import Choice
from benchmark.checks.outcome import Finding, fact, spared
from benchmark.checks.promises import FAR, FLOAT32_PER_TOKEN
from benchmark.checks.subject import LENGTH, SHAPE, Subject, largest, rows
from benchmark.encodings import CATALOGUE
from benchmark.encodings.bases import Wrapper
from benchmark.encodings.encoding import Encoding, Shape
from benchmark.model.hooks import overrides
from benchmark.model.transformer import Transformer
from benchmark.seeds import generator

OTHER_SHAPE = replace(SHAPE, width=64, heads=4, layers=3, train_length=61)
EXACT = 1e-9  # in float64
MOST = 256  # ways to match the weights of two encodings
Layout = Literal["halves", "pairs"]
Weights = list[tuple[str, Tensor]]  # by name


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A row, and how a model reads it."""

    tokens: int = LENGTH
    apart: int = 1  # from one position to the next
    done: float | None = None  # the share of training done; None in evaluation
    causal: bool = True

    @property
    def tolerance(self) -> float:
        """The largest difference between equal outputs, where an encoding computes in float32."""
        return max(EXACT, FLOAT32_PER_TOKEN * self.tokens * self.apart)


SETTINGS = (
    Setting(),
    Setting(tokens=FAR),
    Setting(tokens=FAR, apart=97),
    Setting(tokens=FAR, apart=5003),
    *(Setting(done=done) for done in (0.0, 0.5, 0.99)),
)
BOTH_WAYS = (Setting(causal=False),)


@dataclass(frozen=True, kw_only=True)
class Way:
    """How the weights of one encoding are put into another."""

    taken: tuple[int, ...] = ()  # for each weight, which of the other's
    transposed: tuple[bool, ...] = ()  # the same for each
    turned: tuple[int, ...] = ()  # the weights whose sign is turned
    layout: Layout | None = None  # into which channels of queries and keys are moved

    @property
    def changes(self) -> int:
        """The number of things to change: the fewer, the better the match."""
        return len(self.turned) + sum(self.transposed) + (self.layout is not None)


class Apart(Wrapper):
    """The encoding with its positions multiplied by a number."""

    def __init__(self, inner: Encoding, by: int) -> None:
        super().__init__(inner.shape, inner)
        self.by = by

    def positions(self, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return self.inner.positions(tokens, generator) * self.by


class Answers:
    """The outputs of a model in each setting, computed when they are first asked for."""

    def __init__(self, model: Transformer) -> None:
        self.model = model
        self.known: dict[Setting, Tensor | None] = {}

    def to(self, setting: Setting) -> Tensor | None:
        """The outputs [B, T, C]; None if the encoding refuses the row."""
        if setting not in self.known:
            try:
                self.known[setting] = self._outputs(setting)
            except ValueError:
                self.known[setting] = None
        return self.known[setting]

    def _outputs(self, setting: Setting) -> Tensor:
        model, sampler = self.model, None
        if setting.done is not None:
            model, sampler = deepcopy(model).train(), generator("check", "alike")
            model.schedule(setting.done)  # which may change weights
        if setting.apart > 1:
            model = deepcopy(model)
            model.encodings[0] = Apart(model.encoding, setting.apart)
        found: Tensor = model(rows(setting.tokens), sampler=sampler, causal=setting.causal)
        return found


@torch.no_grad()
def nearest(subject: Subject) -> Finding:
    """The registered encoding that gives the same outputs, and what has to be changed for that."""
    known = candidates(subject.choice)
    mine = [Answers(subject.model(shape).double()) for shape in (SHAPE, OTHER_SHAPE)]
    if any(own.to(SETTINGS[0]) is None for own in mine):
        return spared("it refuses rows of the trained length")
    found = [(choice.label, way) for choice in known if (way := find(mine, choice.label)) is not None]
    if not found:
        return fact(f"no other registered encoding gives the same outputs ({len(known)} compared)")
    label, way = min(found, key=lambda each: (each[1].changes, len(each[0])))
    theirs = matched(mine[0].model, label, way)
    both_ways = equal(mine[0], theirs, BOTH_WAYS)
    return fact(f"{label}{said(theirs, way)}{'' if both_ways else ', in causal attention'}")


def candidates(choice: Choice) -> list[Choice]:
    """Registered encodings: as they are, with one switch changed, and both with the parameters that they share."""
    found: list[Choice] = []
    for entry in (CATALOGUE.entry(name) for name in CATALOGUE.table if name != choice.entry.name):
        shared = {
            key: value
            for key, value in choice.parameters.items()
            if key in entry.defaults and type(value) is type(entry.defaults[key])
        }
        switches = [{key: not value} for key, value in entry.defaults.items() if isinstance(value, bool)]
        for changed in ({}, *switches):
            found.append(Choice(entry=entry, parameters={**entry.defaults, **changed}))
            found.append(Choice(entry=entry, parameters={**entry.defaults, **shared, **changed}))
    inner = CATALOGUE.wrapped(choice)
    return list({each.label: each for each in [*found, *([] if inner is None else [inner])]}.values())


def find(mine: Sequence[Answers], label: str) -> Way | None:
    """The first way that makes a registered encoding equal; None if none of those tried does."""
    theirs = registered(label, SHAPE)
    if theirs is None:
        return None
    for way in islice(ways(mine[0].model, theirs.model), MOST):
        if all(equal(own, matched(own.model, label, way), SETTINGS) for own in mine):
            return way
    return None


def ways(mine: Transformer, theirs: Transformer) -> Iterator[Way]:
    """The ways to put the weights of one encoding into another, those with the fewest changes first."""
    own, other = weights(mine), weights(theirs)
    if not own[0] and not other[0]:
        yield Way()
        if overrides(theirs.encoding, "rotate"):
            yield from (Way(layout="halves"), Way(layout="pairs"))
        return
    if len(own) != len(other) or len(own[0]) != len(other[0]):
        return
    given = [_sizes(weight) for _, weight in own[0]]
    fitting = [
        [
            (place, sizes != _sizes(weight))
            for place, sizes in enumerate(given)
            if _sizes(weight) in (sizes, sizes[::-1])
        ]
        for _, weight in other[0]
    ]
    for count in range(len(given) + 1):
        for turned in combinations(range(len(given)), count):
            for assigned in _assignments(fitting):
                taken, transposed = zip(*assigned, strict=True)
                yield Way(taken=taken, transposed=transposed, turned=turned)


def matched(mine: Transformer, label: str, way: Way) -> Answers | None:
    """A registered encoding with the weights of another one; None if it refuses the model's shape."""
    theirs = registered(label, mine.shape, way.layout)
    if theirs is None or not way.taken:
        return theirs
    model = deepcopy(theirs.model)
    if len(weights(model)) != len(weights(mine)):
        return None
    for own, other in zip(weights(mine), weights(model), strict=True):
        for place, (_, weight) in enumerate(other):
            value = own[way.taken[place]][1].squeeze()
            value = value.T if way.transposed[place] else value
            weight.copy_((-value if place in way.turned else value).reshape(weight.shape))
    return Answers(model)


@cache
def registered(label: str, shape: Shape, layout: Layout | None = None) -> Answers | None:
    """A registered encoding in a model with channels moved into a layout; None if it refuses the shape."""
    try:
        model = Subject(choice=CATALOGUE.choice(label)).model(shape).double()
    except ValueError:
        return None
    pairs = torch.arange(shape.head_width // 2 * 2).view(2, -1)
    order = (pairs.T if layout == "pairs" else pairs.view(-1, 2).T).flatten()
    for layer in model.layers if layout is not None else ():
        whole = layer.attention.qkv.weight.unflatten(0, (3, shape.heads, shape.head_width))  # type: ignore[operator, union-attr]
        whole[:2, :, : len(order)] = whole[:2, :, order]
    return Answers(model)


def equal(mine: Answers, theirs: Answers | None, settings: Sequence[Setting]) -> bool:
    """True if two models give equal outputs in all settings, or refuse the same ones."""
    if theirs is None:
        return False
    for setting in settings:
        first, second = mine.to(setting), theirs.to(setting)
        if first is None or second is None:
            if first is not second:
                return False
        elif not largest(first - second) <= setting.tolerance:
            return False
    return True


def said(theirs: Answers | None, way: Way) -> str:
    """What has to be changed in a registered encoding."""
    if theirs is None:
        return ""
    names = [name for name, _ in weights(theirs.model)[0]]
    turned = [names[place] for place in way.turned]
    changed = [name for name, transposed in zip(names, way.transposed, strict=True) if transposed]
    return "".join(
        [
            f", with the sign of {' and '.join(turned)} turned" if turned else "",
            f", with {' and '.join(changed)} transposed" if changed else "",
            ", with the channels of each head in another order" if way.layout else "",
        ]
    )


def weights(model: Transformer) -> list[Weights]:
    """The weights of each instance of the encoding: one per layer, or one for all."""
    return [list(each.named_parameters()) for each in model.encodings]


def _sizes(weight: Tensor) -> tuple[int, ...]:
    return tuple(size for size in weight.shape if size != 1)


def _assignments(
    fitting: Sequence[Sequence[tuple[int, bool]]], used: tuple[int, ...] = ()
) -> Iterator[tuple[tuple[int, bool], ...]]:
    """One fitting weight for each, none of them twice."""
    if not fitting:
        yield ()
        return
    for place, transposed in fitting[0]:
        if place not in used:
            for rest in _assignments(fitting[1:], (*used, place)):
                yield ((place, transposed), *rest)
