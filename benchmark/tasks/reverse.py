"""Reverse: write a random string backwards.

    input    BOS  q  e  v  SEP  v  e  q
    target   .    .  .  .  v    e  q  EOS      (. is not scored)

The distance between a symbol and its copy differs from place to place, so no fixed offset works.
Length is the length of the string; a row has 2 * length + 2 tokens.
Vocabulary: 103.
Chance: (length / 100 + 1) / (length + 1).
Source: Kazemnejad et al. 2023, https://arxiv.org/abs/2305.19466, section 3 (of its variants, the plain reverse).
"""

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import BOS, EOS, SPECIALS, Batch, Synthetic, first_places, question


class Reverse(Synthetic):
    """Strings are uniform over `symbols`, each symbol drawn independently."""

    name = "reverse"
    title = "Reverse"
    group = "string"
    definition = "write a random string backwards, w -> w reversed"
    source = "https://arxiv.org/abs/2305.19466"
    metric = "token_accuracy"

    def __init__(self, *, symbols: int = 100) -> None:
        if symbols < 2:
            raise ValueError(f"reverse: symbols is {symbols}, but must be at least 2")
        self.symbols = symbols

    @property
    def vocabulary(self) -> int:
        return SPECIALS + self.symbols

    def tokens(self, length: int) -> int:
        return 2 * length + 2

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        return self.rows(torch.randint(SPECIALS, self.vocabulary, (size, length), generator=generator))

    def rows(self, string: Int[Tensor, "batch length"]) -> Batch:
        """The rows of the given strings."""
        return question(string, string.flip(1))

    def shortcuts(self, batch: Batch) -> dict[str, Int[Tensor, "batch time"]]:
        """The symbol before the first occurrence of the last one, without knowing how far the answer has come."""
        before = batch.tokens.roll(1, dims=1).gather(1, first_places(batch.tokens))
        return {"predecessor of the symbol": before.masked_fill(before == BOS, EOS)}

    def chance(self, length: int) -> dict[str, float]:
        """One in `symbols` for each symbol of the string; EOS is always in the same place."""
        guess = 1 / self.symbols
        return {"token_accuracy": (length * guess + 1) / (length + 1), "exact_match": guess**length}
