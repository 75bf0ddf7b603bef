"""What trained claims ask alike: which of two encodings does better, and how well answers are recalled from afar.

Also in words: the models that they speak about.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from benchmark.claims.claim import Criterion, positive
from benchmark.claims.evidence import Evidence, shares_of_learned
from benchmark.reports.words import later
from benchmark.results.record import Arrays

TEXT = later("models of 2 layers and width 64 on a Chinese novel, trained at 64 tokens")
RECALL = later("models of 2 layers and width 64 on synthetic recall, trained at 32 tokens")
BOTH = later("models of 2 layers and width 64, on a Chinese novel (trained at 64 tokens) and synthetic tasks (at 32)")
COUNTED_CHANCE = later("accuracies were compared without taking off what guessing scores")
LOSS_AT_4 = later("loss of the second minus that of the first at 4 L, nats")
RECALL_AT_4 = later("accuracy of recall, the first minus the second, at 4 L")
RECALL_AT_8 = later("accuracy of recall, the first minus the second, at 8 L")


def ahead(one: str, two: str, quantity: str, *, task: str = "") -> Criterion:
    """A criterion for one encoding doing better than another; `task` tells it from others of the same two."""
    return positive(f"{task}: {one}, {two}" if task else f"{one}, {two}", quantity)


@dataclass(frozen=True, kw_only=True)
class Recall:
    """The accuracy of one seed by how far back answers stand; NaN where none do."""

    near: float  # at most the horizon
    far: float  # beyond it
    chance: float


def recalls(
    evidence: Evidence, task: str, encoding: str, multiple: float, horizon: Callable[[int], int]
) -> dict[int, Recall]:
    """The recall at a multiple of L, by seed; `horizon` is a number of tokens that follows from L.

    Answers in a range of distances that straddles the horizon count on neither side.
    """
    found = {}
    for seed, (record, arrays) in evidence.arrays(task, encoding, multiple).items():
        if "group_rows" in arrays and record.axes:
            (lags,) = record.axes.values()
            limit = horizon(round(record.spec.length / multiple))
            found[seed] = Recall(
                near=_accuracy(arrays, (field for field, (_, last) in enumerate(lags) if last <= limit)),
                far=_accuracy(arrays, (field for field, (first, _) in enumerate(lags) if first > limit)),
                chance=record.chance.get("token_accuracy", 0.0),
            )
    return found


def far_shares(
    evidence: Evidence, task: str, encoding: str, multiple: float, horizon: Callable[[int], int]
) -> list[float]:
    """The accuracy above chance beyond the horizon, of that within it; NotMeasurable if most seeds learn little."""
    found = recalls(evidence, task, encoding, multiple, horizon)
    far = {seed: each.far - each.chance for seed, each in found.items()}
    return shares_of_learned(far, {seed: each.near - each.chance for seed, each in found.items()})


def trained(length: int) -> int:
    """The horizon of a task whose length is counted in tokens: L itself."""
    return length


def _accuracy(arrays: Arrays, fields: Iterable[int]) -> float:
    chosen = list(fields)
    places = arrays["group_count"][chosen].sum()
    return float(arrays["group_correct"][chosen].sum() / places) if places else math.nan
