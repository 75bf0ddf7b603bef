"""Text: the loss on the same tokens of a document after contexts of every length.

    document   . . . . . . . . . . . . t t t t         t: the `targets`, the last tokens of a document
    length 8           . . . . t t t t
    length 16  . . . . . . . . . . . . t t t t         only the context before them grows

    crop   the same targets in a row of L tokens: what an engineer gets who cuts the context to L
    far    the eighth of the targets that gain most from a row of L over L / 8 tokens of context, both read with the
           checkpoint's own rope: those that need far context. None where the row with L / 8 would be more than half of
           L, or where a row of L does not fit in memory

Chance: none is stated; guessing a token is far worse than any model.
Source: Fang et al. 2024 (LongPPL), https://arxiv.org/abs/2410.23771, for the choice by gain.
Convention: LongPPL's evaluator is a large model reading the whole text; here it is the checkpoint itself, within L. The
targets are chosen by the loss of rope at L, which flatters rope there a little: compare the encodings past L.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from benchmark.checkpoints.tasks.task import CheckpointTask, Outcome, Reads, Subject, by_place

NEAR = 8  # in the short row, the first target has L / 8 tokens before it
FAR = 8  # an eighth of the targets count as those that need far context


@dataclass(frozen=True, kw_only=True)
class Read:
    """What reading the targets in one row gave."""

    loss: Float[Tensor, " target"]  # nats
    correct: Bool[Tensor, " target"]  # the target was the most likely token
    seconds: float


class TextLoss(CheckpointTask):
    """The targets are the last tokens of a document."""

    name = "text"
    title = "Text"
    definition = "the loss on the same tokens of a document, after contexts of every length"
    source = "https://arxiv.org/abs/2410.23771"
    metric = "loss_nats"
    language = True

    def __init__(self, *, text: str = "sanguo", targets: int = 256) -> None:
        if targets < FAR:
            raise ValueError(f"text: targets is {targets}, but must be at least {FAR}")
        self.targets = targets
        self._far: dict[tuple[int, int], Bool[Tensor, " target"]] = {}  # by document and L
        self._own: dict[tuple[int, int], Read] = {}  # with the checkpoint's own rope, by document and length

    def shortest(self, subject: Subject, documents: Sequence[int]) -> int:
        return len(subject.opening) + self.targets + 1

    def measure(self, subject: Subject, document: int, length: int) -> Outcome:
        read = self._read(subject, subject.reader, document, length)
        arrays = by_place(read.loss.tolist(), read.correct.tolist())
        own = {name: arrays[f"row_{name}"] for name in ("loss", "correct", "count")}
        if length == subject.train_length:
            arrays |= {f"crop_{name}": value for name, value in own.items()}
        if (far := self._needs_far(subject, document)) is not None:
            chosen = by_place(read.loss[far].tolist(), read.correct[far].tolist())
            arrays |= {f"far_{name}": chosen[f"row_{name}"] for name in own}
        return Outcome(arrays=arrays, chance={}, seconds=read.seconds)

    def _read(self, subject: Subject, reader: Reads, document: int, length: int) -> Read:
        """The targets in a row of a length; with the checkpoint's own rope, each row is read once."""
        if reader is not subject.own:
            return self._read_anew(subject, reader, document, length)
        if (document, length) not in self._own:
            self._own[document, length] = self._read_anew(subject, reader, document, length)
        return self._own[document, length]

    def _read_anew(self, subject: Subject, reader: Reads, document: int, length: int) -> Read:
        row = torch.cat((subject.opening, subject.text.before_end(document, length - len(subject.opening))))
        started = time.perf_counter()
        found = reader.log_likelihoods(row, torch.arange(length - self.targets, length))
        return Read(loss=-found.log_likelihood, correct=found.correct, seconds=time.perf_counter() - started)

    def _needs_far(self, subject: Subject, document: int) -> Bool[Tensor, " target"] | None:
        near = subject.train_length // NEAR + self.targets
        if near > subject.train_length // 2:
            return None
        key = document, subject.train_length
        if key not in self._far:
            if not subject.whole:
                return None
            after_near, after_all = (
                self._read(subject, subject.own, document, length).loss for length in (near, subject.train_length)
            )
            best = (after_near - after_all).topk(self.targets // FAR).indices
            self._far[key] = torch.zeros(self.targets, dtype=torch.bool).scatter(0, best, True)
        return self._far[key]
