"""Language: predict the next word of a text, and prove it on chapters that training never sees.

    input    却  说   董卓  大  怒
    target   说  董卓  大   怒  ，        (every place is scored)

Text is cut into words by jieba, at white space, or into characters; a word outside the vocabulary is spelled by its
characters (see tasks/corpus). Losses a token of two tokenizers do not compare; bits per character do.
Training rows are windows that begin anywhere in the training chapters. Evaluation rows END at about forty fixed places
of the held-out chapters, the last tenth of the text, whatever their length: their last targets are the same tokens at
every length, so that a longer window differs in its context and in nothing else. All places are scored; the value at a
length is that of the last half trained length of each row (at most TARGETS), and the longest rows give the loss by
absolute position. Two views stand beside it: `windows`, the end of the text cut into disjoint rows, as perplexity is
often measured, and `crop`, the targets that make the value, each after exactly the trained length of text.
Length is the number of tokens.
Vocabulary: 4096.
Chance: the loss by the frequencies of words.
Source: this benchmark; the default text is 三国演义 (Luo Guanzhong, 14th century). Held-out loss past the trained
length follows Press et al. 2022, https://arxiv.org/abs/2108.12409.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property

import torch
from torch import Tensor

from benchmark.errors import UsageError
from benchmark.tasks import corpus
from benchmark.tasks.task import UNSCORED, Batch, Task

ROWS = 40
TARGETS = 64  # most targets at the end of a row that make the value
WINDOWS = 64  # trained lengths of text that are cut into windows, if half of the held-out text is as long
BATCH_TOKENS = 16384  # about so many tokens in an evaluation batch


class Corpus(Task):
    """`text` is a corpus or a path, `vocabulary` the most token ids, `tokenizer` jieba, char or whitespace.

    A tokenizer "auto" is jieba for a Chinese text, and for others whitespace, or char in a script without spaces.
    """

    name = "corpus"
    title = "Language modelling"
    group = "language"
    definition = "predict the next word of a text, on chapters that were held out from training"
    source = "https://arxiv.org/abs/2108.12409"
    metric = "loss_nats"
    nested = True

    def __init__(self, *, text: str = "sanguo", vocabulary: int = 4096, tokenizer: str = "auto") -> None:
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

    def views(self, length: int, train_length: int) -> dict[str, Iterable[Batch]]:
        """Windows, up to a length of all their text; and once, at the trained length, the cropped contexts."""
        found: dict[str, Iterable[Batch]] = {}
        text, shared = min(self._room, WINDOWS * train_length), max(1, min(TARGETS, train_length // 2))
        if length <= text:
            found["windows"] = self._windows(length, text)
        if length == train_length and length + shared - 1 <= self._room:
            found["crop"] = self._crop(length, shared)
        return found

    def _windows(self, length: int, text: int) -> Iterator[Batch]:
        """The last `text` targets, the same at every length, each in one window; the first window may be shorter."""
        rest, held_out = text % length, self.held_out[-text - 1 :]
        if rest:
            yield Batch(tokens=held_out[None, :rest], targets=held_out[None, 1 : rest + 1])
        for rows in torch.split(held_out[rest:].unfold(0, length + 1, length), max(1, BATCH_TOKENS // length)):
            yield Batch(tokens=rows[:, :-1], targets=rows[:, 1:])

    def _crop(self, length: int, shared: int) -> Iterator[Batch]:
        """A row for each of the last `shared` targets of each evaluation row, scored at its last place alone."""
        wanted = (self.ends[:, None] - torch.arange(shared)).flatten()
        for last in torch.split(wanted, max(1, BATCH_TOKENS // length)):
            rows = self.held_out[last[:, None] + torch.arange(-length, 1)]
            targets = torch.full_like(rows[:, 1:], UNSCORED)
            targets[:, -1] = rows[:, -1]
            yield Batch(tokens=rows[:, :-1], targets=targets)

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
