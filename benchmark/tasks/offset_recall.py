"""Offset recall (n-back): at every place, name the token `back` places earlier.

    input    d  a  c  b  a  d        (back = 2)
    target   .  .  d  a  c  b        (. is not scored)

Only distance tells where to look: content is random and absolute places differ. It isolates relative reading.
Length is the number of tokens. The lag is `back`, fixed for each model: `offset-recall:back=1,offset-recall:back=9` and
so on train one model per lag, and the report draws those that differ in nothing else as one grid.
Vocabulary: 10.
Chance: 1 / 10.
Source: this benchmark; the n-back test of psychology, Kirchner 1958, https://doi.org/10.1037/h0043688.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import UNSCORED, Batch, Synthetic

FEWEST = 32  # test rows, at any length


class OffsetRecall(Synthetic):
    """Tokens are uniform over `symbols`."""

    name = "offset-recall"
    title = "Offset recall (n-back)"
    group = "relative"
    definition = "at every place, name the token a fixed number of places earlier"
    source = "https://doi.org/10.1037/h0043688"
    metric = "token_accuracy"
    version = 2  # 2: fewer test rows at long lengths
    nested = True
    sweep = ("lag (tokens)", "back")

    def __init__(self, *, back: int = 5, symbols: int = 10) -> None:
        if back < 1:
            raise ValueError(f"offset-recall: back is {back}, but must be at least 1")
        if symbols < 2:
            raise ValueError(f"offset-recall: symbols is {symbols}, but must be at least 2")
        self.back = back
        self.symbols = symbols

    @property
    def vocabulary(self) -> int:
        return self.symbols

    def tokens(self, length: int) -> int:
        return length

    def shortest(self) -> int:
        return self.back + 1

    def test_rows(self, length: int) -> int:
        """About as many rows as fill a test batch, from 32 to 128: every place is scored, and thousands suffice."""
        return min(self.problems, max(FEWEST, self.batch_tokens // self.tokens(length)))

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        tokens = torch.randint(self.symbols, (size, length), generator=generator)
        targets = torch.full_like(tokens, UNSCORED)
        targets[:, self.back :] = tokens[:, : -self.back]
        return Batch(tokens=tokens, targets=targets)

    def shortcuts(self, batch: Batch) -> dict[str, Int[Tensor, "batch time"]]:
        """The token at hand, and the most frequent of the last back + 1: the asked one is among them."""
        seen = F.one_hot(batch.tokens, self.symbols).cumsum(dim=1)
        recent = seen - F.pad(seen, (0, 0, self.back + 1, 0))[:, : seen.shape[1]]
        return {"same token": batch.tokens, "most frequent recent token": recent.argmax(dim=2)}

    def chance(self, length: int) -> dict[str, float]:
        """One in `symbols` at every scored place."""
        guess = 1 / self.symbols
        return {"token_accuracy": guess, "exact_match": guess ** max(0, length - self.back)}
