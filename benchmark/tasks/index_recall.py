"""Index recall: after a random string, name the symbol at a given index.

    input    d  a  c  b  0  2  0  0  0  3        (two figures each: indices 2, 0 and 3, counted from 0)
    target   .  .  .  .  .  c  .  d  .  b        (. is not scored)

Like associative recall, except that a symbol's only key is its place: neither distance nor content leads there. It
isolates absolute reading. Indices are written in decimal, most significant figure first, so past the trained length
they can be asked for with tokens that training knows. A row asks for `questions` different ones (all, if the string is
shorter), in random order; index i is drawn in proportion to 1 / (i + 1), so near and far ones are both asked for at
every length, and scores are broken down by index. Indices of more than `figures` figures are not asked for.
Length is the length of the string; a row has length + figures * min(length, questions) tokens.
Vocabulary: 20.
Chance: 1 / 10.
Source: this benchmark; that transformers are poor at such random access: Ebrahimi et al. 2024,
https://arxiv.org/abs/2408.05506.
"""

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import UNSCORED, Batch, Ranges, Synthetic, octave, octaves

BASE = 10


class IndexRecall(Synthetic):
    """Strings are uniform over `symbols`; the figure d is the token symbols + d."""

    name = "index-recall"
    title = "Index recall"
    group = "absolute"
    definition = "after a random string, name the symbol at a given index"
    source = "https://arxiv.org/abs/2408.05506"
    metric = "token_accuracy"
    version = 2  # 2: indices are written in decimal, and asked for from the whole string

    def __init__(self, *, questions: int = 8, figures: int = 3, symbols: int = 10) -> None:
        for parameter, value, least in (("questions", questions, 1), ("figures", figures, 1), ("symbols", symbols, 2)):
            if value < least:
                raise ValueError(f"index-recall: {parameter} is {value}, but must be at least {least}")
        self.questions = questions
        self.figures = figures
        self.symbols = symbols
        self.powers = BASE ** torch.arange(figures).flip(0)

    @property
    def vocabulary(self) -> int:
        return self.symbols + BASE

    def asked(self, length: int) -> int:
        """The number of questions asked about a string of this length."""
        return min(self._indices(length), self.questions)

    def tokens(self, length: int) -> int:
        return length + self.figures * self.asked(length)

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        string = torch.randint(self.symbols, (size, length), generator=generator)
        # An exponential race with the weights 1 / (i + 1): the greatest log(u) / weight win. Then a random order.
        slowness = torch.arange(1, self._indices(length) + 1)
        race = torch.rand(size, len(slowness), generator=generator).log_() * slowness
        chosen = race.topk(self.asked(length)).indices
        order = torch.rand(chosen.shape, generator=generator).argsort(dim=1)
        return self.rows(string, chosen.gather(1, order))

    def rows(self, string: Int[Tensor, "batch length"], asked: Int[Tensor, "batch question"]) -> Batch:
        """The rows of the given strings and indices."""
        figures = self.symbols + asked[:, :, None] // self.powers % BASE
        targets = torch.full_like(figures, UNSCORED)
        targets[:, :, -1] = string.gather(1, asked)
        return Batch(
            tokens=torch.cat((string, figures.flatten(1)), dim=1),
            targets=torch.cat((torch.full_like(string, UNSCORED), targets.flatten(1)), dim=1),
        )

    def shortcuts(self, batch: Batch) -> dict[str, Int[Tensor, "batch time"]]:
        """The symbol that occurs most often in the string, the smallest of several."""
        counts = (batch.tokens[:, :, None] == torch.arange(self.symbols)).sum(dim=1)
        return {"most frequent symbol": counts.argmax(dim=1, keepdim=True).expand_as(batch.tokens)}

    def axes(self, length: int) -> dict[str, Ranges]:
        """Indices 0, 1, 2-3, 4-7, 8-15, ..."""
        return {"index": tuple((first - 1, last - 1) for first, last in octaves(self._indices(length)))}

    def groups(self, batch: Batch, length: int) -> Int[Tensor, "batch time"]:
        """By the index that a question asks for; 0 in the string."""
        figures = batch.tokens[:, length:].reshape(len(batch.tokens), -1, self.figures) - self.symbols
        asked = (figures * self.powers).sum(dim=2)
        fields = octave(asked + 1).repeat_interleave(self.figures, dim=1)
        return torch.cat((torch.zeros_like(batch.tokens[:, :length]), fields), dim=1)

    def chance(self, length: int) -> dict[str, float]:
        """One in `symbols` for each question."""
        guess = 1 / self.symbols
        return {"token_accuracy": guess, "exact_match": guess ** self.asked(length)}

    def _indices(self, length: int) -> int:
        """The number of indices of a string that can be written."""
        writable: int = BASE**self.figures
        return min(length, writable)
