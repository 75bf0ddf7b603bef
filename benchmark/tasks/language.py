"""Language: predict the next word of a text, and prove it on chapters that training never sees.

    input    却  说   董卓  大  怒
    target   说  董卓  大   怒  ，        (every place is scored)

Text is cut into words by jieba; a word outside the vocabulary is spelled by its characters (see tasks/corpus).
Training rows are windows that begin anywhere in the training chapters. Evaluation rows begin at about forty fixed
anchors in the held-out chapters, the last tenth of the text, whatever their length: the rows of one length are prefixes
of those of any longer one. A row that runs past the end of the text is filled up with places that are not scored.
Length is the number of tokens.
Source: this benchmark; the default text is 三国演义 (Luo Guanzhong, 14th century). Held-out loss past the trained
length follows Press et al. 2022, https://arxiv.org/abs/2108.12409.
"""

from collections.abc import Iterable
from functools import cached_property

import torch
from torch import Tensor

from benchmark.errors import UsageError
from benchmark.tasks import corpus
from benchmark.tasks.task import UNSCORED, Batch, Task

ANCHORS = 40
BATCH_TOKENS = 16384  # about so many tokens in an evaluation batch
FILLER = 0  # the token of places past the end of the text, which nothing is asked about


class Corpus(Task):
    """`text` is the name of a corpus or a path; `vocabulary` the largest number of token ids."""

    name = "corpus"
    title = "Language modelling"
    group = "language"
    definition = "predict the next word of a text, on chapters that were held out from training"
    source = "https://arxiv.org/abs/2108.12409"
    metric = "loss_nats"
    nested = True

    def __init__(self, *, text: str = "sanguo", vocabulary: int = 4096) -> None:
        self.corpus = corpus.load(text, vocabulary)
        self.train = torch.from_numpy(self.corpus.train).long()  # [tokens]
        self.held_out = torch.from_numpy(self.corpus.held_out).long()  # [tokens]

    @property
    def vocabulary(self) -> int:
        return len(self.corpus.vocabulary)

    @property
    def unknown_rate(self) -> float:
        """The share of <unk> among the held-out tokens."""
        return self.corpus.info.unknown_rate

    @property
    def characters_per_token(self) -> float:
        """Characters that a held-out token stands for, on average: loss / this / ln 2 = bits per character."""
        return self.corpus.info.characters_per_token

    def tokens(self, length: int) -> int:
        return length

    def check(self, longest: int, train_length: int) -> None:
        """Refuse a text too short for the longest evaluation length or for the trained one."""
        text, held_out, train = self.corpus.info.name, len(self.held_out), len(self.train)
        if held_out <= longest:
            raise UsageError(
                f"corpus {text!r} is too short: its held-out part has {held_out} tokens, but the longest evaluation "
                f"length is {longest} and needs {longest + 1}; give a longer text, or lengths up to {held_out - 1}"
            )
        if train < 2 * train_length:
            raise UsageError(
                f"corpus {text!r} is too short: its training part has {train} tokens, but a trained length of "
                f"{train_length} needs {2 * train_length}; give a longer text"
            )

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        if len(self.train) <= length:
            raise UsageError(
                f"corpus {self.corpus.info.name!r} is too short: its training part has {len(self.train)} tokens, "
                f"but a row of length {length} needs {length + 1}"
            )
        starts = torch.randint(len(self.train) - length, (size,), generator=generator)
        rows = self.train[starts[:, None] + torch.arange(length + 1)]
        return Batch(tokens=rows[:, :-1], targets=rows[:, 1:])

    def sentence(self, text: str) -> tuple[list[int], list[str]]:
        """Token ids and words of a sentence; of one from the held-out chapters if `text` is empty."""
        ids, words = self.corpus.encode(text or corpus.probe_sentence(self.corpus))
        return ids.tolist(), words

    def evaluation(self, length: int) -> Iterable[Batch]:
        for anchors in torch.split(self.anchors, max(1, BATCH_TOKENS // length)):
            yield self._windows(anchors, length)

    @cached_property
    def anchors(self) -> Tensor:
        """Where evaluation rows begin, [rows]: evenly spaced, each with at least one target, for every length alike."""
        stride = max(1, len(self.held_out) // ANCHORS)
        return torch.arange(0, len(self.held_out) - 1, stride)[:ANCHORS]

    def _windows(self, starts: Tensor, length: int) -> Batch:
        places = starts[:, None] + torch.arange(length + 1)  # [rows, length + 1]
        outside = places >= len(self.held_out)
        rows = self.held_out[places.clamp(max=len(self.held_out) - 1)]
        tokens = rows.masked_fill(outside, FILLER)[:, :-1]
        targets = rows.masked_fill(outside, UNSCORED)[:, 1:]
        return Batch(tokens=tokens, targets=targets)

    def chance(self, length: int) -> dict[str, float]:
        """Word frequencies of the training text alone, add-one smoothed, at every length alike."""
        counts = torch.bincount(self.train, minlength=self.vocabulary)
        smoothed = (counts + 1).double()
        loss = -(smoothed / smoothed.sum()).log()[self.held_out].mean()
        accuracy = (self.held_out == counts.argmax()).double().mean()
        return {"loss_nats": loss.item(), "token_accuracy": accuracy.item()}
