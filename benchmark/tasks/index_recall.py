"""Index recall: after a random string, name the symbol at a given index.

    input    d  a  c  b  #2  #0  #3  #1        (#i asks for index i, counted from 0)
    target   .  .  .  .  c   d   b   a         (. is not scored)

Like associative recall, except that a symbol's only key is its place: neither distance nor content leads there. It
isolates absolute reading. Each of the first `indices` places is asked for once, in random order: longer strings bring
no new questions, only answers that are farther back.
Length is the length of the string; a row has length + min(length, indices) tokens.
Vocabulary: 18.
Chance: 1 / 10.
Source: this benchmark; that transformers are poor at such random access: Ebrahimi et al. 2024,
https://arxiv.org/abs/2408.05506.
"""

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import UNSCORED, Batch, Synthetic


class IndexRecall(Synthetic):
    """Strings are uniform over `symbols`; the question for index i is the token symbols + i."""

    name = "index-recall"
    title = "Index recall"
    group = "absolute"
    definition = "after a random string, name the symbol at a given index"
    source = "https://arxiv.org/abs/2408.05506"
    metric = "token_accuracy"

    def __init__(self, *, indices: int = 8, symbols: int = 10) -> None:
        if indices < 1:
            raise ValueError(f"index-recall: indices is {indices}, but must be at least 1")
        if symbols < 2:
            raise ValueError(f"index-recall: symbols is {symbols}, but must be at least 2")
        self.indices = indices
        self.symbols = symbols

    @property
    def vocabulary(self) -> int:
        return self.symbols + self.indices

    def questions(self, length: int) -> int:
        """The number of questions asked about a string of this length."""
        return min(length, self.indices)

    def tokens(self, length: int) -> int:
        return length + self.questions(length)

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        string = torch.randint(self.symbols, (size, length), generator=generator)
        return self.rows(string, torch.rand(size, self.questions(length), generator=generator).argsort(dim=1))

    def rows(self, string: Int[Tensor, "batch length"], asked: Int[Tensor, "batch question"]) -> Batch:
        """The rows of the given strings and indices."""
        unscored = torch.full_like(string, UNSCORED)
        return Batch(
            tokens=torch.cat((string, self.symbols + asked), dim=1),
            targets=torch.cat((unscored, string.gather(1, asked)), dim=1),
        )

    def chance(self, length: int) -> dict[str, float]:
        """One in `symbols` for each question."""
        guess = 1 / self.symbols
        return {"token_accuracy": guess, "exact_match": guess ** self.questions(length)}
