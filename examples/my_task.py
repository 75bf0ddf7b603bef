"""Rotate: write a random string with its first symbol at its end.

    input    BOS  q  e  v  SEP  e  v  q
    target   .    .  .  .  e    v  q  EOS      (. is not scored)

Length is the length of the string; a row has 2 * length + 2 tokens.
Vocabulary: 13.
Chance: (length / 10 + 1) / (length + 1).
"""

import torch

from benchmark.tasks.task import UNSCORED, Batch, Synthetic

BOS, SEP, EOS, SPECIALS = 0, 1, 2, 3


class Rotate(Synthetic):
    """Strings are uniform over `symbols`."""

    name = "rotate"
    title = "Rotate (example)"
    group = "string"
    definition = "write a random string with its first symbol at its end"
    source = "https://en.wikipedia.org/wiki/Circular_shift"
    metric = "token_accuracy"

    def __init__(self, *, symbols: int = 10) -> None:
        if symbols < 2:
            raise ValueError(f"rotate: symbols is {symbols}, but must be at least 2")
        self.symbols = symbols

    @property
    def vocabulary(self) -> int:
        """Three marks and the symbols."""
        return SPECIALS + self.symbols

    def tokens(self, length: int) -> int:
        """The string twice, and two marks."""
        return 2 * length + 2

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        """Everything is drawn from the generator, so that every encoding sees the same rows."""
        string = torch.randint(SPECIALS, self.vocabulary, (size, length), generator=generator)
        answer, mark = string.roll(-1, dims=1), string.new_ones(size, 1)
        tokens = torch.cat((mark * BOS, string, mark * SEP, answer), dim=1)
        targets = torch.full_like(tokens, UNSCORED)
        targets[:, length + 1 :] = torch.cat((answer, mark * EOS), dim=1)
        return Batch(tokens=tokens, targets=targets)

    def chance(self, length: int) -> dict[str, float]:
        """One symbol in `symbols`; EOS always falls on the same place."""
        guess = 1 / self.symbols
        return {"token_accuracy": (length * guess + 1) / (length + 1), "exact_match": guess**length}
