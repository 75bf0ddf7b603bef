"""The contract of a task for a checkpoint: what is asked about one document at one length, and how it is scored.

Unlike a task that models are trained on, it has no training data and no tokens of its own: a document is cut from a
text, and the checkpoint's own tokenizer reads it.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int
from torch import Tensor

from benchmark.checkpoints.reader import Likelihoods
from benchmark.checkpoints.text import Text
from benchmark.results.record import Arrays

Ranges = tuple[tuple[int, int], ...]


@runtime_checkable
class Reads(Protocol):
    """A checkpoint with an encoding, as `Reader`."""

    def log_likelihoods(self, tokens: Tensor, places: Tensor) -> Likelihoods:
        """Of tokens at places, given all before them."""
        ...

    def continuations(self, prefix: Tensor, continuations: Sequence[Tensor]) -> list[Likelihoods]:
        """Of every token of each continuation."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """What is measured, and on which text."""

    text: Text
    opening: Int[Tensor, " few"]  # tokens that begin every row
    encode: Callable[[str], Int[Tensor, " time"]]
    train_length: int  # L
    whole: bool = True  # a row of L tokens fits in memory
    reader: Reads  # with the encoding that is measured
    own: Reads  # with the checkpoint's own rope


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one document gave at one length."""

    arrays: Arrays  # as those of an EvalRecord
    chance: dict[str, float]  # by metric
    axes: dict[str, Ranges] = field(default_factory=dict)
    # The score of a simple rule, by its name and by metric.
    shortcuts: dict[str, dict[str, float]] = field(default_factory=dict)
    seconds: float | None = None  # that reading took, possibly at an earlier call; None: as long as this call


class CheckpointTask(ABC):
    """A task. Class attributes are plain literals, so that they can be read without importing torch."""

    name: ClassVar[str]  # the name in the registry and on the command line
    title: ClassVar[str]  # for people
    definition: ClassVar[str]  # one line
    source: ClassVar[str]  # URL of the publication
    metric: ClassVar[str]  # the headline metric: loss_nats or exact_match
    version: ClassVar[int] = 1  # raised when what is asked changes
    language: ClassVar[bool] = False  # scored on the text itself
    text_parameter: ClassVar[str] = "text"  # the parameter that names the text

    @abstractmethod
    def shortest(self, subject: Subject, documents: Sequence[int]) -> int:
        """The shortest length, in tokens, that has room for what is asked about these documents."""

    @abstractmethod
    def measure(self, subject: Subject, document: int, length: int) -> Outcome:
        """Read a document at a length, in tokens, and score it."""


def by_place(loss: Sequence[float], correct: Sequence[bool]) -> Arrays:
    """The arrays of one row with these scored places."""
    losses, right = np.asarray(loss, dtype=np.float64), np.asarray(correct, dtype=np.int32)
    count = np.ones_like(right)
    return {
        "loss_sum": losses,
        "correct": right,
        "count": count,
        **{f"row_{name}": np.array([own.sum()]) for name, own in _named(losses, right, count)},
    }


def by_question(loss: Sequence[float], correct: Sequence[bool], fields: Sequence[int], ranges: int) -> Arrays:
    """The arrays of one question a row, each in one of so many fields of a grid."""
    losses, right = np.asarray(loss, dtype=np.float64), np.asarray(correct, dtype=np.int32)
    count = np.ones_like(right)
    arrays: Arrays = {f"row_{name}": own for name, own in _named(losses, right, count)}
    arrays |= {"loss_sum": losses.sum(keepdims=True), "correct": right.sum(keepdims=True, dtype=np.int32)}
    arrays["count"] = count.sum(keepdims=True, dtype=np.int32)
    for name, own in (*_named(losses, right, count), ("exact", right), ("rows", count)):
        grouped = np.zeros(ranges, dtype=own.dtype)
        np.add.at(grouped, np.asarray(fields), own)
        arrays[f"group_{name}"] = grouped
    return arrays


def _named(loss: np.ndarray, correct: np.ndarray, count: np.ndarray) -> tuple[tuple[str, np.ndarray], ...]:
    return ("loss", loss), ("correct", correct), ("count", count)


def guessing(candidates: int) -> dict[str, float]:
    """The expected score of guessing among so many answers, one of them right, by metric."""
    return {
        "exact_match": 1 / candidates,
        "token_accuracy": 1 / candidates,
        "loss_nats": math.log(candidates),
    }
