"""The contract of a task: where its problems come from, how they are scored, and what a guesser would reach.

A synthetic problem is one row of tokens with a target at every scored place: the token to be predicted there.
Scoring is teacher-forced: "every scored token is the argmax" equals greedy exact match, in one forward pass.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.seeds import generator

UNSCORED = -100  # the target of a place that is not scored (cross_entropy's ignore_index)
LAG = "lag (tokens)"  # the axis of tasks that are scored by how far back the answer stands
BOS, SEP, EOS, SPECIALS = 0, 1, 2, 3  # the marks of `question`, and the first id that is free for a task's own tokens

Ranges = tuple[tuple[int, int], ...]  # first and last value of each range of an axis


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Rows of tokens, and at each place the token to be predicted there (UNSCORED: none)."""

    tokens: Int[Tensor, "batch time"]
    targets: Int[Tensor, "batch time"]


def question(prompt: Int[Tensor, "batch prompt"], answer: Int[Tensor, "batch answer"]) -> Batch:
    """Rows of `BOS prompt SEP answer`, to be answered up to and with an EOS.

    Answers narrower than the widest of their batch are filled up with EOS, of which the first alone is scored.
    """
    sep = prompt.shape[1] + 1
    tokens = prompt.new_full((len(prompt), sep + 1 + answer.shape[1]), SEP)
    tokens[:, 0] = BOS
    tokens[:, 1:sep] = prompt
    tokens[:, sep + 1 :] = answer
    targets = torch.full_like(tokens, UNSCORED)
    targets[:, sep:-1] = answer
    targets[:, -1] = EOS
    targets[:, sep + 1 :].masked_fill_(answer == EOS, UNSCORED)  # what follows an EOS
    return Batch(tokens=tokens, targets=targets)


def lags(tokens: Int[Tensor, "batch time"]) -> Int[Tensor, "batch time"]:
    """How many places before each token the same token stood last; 0 where it stands for the first time."""
    order = tokens.argsort(dim=1, stable=True)
    alike = tokens.gather(1, order).diff(dim=1) == 0
    return torch.zeros_like(tokens).scatter(1, order[:, 1:], order.diff(dim=1).where(alike, 0))


def octaves(longest: int) -> Ranges:
    """Lags from 1 to `longest`, in ranges each as wide as all before it: 1, 2, 3-4, 5-8, 9-16, ..."""
    powers = (2**digits for digits in range((longest - 1).bit_length() + 1))
    return tuple((power // 2 + 1, power) for power in powers)


def octave(lag: Int[Tensor, "*shape"]) -> Int[Tensor, "*shape"]:
    """Which of the `octaves` a lag is in, counted from 0: the number of binary digits of lag - 1."""
    return torch.frexp((lag - 1).clamp(min=0).double()).exponent.long()


class Task(ABC):
    """A task. Class attributes are plain literals, so that they can be read without importing torch.

    Parameters of a task are keyword-only arguments of `__init__`, each with a literal default:
    `offset-recall:back=7` sets one.

    Two lines of the module's docstring are for `list tasks`, which asks no task that is made: `Vocabulary: 10.` and
    `Chance: 1 / 10.`, both with the default parameters, and chance for the headline metric: an expression of `length`,
    or where there is none, values: `0.26 at length 20, 0.065 at length 80`. A test holds both to the class.
    """

    name: ClassVar[str]  # the name in the registry and on the command line
    title: ClassVar[str]  # for people
    group: ClassVar[str]  # recall, relative, absolute, string, counting, arithmetic, reasoning or language
    definition: ClassVar[str]  # one line
    source: ClassVar[str]  # where the task was published, an URL
    metric: ClassVar[str]  # the headline metric: token_accuracy, exact_match or loss_nats
    version: ClassVar[int] = 1  # raised by hand when the task's data change: old records then no longer count
    nested: ClassVar[bool] = False  # every prefix of a problem is a problem: a row of length L trains all shorter ones
    numbers: ClassVar[bool] = False  # writes numbers digit by digit: encodings that read digits are offered
    exhaustive: ClassVar[bool] = False  # so few problems a length that the test asks them all, as training does
    unlearned: ClassVar[str] = ""  # why no model of a preset learns it at its trained length, and who says so
    sweep: ClassVar[tuple[str, ...]] = ()  # an axis, and the parameter along it: runs that differ in it make a grid
    digits: tuple[int, ...] = ()  # token ids of the digits 0 to 9, in order; set by a task that writes numbers

    @property
    @abstractmethod
    def vocabulary(self) -> int:
        """Number of token ids."""

    @abstractmethod
    def tokens(self, length: int) -> int:
        """Tokens in a row of a problem of this length."""

    @abstractmethod
    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        """`size` training problems of one length, drawn with vectorised torch from the generator alone."""

    @abstractmethod
    def evaluation(self, length: int) -> Iterable[Batch]:
        """The fixed test problems of a length: the same at every call.

        Training never scores those of the trained length, nor those of its views, unless the task is `exhaustive`.
        """

    @abstractmethod
    def chance(self, length: int) -> dict[str, float]:
        """What a guesser who knows the task but not the answer reaches at a length, by metric."""

    def shortest(self) -> int:
        """The shortest problem length that has something to score."""
        return 1

    def axes(self, length: int) -> dict[str, Ranges]:
        """One or two axes that tell the scored places of a length apart (lag, depth, ...); none if they are alike."""
        return {}

    def groups(self, batch: Batch, length: int) -> Int[Tensor, "batch time"]:
        """For a task with axes, the field of its grid that each scored place is in; of other places, any field.

        Fields are counted from 0, and along the last axis first.
        """
        raise NotImplementedError(f"{self.name} has axes, but does not say which field a place is in")

    def views(self, length: int, train_length: int) -> dict[str, Iterable[Batch]]:
        """More test rows, by name: measured and stored beside the `evaluation`, and counted in the grid.

        They do not count in the value at the length. No row is longer than `tokens(length)`. Rows that training could
        draw, which are no longer than the trained length's, belong to the views of that length alone.
        """
        return {}


class Synthetic(Task):
    """A task whose problems are made on line: `sample` defines it, and the test problems come from a seed of their own.

    Training and test share no seed, and where a task has so few problems that some are drawn twice, training leaves
    the test's out.
    """

    problems: ClassVar[int] = 128  # test problems at each length
    batch_tokens: ClassVar[int] = 16384  # about so many tokens in a test batch

    def evaluation(self, length: int) -> Iterable[Batch]:
        draws, count = generator(self.name, "evaluation", length), self.test_rows(length)
        size = max(1, min(count, self.batch_tokens // self.tokens(length)))
        for start in range(0, count, size):
            yield self.sample(min(size, count - start), length, draws)

    def test_rows(self, length: int) -> int:
        """Test problems at a length."""
        return self.problems
