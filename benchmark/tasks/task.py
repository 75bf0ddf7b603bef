"""The contract of a task: where its problems come from, how they are scored, and what guessing would score.

A problem is one row of tokens with a target at every scored place: the token to be predicted there. Scoring is
teacher-forced: "every scored token is the argmax" equals greedy exact match, in one forward pass.

    Task         the contract
    Synthetic    problems drawn on the fly: `sample` is enough
    Language     problems cut from a text
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from benchmark.seeds import generator

UNSCORED = -100  # the target of a place that is not scored (cross_entropy's ignore_index)
SENTENCE_ENDS = "。！？…．.!?।؟۔።"  # the marks of several scripts that end a sentence
LAG = "lag (tokens)"  # the axis of tasks that break scores down by how far back the answer stands
BOS, SEP, EOS, SPECIALS = 0, 1, 2, 3  # the marks of `question`, and the first id free for a task's own tokens

SINGLES = 1000  # test rows of a task that asks one question in each
SINGLE_TOKENS = 80_000  # at most about so many tokens of them at a length: evaluation takes a fifth of training
DRAWN = 6  # rows drawn for each of them, to be chosen from
HELD_OUT = 3  # at most one in so many problems of an answer is a test row: the others are left to train on

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


def first_places(tokens: Int[Tensor, "batch time"]) -> Int[Tensor, "batch time"]:
    """The place of each token's first occurrence in the row; tokens may be any numbers from 0 up."""
    first = tokens.new_full((len(tokens), int(tokens.max()) + 1), tokens.shape[1])
    places = torch.arange(tokens.shape[1]).expand_as(tokens)
    return first.scatter_reduce(1, tokens, places, "amin").gather(1, tokens)


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


def stratified(pool: Batch, count: int) -> Batch:
    """About `count` different rows of a pool, equally many with each answer, in their order.

    A row's answer is its targets. At most one in HELD_OUT problems with an answer is taken. Where an answer has so few
    that this leaves too little, all answers get fewer rows; one with less than half as many as the median is rare, and
    gets what there is without holding the others down.
    """
    tokens = _first_of_each(pool.tokens)
    _, answer = row_hashes(pool.targets[tokens]).unique(return_inverse=True)  # type: ignore[no-untyped-call]
    free = -(-torch.bincount(answer) // HELD_OUT)
    rare = 2 * free < free.median()
    share = min(int(free[~rare].min()), -(-(count - int(free[rare].sum())) // int((~rare).sum())))
    order = answer.argsort(stable=True)
    place = torch.arange(len(order)) - torch.searchsorted(answer[order], answer[order])  # among those of its answer
    kept = tokens[order[place < free.clamp(max=share)[answer[order]]].sort().values]
    return Batch(tokens=pool.tokens[kept], targets=pool.targets[kept])


def _first_of_each(rows: Int[Tensor, "batch time"]) -> Int[Tensor, " different"]:
    """The places of the rows that no earlier row equals, in ascending order."""
    order = row_hashes(rows).sort(stable=True)
    new = torch.ones_like(order.values, dtype=torch.bool)
    new[1:] = order.values.diff() != 0
    return order.indices[new].sort().values


def row_hashes(rows: Int[Tensor, "batch time"]) -> Int[Tensor, " batch"]:
    """A random linear combination of each row's tokens modulo 2 ** 64: equal rows of a width have equal hashes."""
    return (rows * _factors(rows.shape[1])).sum(dim=1)


@cache  # training asks for a few widths, over and over
def _factors(width: int) -> Int[Tensor, " {width}"]:
    span = torch.iinfo(torch.int64)
    return torch.randint(span.min, span.max, (width,), generator=generator("hash of a row"))


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
    segments: ClassVar[bool] = False  # rows have segments, such as sentences: encodings that read marks are offered
    balanced: ClassVar[bool] = False  # a row has one short answer, and test rows hold all answers equally often
    exhaustive: ClassVar[bool] = False  # so few problems per length that training and test ask all of them
    unlearned: ClassVar[str] = ""  # why no preset's model learns it at its trained length, and who says so
    sweep: ClassVar[tuple[str, ...]] = ()  # an axis and the parameter that varies along it: a run per value, one grid
    digits: tuple[int, ...] = ()  # token ids of the digits 0 to 9, in order; set by a task that writes numbers

    @property
    @abstractmethod
    def vocabulary(self) -> int:
        """Number of token ids."""

    @property
    def marks(self) -> tuple[int, ...]:
        """Token ids that end a segment; set by a task with segments."""
        return ()

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

    def chance_of_rest(self, length: int, opening: int) -> float:
        """The chance of guessing every answer past the first `opening` of a `nested` problem (by `exact_match`).

        As it stands, for answers that are guessed independently of those in the opening.
        """
        whole, before = (self.chance(each).get("exact_match", 0.0) for each in (length, opening))
        return min(1.0, whole / before) if before else 0.0

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

    A row of a `balanced` task asks for one short answer, such as a bit. Rows as they are drawn would let a constant
    answer score above chance, by luck or because an answer is common. So the test draws more rows than it needs and
    keeps equally many of each answer, about a thousand in all (`stratified`).
    """

    problems: ClassVar[int] = 128  # test problems at each length
    batch_tokens: ClassVar[int] = 16384  # approximate tokens per test batch

    def evaluation(self, length: int) -> Iterable[Batch]:
        draws, count = generator(self.name, "evaluation", length), self.test_rows(length)
        size = max(1, min(count, self.batch_tokens // self.tokens(length)))
        if self.balanced:
            rows = stratified(self.sample(DRAWN * count, length, draws), count)
            for tokens, targets in zip(torch.split(rows.tokens, size), torch.split(rows.targets, size), strict=True):
                yield Batch(tokens=tokens, targets=targets)
            return
        for start in range(0, count, size):
            yield self.sample(min(size, count - start), length, draws)

    def test_rows(self, length: int) -> int:
        """Test problems at a length; for a `balanced` task roughly, and fewer where there are few problems."""
        return self.many_rows(length) if self.balanced else self.problems

    def many_rows(self, length: int) -> int:
        """Test problems at a length if a row asks one question or hardly more."""
        return max(self.problems, min(SINGLES, SINGLE_TOKENS // self.tokens(length)))


class Language(Task):
    """A task over a text: predict the next token. Length is the number of tokens, and every place is scored.

    `evaluation` takes its rows from held-out text, and rows of every length must END at the same places: a report
    takes as the value at a length the mean over the last half trained length of each row (at most 64 targets), which
    compares lengths only if those are the same targets at every length.
    """

    group = "language"
    metric = "loss_nats"
    language = True
    segments = True  # sentences
    nested = True  # every prefix of a stretch of text is a stretch of text
    held_out: Int[Tensor, " token"]  # what no training row shows; a search at test time reads the first quarter
    text_parameter: ClassVar[str] = ""  # the parameter that names a corpus and follows --corpus; "": has its own text

    @abstractmethod
    def check(self, longest: int, train_length: int) -> None:
        """Raise a UsageError if the text is too short for the longest evaluation length or the trained length."""

    @abstractmethod
    def sentence(self, text: str) -> tuple[list[int], list[str]]:
        """Token ids and words of a sentence, whose attention is drawn; one from the held-out text if `text` is ""."""

    @property
    def marks(self) -> tuple[int, ...]:
        """Token ids of the SENTENCE_ENDS in the vocabulary; an id that several share stands for unknown ones."""
        found = Counter(ids[0] for ids in map(self._ids, SENTENCE_ENDS) if len(ids) == 1)
        return tuple(sorted(token for token, count in found.items() if count == 1))

    def _ids(self, mark: str) -> list[int]:
        """The token ids of a mark; none if it cannot be written in the vocabulary."""
        try:
            return self.sentence(mark)[0]
        except (ValueError, LookupError):
            return []

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
