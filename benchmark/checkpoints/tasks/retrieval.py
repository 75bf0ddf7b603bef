"""Retrieval from a document: facts are planted in its text, and each question is answered by likelihood.

    row        opening  intro  text ... fact ... text ... fact ... text  question  answer        `length` tokens at most
    answer     of some candidates the one whose tokens are the most likely after row and question

    loss       -log of the share of the right one in the likelihood of all candidates

The document is read once, and every candidate of every question is tried as its continuation. What is asked about a
document depends on its number only, so all lengths and encodings are asked the same.
"""

import random
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.checkpoints.tasks.task import CheckpointTask, Outcome, Ranges, Subject, by_question, guessing
from benchmark.seeds import seed_of

CANDIDATES = 8
DEPTHS = 5  # ranges of depth, and the facts asked for, one in each
LEAST_TEXT = 2  # tokens of text for each fact


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A sentence to plant."""

    depth: float  # 0: at the beginning of the text, 1: at its end
    words: str


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question with its candidates."""

    words: str
    candidates: Sequence[str]  # CANDIDATES of them
    right: int
    field: int  # of the grid


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Everything planted in one document and asked about it."""

    intro: str
    facts: Sequence[Fact]
    questions: Sequence[Question]


class Retrieval(CheckpointTask):
    """Facts planted in text."""

    metric = "exact_match"
    version = 2  # a tokenizer's mark of a text's beginning no longer stands before facts and answers
    shortcut: ClassVar[str] = ""  # a rule that need not find the fact; "": none is known
    fitting: ClassVar[int] = CANDIDATES  # candidates that the rule picks among, the right one included

    @abstractmethod
    def ask(self, draw: random.Random, *, chinese: bool) -> Asked:
        """What is planted and asked."""

    def axes(self) -> dict[str, Ranges]:
        """The axis of the grid: by default the depth of the fact that is asked for."""
        return {"depth (%)": tuple((100 * each // DEPTHS, 100 * (each + 1) // DEPTHS) for each in range(DEPTHS))}

    def shortest(self, subject: Subject, documents: Sequence[int]) -> int:
        return max(self._room(subject, self._asked(subject, document)) for document in documents)

    def _room(self, subject: Subject, asked: Asked) -> int:
        """The tokens of everything planted and asked, and of the least text around it."""
        fixed = sum(len(subject.encode(fact.words)) for fact in asked.facts) + len(subject.encode(asked.intro))
        longest = max(len(each) for each in _continuations(subject, asked))
        return len(subject.opening) + fixed + LEAST_TEXT * len(asked.facts) + longest

    def measure(self, subject: Subject, document: int, length: int) -> Outcome:
        asked = self._asked(subject, document)
        continuations = _continuations(subject, asked)
        longest = max(len(each) for each in continuations)
        prefix = planted(subject, asked, document, length - longest)
        found = subject.reader.continuations(prefix, continuations)
        answers = [len(subject.encode(each)) for question in asked.questions for each in question.candidates]
        totals = torch.stack(
            [own.log_likelihood[-count:].sum() for own, count in zip(found, answers, strict=True)]
        ).view(len(asked.questions), -1)
        right = torch.tensor([question.right for question in asked.questions])
        own = totals.gather(1, right[:, None])[:, 0]
        others = totals.scatter(1, right[:, None], -torch.inf).amax(dim=1)
        (ranges,) = self.axes().values()
        return Outcome(
            arrays=by_question(
                (totals.logsumexp(dim=1) - own).tolist(),
                (own > others).tolist(),
                [question.field for question in asked.questions],
                len(ranges),
            ),
            chance=guessing(totals.shape[1]),
            axes=self.axes(),
            shortcuts={self.shortcut: guessing(self.fitting)} if self.shortcut else {},
        )

    def _asked(self, subject: Subject, document: int) -> Asked:
        chinese = subject.text.chinese
        return self.ask(random.Random(seed_of(self.name, document)), chinese=chinese)


def planted(subject: Subject, asked: Asked, document: int, length: int) -> Int[Tensor, " length"]:
    """The row before the questions: text with facts planted in it."""
    intro = torch.cat((subject.opening, subject.encode(asked.intro)))
    facts = [(fact.depth, subject.encode(fact.words)) for fact in sorted(asked.facts, key=lambda fact: fact.depth)]
    room = length - len(intro) - sum(len(tokens) for _, tokens in facts)
    text = subject.text.before_end(document, room)
    parts, start = [intro], 0
    for depth, tokens in facts:
        place = round(depth * room)
        parts += [text[start:place], tokens]
        start = place
    return torch.cat((*parts, text[start:]))


def _continuations(subject: Subject, asked: Asked) -> list[Int[Tensor, " few"]]:
    """Each question with each of its candidates."""
    return [
        torch.cat((subject.encode(question.words), subject.encode(candidate)))
        for question in asked.questions
        for candidate in question.candidates
    ]


def depths(draw: random.Random) -> list[float]:
    """A depth in each range."""
    return [(each + draw.random()) / DEPTHS for each in range(DEPTHS)]


def shuffled(draw: random.Random, right: str, wrong: Sequence[str]) -> tuple[list[str], int]:
    """The candidates in random order, and where the right one is."""
    candidates = [right, *wrong]
    draw.shuffle(candidates)
    return candidates, candidates.index(right)
