"""Language: predict the next word of a text, tested on chapters held out from training.

    input    却  说   董卓  大  怒
    target   说  董卓  大   怒  ，        (every place is scored)

Text is cut into words by jieba, at white space, or into characters; a word outside the vocabulary is spelled by its
characters (see tasks/corpus). Losses per token cannot be compared across tokenizers; bits per character can.
Training rows are windows that begin anywhere in the training chapters. Evaluation rows of every length END at the same
forty or so fixed places of the held-out chapters, the last tenth of the text: their last targets are the same tokens
at every length, so a longer window differs only in its context. All places are scored. The value at a length is the
mean over the last half trained length of each row (at most TARGETS), and the longest rows give the loss by absolute
position. Two other views are measured: `windows`, the end of the text cut into disjoint rows, the usual way to
measure perplexity, and `crop`, the targets that make up the value, each after exactly the trained length of text.
One subset of the targets that make up the value is summed apart: `far`, those that need far context. They are the ones
that counts of words and pairs of words in the last FAR trained lengths of text make at least e times as likely as
counts in the last trained length (tasks/corpus/far.py): the same tokens at every length and for every encoding.
Length is the number of tokens.
Vocabulary: 4096.
Chance: the loss of guessing by word frequency.
Source: this benchmark; the default text is 三国演义 (Luo Guanzhong, 14th century). Held-out loss past the trained
length follows Press et al. 2022, https://arxiv.org/abs/2108.12409.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property

import torch
from torch import Tensor

from benchmark.errors import UsageError
from benchmark.tasks import corpus
from benchmark.tasks.corpus import far
from benchmark.tasks.task import UNSCORED, Batch, Language

ROWS = 40
TARGETS = 64  # the most targets, at the end of a row, that the value is a mean over
WINDOWS = 64  # trained lengths of text cut into windows, or half of the held-out text if that is shorter
FAR = 16  # trained lengths of text in which a target that needs far context can find it
GAIN = 1.0  # nats that far context must add to such a target's log-probability
BATCH_TOKENS = 16384  # approximate tokens per evaluation batch


class Corpus(Language):
    """`text` is a corpus or a path, `vocabulary` the maximum of token ids, `tokenizer` jieba, char or whitespace.

    The tokenizer "auto" is jieba for a Chinese text, char for other scripts without spaces, else whitespace.
    """

    name = "corpus"
    title = "Language modelling"
    definition = "predict the next word of a text, on chapters that were held out from training"
    source = "https://arxiv.org/abs/2108.12409"
    text_parameter = "text"

    def __init__(self, *, text: str = "sanguo", vocabulary: int = 4096, tokenizer: str = "auto") -> None:
        self.corpus = corpus.load(text, vocabulary, tokenizer)
        self.train = torch.from_numpy(self.corpus.train).long()  # [tokens]
        self.held_out = torch.from_numpy(self.corpus.held_out).long()  # [tokens]
        self._far: dict[int, Tensor] = {}  # by trained length

    @property
    def vocabulary(self) -> int:
        return len(self.corpus.vocabulary)

    @property
    def unknown_rate(self) -> float:
        return self.corpus.info.unknown_rate

    @property
    def characters_per_token(self) -> float:
        return self.corpus.info.characters_per_token

    @property
    def text_notes(self) -> list[str]:
        return list(self.corpus.info.notes)

    def check(self, longest: int, train_length: int) -> None:
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
        ids, words = self.corpus.encode(text or corpus.probe_sentence(self.corpus))
        return ids.tolist(), words

    def evaluation(self, length: int) -> Iterable[Batch]:
        self.check(length, 1)
        for ends in torch.split(self.ends, max(1, BATCH_TOKENS // length)):
            rows = self.held_out[ends[:, None] + torch.arange(-length, 1)]
            yield Batch(tokens=rows[:, :-1], targets=rows[:, 1:])

    def views(self, length: int, train_length: int) -> dict[str, Iterable[Batch]]:
        """Windows, at lengths up to that of their whole text; and crops, at the trained length only."""
        found: dict[str, Iterable[Batch]] = {}
        text, shared = min(self._room, WINDOWS * train_length), _shared(train_length)
        if length <= text:
            found["windows"] = self._windows(length, text)
        if length == train_length and length + shared - 1 <= self._room:
            found["crop"] = self._crop(length, shared)
        return found

    def _windows(self, length: int, text: int) -> Iterator[Batch]:
        """The last `text` targets, the same ones at every length, each in one window; the first may be shorter."""
        rest, held_out = text % length, self.held_out[-text - 1 :]
        if rest:
            yield Batch(tokens=held_out[None, :rest], targets=held_out[None, 1 : rest + 1])
        for rows in torch.split(held_out[rest:].unfold(0, length + 1, length), max(1, BATCH_TOKENS // length)):
            yield Batch(tokens=rows[:, :-1], targets=rows[:, 1:])

    def _crop(self, length: int, shared: int) -> Iterator[Batch]:
        """A row for each of the last `shared` targets of each evaluation row, scored only at its last place."""
        wanted = (self.ends[:, None] - torch.arange(shared)).flatten()
        for last in torch.split(wanted, max(1, BATCH_TOKENS // length)):
            rows = self.held_out[last[:, None] + torch.arange(-length, 1)]
            targets = torch.full_like(rows[:, 1:], UNSCORED)
            targets[:, -1] = rows[:, -1]
            yield Batch(tokens=rows[:, :-1], targets=targets)

    def subsets(self, length: int, train_length: int) -> dict[str, Tensor]:
        """The targets that need far context; none where the text has no room for far context."""
        if train_length not in self._far:
            self._far[train_length] = self._needs_far(train_length)
        chosen = self._far[train_length][:, -length:]
        if not chosen.any():
            return {}
        earlier = torch.zeros(len(chosen), length - chosen.shape[1], dtype=torch.bool)
        return {"far": torch.cat((earlier, chosen), dim=1)}

    def _needs_far(self, train_length: int) -> Tensor:
        """True for the shared targets that need far context, in text order, [rows, shared]."""
        shared = _shared(train_length)
        targets = self.ends[:, None] + torch.arange(1 - shared, 1)
        context = min(FAR * train_length, self._room - shared + 1)
        if context <= train_length:
            return torch.zeros(targets.shape, dtype=torch.bool)
        gains = far.gain(
            self.train.numpy(),
            self.held_out.numpy(),
            targets.flatten().numpy(),
            self.vocabulary,
            near=train_length,
            far=context,
        )
        return torch.from_numpy(gains >= GAIN).view(targets.shape)

    @cached_property
    def ends(self) -> Tensor:
        """Index into the held-out tokens of each evaluation row's last target, [rows]; the same for every length."""
        last = len(self.held_out) - 1
        return torch.linspace(self._room, last, min(ROWS, last - self._room + 1)).long()

    @property
    def _room(self) -> int:
        """Length of the longest row: half of the held-out text, so the row ends can spread over the other half."""
        return len(self.held_out) // 2

    def chance(self, length: int) -> dict[str, float]:
        """Add-one smoothed word frequencies of the training text; the same at every length."""
        counts = torch.bincount(self.train, minlength=self.vocabulary)
        smoothed = (counts + 1).double()
        loss = -(smoothed / smoothed.sum()).log()[self.held_out].mean()
        accuracy = (self.held_out == counts.argmax()).double().mean()
        return {"loss_nats": loss.item(), "token_accuracy": accuracy.item()}


def _shared(train_length: int) -> int:
    """Targets at the end of each row that the value is a mean over."""
    return max(1, min(TARGETS, train_length // 2))
