"""A claim: what was said about a position encoding, and what would show it right or wrong here.

A claim is data: one file of `families/` holds those of one subject. Its criteria state, before anything is measured,
which values reproduce it and which refute it. Values in neither range leave it open.

    reproduced                  every criterion is reproduced
    refuted                     any criterion is refuted
    inconclusive                neither is shown yet; the verdict says what would decide it
    not measurable              nothing that fits on a laptop could settle it

Evidence is of three kinds:

    Exact       numbers that follow from an encoding's formula; no training, one value a criterion
    Trained     values of trained models, one a seed (or one a task); read from the records of `run`
    OutOfScale  a reason why there is none

A changed threshold or reading is a new version: raise `version` and keep the old criteria in `earlier`, so that the
page shows what the same records say under either.
"""

import importlib
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from benchmark.errors import UsageError, echo, first_line
from benchmark.experiments.request import Request
from benchmark.interrupts import pass_on

if TYPE_CHECKING:
    from benchmark.claims.evidence import Evidence
    from benchmark.reports.draw.graph import Graph

Word = Literal["reproduced", "refuted", "inconclusive", "not measurable"]
Sample = Mapping[str, Sequence[float] | Mapping[int, float]]  # by criterion: values by seed, or a sequence of values


@dataclass(frozen=True, kw_only=True)
class Source:
    """Who said it, and where."""

    paper: str  # as tables name it: "RoFormer"
    place: str  # "section 3.4.3"
    url: str


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A range of values, without its ends; or, if `outside`, all values beyond them."""

    above: float = -math.inf
    below: float = math.inf
    outside: bool = False

    def holds(self, value: float) -> bool:
        """True if a value speaks for it; NaN never does."""
        return value < self.above or value > self.below if self.outside else self.above < value < self.below

    def meets(self, low: float, high: float) -> bool:
        """True if a value between two ends would speak for it."""
        return any(low < upper and high > lower for lower, upper in self.ranges)

    def overlaps(self, other: "Bound") -> bool:
        """True if one value can speak for both."""
        return any(
            max(low, other_low) < min(high, other_high)
            for low, high in self.ranges
            for other_low, other_high in other.ranges
        )

    @property
    def ranges(self) -> tuple[tuple[float, float], ...]:
        """The intervals that it consists of."""
        if self.outside:
            return (-math.inf, self.above), (self.below, math.inf)
        return ((self.above, self.below),)

    def __str__(self) -> str:
        if self.outside:
            return f"< {self.above:g} or > {self.below:g}"
        if math.isinf(self.above):
            return f"< {self.below:g}"
        return f"> {self.above:g}" if math.isinf(self.below) else f"{self.above:g} to {self.below:g}"


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One number and the values of it that speak for the claim and against it, written down before the run."""

    name: str  # the key of its values
    quantity: str  # the number in words, with its unit
    reproduced: Bound
    refuted: Bound


def near(name: str, quantity: str, expected: float, within: float) -> Criterion:
    """A criterion for a published number: reproduced within a tolerance of it, refuted beyond."""
    low, high = expected - within, expected + within
    return Criterion(
        name=name,
        quantity=quantity,
        reproduced=Bound(above=low, below=high),
        refuted=Bound(above=low, below=high, outside=True),
    )


def positive(name: str, quantity: str) -> Criterion:
    """A criterion for the sign of a difference: reproduced above zero, refuted below it."""
    return Criterion(name=name, quantity=quantity, reproduced=Bound(above=0.0), refuted=Bound(below=0.0))


@dataclass(frozen=True, kw_only=True)
class Exact:
    """Evidence without training: `measure` returns one number for each criterion, in seconds."""

    measure: Callable[[], Mapping[str, float]]
    encodings: tuple[str, ...]  # that it measures, as the command line names them: if their code changes, so may it
    graph: "Callable[[], Graph] | None" = None  # for its card; without one, values are drawn against the thresholds


@dataclass(frozen=True, kw_only=True)
class Trained:
    """Evidence of trained models: `read` returns a value a seed for each criterion that the records can serve.

    `read` may raise NotMeasurable if the records show that models of this size cannot tell.
    """

    needs: tuple[Request, ...]  # the runs that make the records; the first is enough for a verdict
    read: "Callable[[Evidence], Sample]"
    unit: Literal["seed", "task", "model", "document"] = "seed"  # what one value is of
    pretrained: bool = False  # speaks of pretrained checkpoints, and of no model trained here


@dataclass(frozen=True, kw_only=True)
class OutOfScale:
    """No evidence: the reason why nothing that fits on a laptop could settle the claim."""

    why: str


class NotMeasurable(Exception):
    """Raised by `read`: models of this size cannot tell. The message says why, in a sentence."""


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """The criteria of an earlier version, and why they were changed."""

    version: int
    criteria: tuple[Criterion, ...]
    why: str
    read: "Callable[[Evidence], Sample] | None" = None  # if its values were read in another way


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A published sentence and what would settle it."""

    id: str  # on the command line: "T5"
    sentence: str
    source: Source
    criteria: tuple[Criterion, ...]
    evidence: Exact | Trained | OutOfScale
    scale: str  # what the verdict speaks about: sizes, lengths, tasks
    silent: str  # what the verdict does not say
    version: int = 1
    earlier: tuple[Earlier, ...] = ()

    def __post_init__(self) -> None:
        _refuse_wrong_types(self.id, self)
        for part in (self.source, self.evidence, *self.criteria):
            _refuse_wrong_types(self.id, part)
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", self.id):
            raise UsageError(f"claim {echo(self.id)}: its id must be letters, digits, dots, hyphens and underscores")
        for criterion in self.criteria:
            if criterion.reproduced.overlaps(criterion.refuted):
                raise UsageError(
                    f"claim {self.id}: a value of {echo(criterion.name)} could both reproduce and refute it: "
                    f"{criterion.reproduced}, and {criterion.refuted}; bounds may touch, but not overlap"
                )
        names = [criterion.name for criterion in self.criteria]
        if len(set(names)) < len(names) or not (names or isinstance(self.evidence, OutOfScale)):
            raise UsageError(f"claim {self.id}: its criteria are {names}, but it needs one or more of distinct names")
        if [old.version for old in self.earlier] != list(range(1, self.version)):
            raise UsageError(
                f"claim {self.id}: version is {self.version}, so `earlier` must hold versions 1 to "
                f"{self.version - 1} in order; add the criteria that were replaced"
            )


# What fields of a claim and of its parts must hold, and in words; and those that must hold a tuple.
TYPES: Mapping[str, tuple[Any, str]] = {
    **dict.fromkeys(("id", "sentence", "scale", "silent", "why", "paper", "place", "url", "name"), (str, "a text")),
    "source": (Source, "a Source"),
    "evidence": (Exact | Trained | OutOfScale, "Exact, Trained or OutOfScale"),
    **dict.fromkeys(("measure", "read"), (Callable, "a function")),
    **dict.fromkeys(("reproduced", "refuted"), (Bound, "a Bound")),
}
TUPLES = {"criteria": Criterion, "encodings": str, "needs": Request, "earlier": Earlier}


def _refuse_wrong_types(claim: object, part: object) -> None:
    """Raise UsageError for the first field of a claim or of a part of it with a value of another type."""
    for name, value in vars(part).items():
        if name in TUPLES:
            kind = TUPLES[name]
            right = isinstance(value, tuple) and all(isinstance(each, kind) for each in value)
            wanted = f"a tuple of {kind.__name__}, which ends with a comma if it holds one"
        else:
            kinds, wanted = TYPES.get(name, (object, ""))
            right = isinstance(value, kinds)
        if not right:
            raise UsageError(f"claim {echo(claim)}: {name} is {echo(value)}, but must be {wanted}")


@contextmanager
def users_code(claim: str, what: str, *, ours: bool = False) -> Iterator[None]:
    """Say in one line what failed in a user's code, such as "its graph"; errors of `ours` stay as they are.

    NotMeasurable is no failure, and passes.
    """
    try:
        yield
    except NotMeasurable:
        raise
    except BaseException as error:
        pass_on(error)
        if ours:
            raise
        raise UsageError(f"claim {claim}: {what} failed: {type(error).__name__}: {first_line(error)}") from error


def imported(name: str) -> Callable[[], Any]:
    """The function "module:function" of `benchmark.claims.measures`, which is imported when it is called.

    Measuring and drawing load torch; reading claims and judging them does not.
    """
    module, _, function = name.partition(":")

    def call() -> Any:  # values of `measure`, or a Graph
        return getattr(importlib.import_module(f"benchmark.claims.measures.{module}"), function)()

    call.__module__, call.__name__ = f"benchmark.claims.measures.{module}", function
    return call
