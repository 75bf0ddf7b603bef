"""Language: predict the next word of a text, and prove it on chapters that training never sees.

    input    却  说   董卓  大  怒
    target   说  董卓  大   怒  ，        (every place is scored)

Text is cut into words by jieba, at white space, or into characters; a word outside the vocabulary is spelled by its
characters (see tasks/corpus). Losses a token of two tokenizers do not compare; bits per character do.
Training rows are windows that begin anywhere in the training chapters. Evaluation rows END at about forty fixed places
of the held-out chapters, the last tenth of the text, whatever their length: their last targets are the same tokens at
every length, so that a longer window differs in its context and in nothing else. All places are scored; the value at a
length is that of the last half trained length of each row, and the longest rows give the loss by absolute position.
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
from benchmark.tasks.task import Batch, Task

ROWS = 40
BATCH_TOKENS = 16384  # about so many tokens in an evaluation batch


class Corpus(Task):
    """`text` is a corpus or a path, `vocabulary` the most token ids, `tokenizer` jieba, char or whitespace."""

    name = "corpus"
    title = "Language modelling"
    group = "language"
    definition = "predict the next word of a text, on chapters that were held out from training"
    source = "https://arxiv.org/abs/2108.12409"
    metric = "loss_nats"
    nested = True

    def __init__(self, *, text: str = "sanguo", vocabulary: int = 4096, tokenizer: str = "jieba") -> None:
        self.corpus = corpus.load(text, vocabulary, tokenizer)
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

    @property
    def text_notes(self) -> list[str]:
        """What was made uniform in the text."""
        return list(self.corpus.info.notes)

    def tokens(self, length: int) -> int:
        return length

    def check(self, longest: int, train_length: int) -> None:
        """Refuse a text too short for the longest evaluation length or for the trained one."""
        text, room, train = self.corpus.info.name, self._room, len(self.train)
        if longest > room:
            raise UsageError(
                f"corpus {text!r} is too short: its held-out part has {len(self.held_out)} tokens, room for rows of "
                f"{room}, but the longest evaluation length is {longest}; give a longer text, or shorter --lengths"
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
        self.check(length, 1)
        for ends in torch.split(self.ends, max(1, BATCH_TOKENS // length)):
            rows = self.held_out[ends[:, None] + torch.arange(-length, 1)]
            yield Batch(tokens=rows[:, :-1], targets=rows[:, 1:])

    @cached_property
    def ends(self) -> Tensor:
        """The last target of each evaluation row, an index into the held-out tokens, [rows]: for every length alike."""
        last = len(self.held_out) - 1
        return torch.linspace(self._room, last, min(ROWS, last - self._room + 1)).long()

    @property
    def _room(self) -> int:
        """The longest row: half of the held-out text, so that the ends have the other half to spread over."""
        return len(self.held_out) // 2

    def chance(self, length: int) -> dict[str, float]:
        """Word frequencies of the training text alone, add-one smoothed, at every length alike."""
        counts = torch.bincount(self.train, minlength=self.vocabulary)
        smoothed = (counts + 1).double()
        loss = -(smoothed / smoothed.sum()).log()[self.held_out].mean()
        accuracy = (self.held_out == counts.argmax()).double().mean()
        return {"loss_nats": loss.item(), "token_accuracy": accuracy.item()}
