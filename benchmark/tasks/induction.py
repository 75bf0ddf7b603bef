"""Induction: the last token has occurred once before; name the token that followed it then.

    input    d  c  A  b  d  c  A
    target   .  .  .  .  .  .  b        (. is not scored)

The first occurrence is anywhere, so the distance grows with the length. A single layer finds it only if it can tell
what stands one place before a key: the task needs recall by content plus reading one place off.
Length is the number of tokens. How far back the answer stands (the lag) is read from the row: the last place minus the
other place of the last token.
Vocabulary: 16.
Chance: 1 / 15.
Source: Olsson et al. 2022, https://arxiv.org/abs/2209.11895, the rule "A B ... A -> B"; with one question at the end,
as in Fu et al. 2023, https://arxiv.org/abs/2212.14052, section 3.1.
Convention: any symbol may be the repeated one, since none is reserved for it; the others may occur several times.
"""

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import LAG, UNSCORED, Batch, Ranges, Synthetic, lags, octave, octaves


class Induction(Synthetic):
    """The repeated symbol, its place and all other symbols are uniform."""

    name = "induction"
    title = "Induction"
    group = "recall"
    definition = "the last token has occurred once before; name the token that followed it then, A B ... A -> B"
    source = "https://arxiv.org/abs/2209.11895"
    metric = "token_accuracy"
    version = 2  # 2: test rows are balanced over answers, and more
    balanced = True

    def __init__(self, *, symbols: int = 16) -> None:
        if symbols < 3:
            raise ValueError(f"induction: symbols is {symbols}, but must be at least 3")
        self.symbols = symbols

    @property
    def vocabulary(self) -> int:
        return self.symbols

    def tokens(self, length: int) -> int:
        return length

    def shortest(self) -> int:
        return 3

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        asked = torch.randint(self.symbols, (size, 1), generator=generator)
        other = torch.randint(1, self.symbols, (size, length - 1), generator=generator)
        first = torch.randint(length - 2, (size, 1), generator=generator)
        row = ((asked + other) % self.symbols).scatter(1, first, asked)  # no other symbol equals the repeated one
        return self.rows(row, first)

    def rows(self, row: Int[Tensor, "batch context"], first: Int[Tensor, "batch 1"]) -> Batch:
        """The rows that end a given context by repeating the token at a given place of it."""
        tokens = torch.cat((row, row.gather(1, first)), dim=1)
        targets = torch.full_like(tokens, UNSCORED)
        targets[:, -1:] = row.gather(1, first + 1)
        return Batch(tokens=tokens, targets=targets)

    def axes(self, length: int) -> dict[str, Ranges]:
        return {LAG: octaves(length)}

    def groups(self, batch: Batch, length: int) -> Int[Tensor, "batch time"]:
        """By lag: how far before the question the repeated symbol first occurred."""
        return octave(lags(batch.tokens))

    def shortcuts(self, batch: Batch) -> dict[str, Int[Tensor, "batch time"]]:
        """The token before the question."""
        return {"token just before": batch.tokens.roll(1, dims=1)}

    def chance(self, length: int) -> dict[str, float]:
        """Guess one of the other symbols; the repeated one is never the answer."""
        guess = 1 / (self.symbols - 1)
        return {"token_accuracy": guess, "exact_match": guess}
