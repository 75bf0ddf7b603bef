"""The contract of a task: where its problems come from, how they are scored, and what guessing would score.

A problem is one row of tokens with a target at every scored place: the token to be predicted there. Scoring is
teacher-forced: "every scored token is the argmax" equals greedy exact match, in one forward pass.

    Task         the contract
    Synthetic    problems drawn on the fly: `sample` is enough
    Language     problems cut from a text
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from benchmark.seeds import generator

UNSCORED = -100  # the target of a place that is not scored (cross_entropy's ignore_index)
LAG = "lag (tokens)"  # the axis of tasks that break scores down by how far back the answer stands
BOS, SEP, EOS, SPECIALS = 0, 1, 2, 3  # the marks of `question`, and the first id free for a task's own tokens

Ranges = tuple[tuple[int, int], ...]  # first and last value of each range of an axis


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Rows of tokens, and at each place the token to be predicted there (UNSCORED: none)."""

    tokens: Int[Tensor, "batch time"]
    targets: Int[Tensor, "batch time"]


def question(prompt: Int[Tensor, "batch prompt"], answer: Int[Tensor, "batch answer"]) -> Batch:
    """Rows of `BOS prompt SEP answer`, with the answer and a closing EOS as targets.

    Answers shorter than the longest of their batch are padded with EOS; only the first EOS is scored.
    """
    sep = prompt.shape[1] + 1
    tokens = prompt.new_full((len(prompt), sep + 1 + answer.shape[1]), SEP)
    tokens[:, 0] = BOS
    tokens[:, 1:sep] = prompt
    tokens[:, sep + 1 :] = answer
    targets = torch.full_like(tokens, UNSCORED)
    targets[:, sep:-1] = answer
    targets[:, -1] = EOS
    targets[:, sep + 1 :].masked_fill_(answer == EOS, UNSCORED)  # everything after an EOS
    return Batch(tokens=tokens, targets=targets)


def lags(tokens: Int[Tensor, "batch time"]) -> Int[Tensor, "batch time"]:
    """Distance from each token to its previous occurrence in the row; 0 at its first."""
    order = tokens.argsort(dim=1, stable=True)
    alike = tokens.gather(1, order).diff(dim=1) == 0
    return torch.zeros_like(tokens).scatter(1, order[:, 1:], order.diff(dim=1).where(alike, 0))


def octaves(longest: int) -> Ranges:
    """Lags from 1 to `longest`, in ranges each as wide as all before it together: 1, 2, 3-4, 5-8, 9-16, ..."""
    powers = (2**digits for digits in range((longest - 1).bit_length() + 1))
    return tuple((power // 2 + 1, power) for power in powers)


def octave(lag: Int[Tensor, "*shape"]) -> Int[Tensor, "*shape"]:
    """Index of a lag's range among the `octaves`, from 0: the number of binary digits of lag - 1."""
    return torch.frexp((lag - 1).clamp(min=0).double()).exponent.long()


class Task(ABC):
    """A task. Class attributes are plain literals, so that they can be read without importing torch.

    Parameters of a task are keyword-only arguments of `__init__`, each with a literal default:
    `offset-recall:back=7` sets one.

    `list tasks` makes no task; it reads two lines of the module's docstring, `Vocabulary: 10.` and `Chance: 1 / 10.`.
    Both hold for the default parameters, and chance for the headline metric. Chance is an expression of `length` or,
    where there is none, values: `0.26 at length 20, 0.065 at length 80`. A test compares both lines with the class.
    """

    name: ClassVar[str]  # the name in the registry and on the command line
    title: ClassVar[str]  # for people
    group: ClassVar[str]  # recall, relative, absolute, string, counting, arithmetic, reasoning or language
    definition: ClassVar[str]  # one line
    source: ClassVar[str]  # URL of the publication
    metric: ClassVar[str]  # the headline metric: token_accuracy, exact_match or loss_nats
    version: ClassVar[int] = 1  # raise it when the task's data change: older records then no longer count
    language: ClassVar[bool] = False  # set by `Language`, for those that only read the source
    nested: ClassVar[bool] = False  # every prefix of a problem is a problem: a row of length L trains all shorter ones
    numbers: ClassVar[bool] = False  # writes numbers digit by digit: encodings that read digits are offered
    exhaustive: ClassVar[bool] = False  # so few problems per length that training and test ask all of them
    unlearned: ClassVar[str] = ""  # why no preset's model learns it at its trained length, and who says so
    sweep: ClassVar[tuple[str, ...]] = ()  # an axis and the parameter that varies along it: a run per value, one grid
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
        """`size` training problems of one length, drawn with vectorised torch, from this generator only."""

    @abstractmethod
    def evaluation(self, length: int) -> Iterable[Batch]:
        """The fixed test problems of a length, identical on every call.

        Training never scores those of the trained length or of its views, unless the task is `exhaustive`.
        """

    @abstractmethod
    def chance(self, length: int) -> dict[str, float]:
        """The score of guessing at a length, by metric: knowing the task but not the answer."""

    def shortest(self) -> int:
        """The shortest problem length that has something to score."""
        return 1

    def shortcuts(self, batch: Batch) -> dict[str, Int[Tensor, "batch time"]]:
        """The answers of simple rules that miss the point of the task, by the name of the rule, for test rows.

        A token at each scored place; arbitrary elsewhere. A report draws the best of them beside chance, and does not
        credit a model with what it explains. One constant answer is always among them and need not be named.
        """
        return {}

    def axes(self, length: int) -> dict[str, Ranges]:
        """One or two axes that divide a length's scored places (by lag, depth, ...); none if all places are alike."""
        return {}

    def groups(self, batch: Batch, length: int) -> Int[Tensor, "batch time"]:
        """The grid field of each scored place, for a task with axes; arbitrary at other places.

        Fields are counted from 0, with the last axis varying fastest.
        """
        raise NotImplementedError(f"{self.name} has axes, but does not define groups(), the field of each place")

    def views(self, length: int, train_length: int) -> dict[str, Iterable[Batch]]:
        """More test rows, by name: measured and stored along with the `evaluation`, and counted in the grid.

        They do not count towards the value at the length. No row is longer than `tokens(length)`. Rows that training
        could draw, i.e. those no longer than the trained length, must belong to the views of the trained length.
        """
        return {}

    def subsets(self, length: int, train_length: int) -> dict[str, Bool[Tensor, "rows time"]]:
        """Scored places of the `evaluation`, by name: true for those whose outcome is also stored apart.

        All its rows in order. A name may not be that of a view.
        """
        return {}


class Synthetic(Task):
    """A task whose problems are drawn on the fly: `sample` defines it, and test problems come from their own seed.

    Training and test share no seed. Where a task has so few problems that both draw some, training leaves out the
    test's.
    """

    problems: ClassVar[int] = 128  # test problems at each length
    batch_tokens: ClassVar[int] = 16384  # approximate tokens per test batch

    def evaluation(self, length: int) -> Iterable[Batch]:
        draws, count = generator(self.name, "evaluation", length), self.test_rows(length)
        size = max(1, min(count, self.batch_tokens // self.tokens(length)))
        for start in range(0, count, size):
            yield self.sample(min(size, count - start), length, draws)

    def test_rows(self, length: int) -> int:
        """Test problems at a length."""
        return self.problems


class Language(Task):
    """A task over a text: predict the next token. Length is the number of tokens, and every place is scored.

    `evaluation` takes its rows from held-out text, and rows of every length must END at the same places: a report
    takes as the value at a length the mean over the last half trained length of each row (at most 64 targets), which
    compares lengths only if those are the same targets at every length.
    """

    group = "language"
    metric = "loss_nats"
    language = True
    nested = True  # every prefix of a stretch of text is a stretch of text
    text_parameter: ClassVar[str] = ""  # the parameter that names a corpus and follows --corpus; "": has its own text

    @abstractmethod
    def check(self, longest: int, train_length: int) -> None:
        """Raise a UsageError if the text is too short for the longest evaluation length or the trained length."""

    @abstractmethod
    def sentence(self, text: str) -> tuple[list[int], list[str]]:
        """Token ids and words of a sentence, whose attention is drawn; one from the held-out text if `text` is ""."""

    @property
    def unknown_rate(self) -> float | None:
        """Share of <unk> among the held-out tokens; None if not known."""
        return None

    @property
    def characters_per_token(self) -> float | None:
        """Mean number of characters in a held-out token, for bits per character; None if not known."""
        return None

    @property
    def text_notes(self) -> list[str]:
        """What was normalised in the text, for people."""
        return []

    def tokens(self, length: int) -> int:
        return length
