"""What changed between two snapshots of the same measurements: an older version and a newer, or two machines.

    paired      d_s = second - first, at each seed that both have; the effect is the median of d_s
    shown       by the one rule (`stats.verdict`): going through the common seeds in order, one side has lost no more of
                them than `allowed` permits, with as many pairs as there are comparisons whose values differ

A seed is common if both its parts are, initialisation and data. Without common seeds there is no comparison. Values
that are equal to the last bit are "identical" and do not count as a comparison: no seed could go either way.

With few seeds nothing is shown, and another rule applies. Training is a function of its seeds: on one machine (the same
torch, processor, device and threads) a difference can only come from the code. It is "worse on these seeds" if every
common seed is worse, and their mean by more than the margin: a statement about these seeds, not about others. Another
machine rounds differently, and training amplifies that: with two threads instead of one, accuracies of `copy` under the
quick preset moved by up to .006. There the rule applies only if the caller states a margin.

Convention: differences are second - first, in the metric's own sign. Their intervals count the sampling of seeds only.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from benchmark.metrics import METRICS
from benchmark.reports.compare.matching import (
    SIDES,
    Obstacle,
    Place,
    Seed,
    SeedValue,
    Side,
    changed_sources,
    differing,
    obstacles,
    shared,
)
from benchmark.reports.compare.snapshot import MeasuredRow, Model, Snapshot
from benchmark.reports.phrases import qualified
from benchmark.reports.stats.effect import Effect
from benchmark.reports.stats.estimate import mean_or_nan
from benchmark.reports.stats.verdict import Duel, Who, allowed
from benchmark.reports.words import later, t
from benchmark.results.record import Environment

# Fields of an environment. If these agree, the same seeds give the same bits:
SAME_ROUNDING = ("torch", "processor", "device", "threads")
SAME_SPEED = ("processor", "device", "threads")
GOT_WORSE = ("worse", "worse on these seeds", "lost")
CHANGED = (*GOT_WORSE, "better", "better on these seeds", "gained")
VERDICTS = {  # of `Change.verdict`, for people
    "identical": later("identical"),
    "better": later("better"),
    "worse": later("worse"),
    "better on these seeds": later("better on these seeds"),
    "worse on these seeds": later("worse on these seeds"),
    "lost": later("lost"),
    "gained": later("gained"),
    "not shown": later("not shown"),
    "no value": later("no value"),
}
FIRST, SECOND = (Who(side, side) for side in SIDES)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One encoding on one task at one length, on both sides.

    `verdict`: "identical"; "better" or "worse" (shown: on most seeds); "better on these seeds" or "worse on these
    seeds"; "lost" (a seed no longer has a value) or "gained"; "not shown"; "no value" to compare.
    """

    task: str
    trained_with: str
    encoding: str
    train_length: int
    length: int
    metric: str
    first: float = math.nan  # means over the common seeds with a value on both sides
    second: float = math.nan
    differences: tuple[float, ...] = ()  # second - first, by those seeds in ascending order
    lost: str = ""  # status in the second of seeds with a value in the first; "" if none was lost
    gained: str = ""  # the other way round
    same_machine: bool = False  # every pair comes from machines that round alike
    pairs: int = 1  # comparisons made together
    verdict: str = ""

    @property
    def name(self) -> str:
        """Its encoding, for people."""
        return qualified(self.trained_with, self.encoding, "")

    @property
    def duel(self) -> Duel:
        """The two sides on the common seeds."""
        sign = 1 if METRICS[self.metric].lower_is_better else -1  # a positive difference favours the first
        differences = tuple(sign * each for each in self.differences)
        return Duel(first=FIRST, second=SECOND, differences=differences, pairs=self.pairs)

    @property
    def effect(self) -> Effect:
        """The median difference, in the metric's own sign."""
        return Effect.of(self.differences)

    @property
    def worsening(self) -> float:
        """How much worse the mean of the second is; negative if it is better."""
        difference = mean_or_nan(self.differences)
        return difference if METRICS[self.metric].lower_is_better else -difference

    def moved(self, margin: float | None) -> bool:
        """True if every pair differs in one direction, and the mean by more than a margin."""
        one_way = self.duel.n > 0 and self.duel.n in (self.duel.wins, self.duel.losses)
        return one_way and abs(self.worsening) > margin_of(self.metric, margin)

    def moved_here(self, margin: float | None) -> bool:
        """The same, where rounding cannot be the reason or the margin allows for it."""
        return self.moved(margin) and (self.same_machine or margin is not None)

    def regressed(self, margin: float | None) -> bool:
        """True if it is lost, or worse by more than a margin: shown, in the median, or on these seeds, in the mean."""
        shown = self.verdict == "worse" and abs(self.effect.value) > margin_of(self.metric, margin)
        here = self.verdict in GOT_WORSE and self.worsening > 0 and self.moved_here(margin)
        return self.verdict == "lost" or shown or here


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Training time of an encoding: the median of second / first over pairs of models, of every task and seed."""

    encoding: str
    ratio: Effect


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Everything that can be said of two snapshots, and what cannot be compared."""

    changes: tuple[Change, ...]
    obstacles: tuple[Obstacle, ...]
    sources: tuple[str, ...]  # encodings whose code differs
    speed: tuple[Speed, ...]
    family: int  # comparisons judged together: those whose values differ
    fewest: int  # common seeds with which anything can be shown among so many


def compare(first: Snapshot, second: Snapshot, margin: float | None = None) -> Comparison:
    """Compare what both hold, and say why the rest cannot be compared. A margin of None is each metric's own."""
    sides = Side.of(first), Side.of(second)
    found = [change for place in shared(*sides) for change in _changes(place, *sides)]
    family = sum(any(change.differences) for change in found)
    judged = [replace(change, pairs=max(1, family)) for change in found]
    speed, not_timed = _speed(*sides)
    return Comparison(
        changes=tuple(replace(change, verdict=_verdict(change, margin)) for change in judged),
        obstacles=(*obstacles(*sides), *not_timed),
        sources=tuple(changed_sources(*sides)),
        speed=speed,
        family=family,
        fewest=next(seeds for seeds in count(1) if allowed(seeds, max(1, family)) >= 0),
    )


def margin_of(metric: str, margin: float | None) -> float:
    """The margin asked for, or else the metric's own; 0 if it has none."""
    own = METRICS[metric].margin
    return margin if margin is not None else 0.0 if math.isnan(own) else own


def _changes(place: Place, first: Side, second: Side) -> Iterator[Change]:
    """A change for each length at which both sides have a common seed."""
    for length in sorted(first.outcomes[place].keys() & second.outcomes[place].keys()):
        own, other = first.at(place, length), second.at(place, length)
        if common := sorted(own.keys() & other.keys()):
            yield _change(place, first.rows[place], length, own, other, common)


def _change(
    place: Place,
    row: MeasuredRow,
    length: int,
    own: Mapping[Seed, SeedValue],
    other: Mapping[Seed, SeedValue],
    common: Sequence[Seed],
) -> Change:
    known = [seed for seed in common if own[seed].value is not None and other[seed].value is not None]
    before, after = ([value for seed in known if (value := side[seed].value) is not None] for side in (own, other))
    return Change(
        **place[0]._asdict(),
        train_length=row.train_length,
        length=length,
        metric=row.metric,
        first=mean_or_nan(before),
        second=mean_or_nan(after),
        differences=tuple(new - old for old, new in zip(before, after, strict=True)),
        lost=_ends(own, other, common),
        gained=_ends(other, own, common),
        same_machine=all(same(own[seed].environment, other[seed].environment, SAME_ROUNDING) for seed in known),
    )


def _ends(first: Mapping[Seed, SeedValue], second: Mapping[Seed, SeedValue], common: Sequence[Seed]) -> str:
    """The statuses in the second of seeds that have a value only in the first: "diverged"; "" if there are none."""
    found = {second[seed].status for seed in common if first[seed].value is not None and second[seed].value is None}
    return ", ".join(sorted(found))


def same(first: Environment, second: Environment, fields: Sequence[str]) -> bool:
    """True if two environments agree in these fields."""
    return all(getattr(first, name) == getattr(second, name) for name in fields)


def _verdict(change: Change, margin: float | None) -> str:
    if change.lost:
        return "lost"
    if change.differences and not any(change.differences):
        return "identical"
    if (winner := change.duel.winner) is not None:
        return "better" if winner == SECOND else "worse"
    if change.moved_here(margin):
        return "worse on these seeds" if change.worsening > 0 else "better on these seeds"
    if change.gained:
        return "gained"
    return "not shown" if change.differences else "no value"


def _speed(first: Side, second: Side) -> tuple[tuple[Speed, ...], list[Obstacle]]:
    """Training times of shared models that ran under the same conditions, and why the others' do not compare."""
    ratios: dict[str, list[float]] = defaultdict(list)
    refused: dict[str, set[str]] = defaultdict(set)
    for label, (own, own_environment), (other, other_environment) in _twins(first, second):
        if same(own_environment, other_environment, SAME_SPEED):
            ratios[label].append(other.train_seconds / own.train_seconds)
        else:
            details = (each.model_dump(include=set(SAME_SPEED)) for each in (own_environment, other_environment))
            refused[differing(*details)].add(label)
    speed = tuple(Speed(encoding=label, ratio=Effect.of(own)) for label, own in sorted(ratios.items()))
    return speed, [
        Obstacle(why=t("training time: {why}", why=why), task="", encodings=tuple(sorted(labels)))
        for why, labels in sorted(refused.items())
    ]


Trained = tuple[Model, Environment]


def _twins(first: Side, second: Side) -> Iterator[tuple[str, Trained, Trained]]:
    """The trained models that both sides have, seed by seed, with the label of their encoding."""
    for key in sorted(first.models.keys() & second.models.keys()):
        for seed in sorted(first.models[key].keys() & second.models[key].keys()):
            own, other = first.models[key][seed], second.models[key][seed]
            if all(model.status == "ok" and model.train_seconds > 0 for model, _ in (own, other)):
                yield key[1], own, other
