"""What changed between two snapshots of the same measurements: an older version and a newer, or two machines.

    paired      d_s = second - first, at each seed that both have       sign flips; t or BCa interval
    Welch       mean second - mean first, where no seed is common       t of unequal variances, and its interval
    corrected   Holm over all that is tested: every task, encoding and length whose values differ

A seed is common if both its parts are, initialisation and data. Values that are equal to the last bit are "identical"
and not tested: no pattern of signs could make them differ.

Below `fewest_seeds`, sign flips cannot show anything, and another rule applies. Training is a function of its seeds: on
one machine (the same torch, processor, device and threads) a difference can only come from the code. It is "worse on
these seeds" if every common seed is worse, and their mean by more than the margin: a statement about these seeds, not
about others. Another machine rounds differently, and training amplifies that: with two threads instead of one,
accuracies of `copy` under the quick preset moved by up to .006. There the rule applies only if the caller states a
margin.

Source: Welch 1947, Biometrika 34.
Convention: differences are second - first. If neither side of an unpaired comparison varies, t is undefined, and p is
the smallest that a permutation test of so many seeds could give.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from benchmark.metrics import METRICS
from benchmark.reports.compare.matching import (
    Obstacle,
    Outcome,
    Place,
    Seed,
    Side,
    changed_sources,
    differing,
    obstacles,
    shared,
)
from benchmark.reports.compare.snapshot import Model, Snapshot
from benchmark.reports.phrases import qualified
from benchmark.reports.stats.against_reference import difference_interval, fewest_seeds, holm
from benchmark.reports.stats.estimate import CONFIDENCE, LEVEL, Estimate, Floats, mean_and_range
from benchmark.reports.stats.resampling import sign_flip_p
from benchmark.results.record import Environment

# Fields of an environment. If these agree, the same seeds give the same bits:
SAME_ROUNDING = ("torch", "processor", "device", "threads")
SAME_SPEED = ("processor", "device", "threads")
GOT_WORSE = ("worse", "worse on these seeds", "lost")
CHANGED = (*GOT_WORSE, "better", "better on these seeds", "gained")


@dataclass(frozen=True, kw_only=True)
class Change:
    """One encoding on one task at one length, on both sides.

    `verdict`: "identical"; "better" or "worse" (shown); "better on these seeds" or "worse on these seeds"; "lost" (a
    seed no longer has a value) or "gained"; "not shown"; "no value" to compare.
    """

    task: str
    trained_with: str
    encoding: str
    train_length: int
    length: int
    metric: str
    first: float = math.nan  # means over the seeds that are compared
    second: float = math.nan
    difference: float = math.nan
    low: float = math.nan
    high: float = math.nan
    seeds: tuple[int, int] = (0, 0)  # behind the two means
    test: str = ""  # "paired", "Welch", or "" if there is nothing to compare
    p: float = math.nan
    p_corrected: float = math.nan
    lost: str = ""  # status in the second of seeds with a value in the first; "" if none was lost
    gained: str = ""  # the other way round
    one_way: bool = False  # every pair differs, all in the same direction
    same_machine: bool = False  # every pair comes from machines that round alike
    verdict: str = ""

    @property
    def name(self) -> str:
        """Its encoding, for people."""
        return qualified(self.trained_with, self.encoding, "")

    @property
    def worsening(self) -> float:
        """How much worse the second is; negative if it is better."""
        return self.difference if METRICS[self.metric].lower_is_better else -self.difference

    def moved(self, margin: float | None) -> bool:
        """True if every pair differs in one direction, and the mean by more than a margin."""
        return self.one_way and abs(self.difference) > margin_of(self.metric, margin)

    def regressed(self, margin: float | None) -> bool:
        """True if it got worse by more than a margin; None is the metric's own."""
        return self.verdict == "lost" or (self.verdict in GOT_WORSE and self.worsening > margin_of(self.metric, margin))


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Training time of an encoding: the geometric mean of second / first over pairs of models, with a t interval."""

    encoding: str
    ratio: Estimate


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Everything that can be said of two snapshots, and what cannot be compared."""

    changes: tuple[Change, ...]
    obstacles: tuple[Obstacle, ...]
    sources: tuple[str, ...]  # encodings whose code differs
    speed: tuple[Speed, ...]
    family: int  # comparisons tested together
    fewest: int  # seeds with which sign flips can show anything among so many


def compare(first: Snapshot, second: Snapshot, margin: float | None = None) -> Comparison:
    """Compare what both hold, and say why the rest cannot be compared. A margin of None is each metric's own."""
    sides = Side.of(first), Side.of(second)
    found = [change for place in shared(*sides) for change in _changes(place, *sides)]
    corrected = holm(np.array([change.p for change in found], dtype=float))
    family = int(np.sum(~np.isnan(corrected)))
    fewest = fewest_seeds(max(1, family))
    tested = [replace(change, p_corrected=float(p)) for change, p in zip(found, corrected, strict=True)]
    speed, not_timed = _speed(*sides)
    return Comparison(
        changes=tuple(replace(change, verdict=_verdict(change, fewest, margin)) for change in tested),
        obstacles=(*obstacles(*sides), *not_timed),
        sources=tuple(changed_sources(*sides)),
        speed=speed,
        family=family,
        fewest=fewest,
    )


def margin_of(metric: str, margin: float | None) -> float:
    """The margin asked for, or else the metric's own; 0 if it has none."""
    own = METRICS[metric].margin
    return margin if margin is not None else 0.0 if math.isnan(own) else own


def welch(first: Sequence[float], second: Sequence[float]) -> tuple[Estimate, float]:
    """Mean second - mean first with its 95 % interval, and the two-sided p; NaN if a side has a single value."""
    count = len(first) + len(second)
    difference = float(np.mean(second) - np.mean(first))
    if min(len(first), len(second)) < 2:
        return Estimate(value=difference, low=math.nan, high=math.nan, n=count), math.nan
    parts = [float(np.var(side, ddof=1)) / len(side) for side in (first, second)]
    error = math.sqrt(sum(parts))
    if error == 0:
        least = 1.0 if difference == 0 else 2 / math.comb(count, len(first))
        return Estimate(value=difference, low=math.nan, high=math.nan, n=count), least
    freedom = error**4 / sum(part**2 / (len(side) - 1) for part, side in zip(parts, (first, second), strict=True))
    reach = float(special.stdtrit(freedom, (1 + CONFIDENCE) / 2)) * error
    p = 2 * float(special.stdtr(freedom, -abs(difference) / error))
    return Estimate(value=difference, low=difference - reach, high=difference + reach, n=count), p


def _changes(place: Place, first: Side, second: Side) -> Iterator[Change]:
    """A change for each length that both sides have."""
    for length in sorted(first.outcomes[place].keys() & second.outcomes[place].keys()):
        yield _change(place, length, first, second)


def _change(place: Place, length: int, first: Side, second: Side) -> Change:
    curve, row = place[0], first.rows[place]
    own, other = first.at(place, length), second.at(place, length)
    common = sorted(own.keys() & other.keys())
    pairs = [seed for seed in common if own[seed].value is not None and other[seed].value is not None]
    blank = Change(
        **curve._asdict(),
        train_length=row.train_length,
        length=length,
        metric=row.metric,
        lost=_ends(own, other, common),
        gained=_ends(other, own, common),
    )
    if pairs:
        return _paired(blank, [own[seed] for seed in pairs], [other[seed] for seed in pairs])
    known = [[outcome.value for outcome in side.values() if outcome.value is not None] for side in (own, other)]
    return _unpaired(blank, *known) if all(known) and not common else blank


def _paired(blank: Change, first: Sequence[Outcome], second: Sequence[Outcome]) -> Change:
    before, after = (np.array([outcome.value for outcome in side], dtype=float) for side in (first, second))
    differences = after - before
    low, high = difference_interval(differences[None], 0)[:, 0]
    pairs = zip(first, second, strict=True)
    alike = all(same(own.environment, other.environment, SAME_ROUNDING) for own, other in pairs)
    return replace(
        blank,
        **_means(before, after, float(differences.mean())),
        low=float(low),
        high=float(high),
        test="paired",
        p=float(sign_flip_p(differences[None])[0]) if differences.any() else math.nan,
        one_way=bool((differences > 0).all() or (differences < 0).all()),
        same_machine=alike,
    )


def _unpaired(blank: Change, first: Sequence[float], second: Sequence[float]) -> Change:
    estimate, p = welch(first, second)
    return replace(
        blank, **_means(first, second, estimate.value), low=estimate.low, high=estimate.high, test="Welch", p=p
    )


def _means(first: Sequence[float] | Floats, second: Sequence[float] | Floats, difference: float) -> Mapping[str, Any]:
    means = {"first": float(np.mean(first)), "second": float(np.mean(second))}
    return {**means, "difference": difference, "seeds": (len(first), len(second))}


def _ends(first: Mapping[Seed, Outcome], second: Mapping[Seed, Outcome], common: Sequence[Seed]) -> str:
    """The statuses in the second of seeds that have a value only in the first: "diverged"; "" if there are none."""
    found = {second[seed].status for seed in common if first[seed].value is not None and second[seed].value is None}
    return ", ".join(sorted(found))


def same(first: Environment, second: Environment, fields: Sequence[str]) -> bool:
    """True if two environments agree in these fields."""
    return all(getattr(first, name) == getattr(second, name) for name in fields)


def _verdict(change: Change, fewest: int, margin: float | None) -> str:
    if change.lost:
        return "lost"
    if change.test == "paired" and math.isnan(change.p):
        return "identical"
    direction = "worse" if change.worsening > 0 else "better"
    if change.p_corrected < LEVEL:
        return direction
    if change.test == "paired" and change.seeds[0] < fewest and change.moved(margin):
        if change.same_machine or margin is not None:
            return f"{direction} on these seeds"
    if change.gained:
        return "gained"
    return "not shown" if change.test else "no value"


def _speed(first: Side, second: Side) -> tuple[tuple[Speed, ...], list[Obstacle]]:
    """Training times of shared models that ran under the same conditions, and why the others' do not compare."""
    logs: dict[str, list[float]] = defaultdict(list)
    refused: dict[str, set[str]] = defaultdict(set)
    for label, (own, own_environment), (other, other_environment) in _twins(first, second):
        if same(own_environment, other_environment, SAME_SPEED):
            logs[label].append(math.log(other.train_seconds / own.train_seconds))
        else:
            details = (each.model_dump(include=set(SAME_SPEED)) for each in (own_environment, other_environment))
            refused[differing(*details)].add(label)
    speed = tuple(Speed(encoding=label, ratio=_ratio(own)) for label, own in sorted(logs.items()))
    return speed, [
        Obstacle(why=f"training time: {why}", task="", encodings=tuple(sorted(labels)))
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


def _ratio(logs: Sequence[float]) -> Estimate:
    estimate = mean_and_range(logs)
    value, low, high = (math.exp(edge) for edge in (estimate.value, estimate.low, estimate.high))
    return Estimate(value=value, low=low, high=high, n=estimate.n)
