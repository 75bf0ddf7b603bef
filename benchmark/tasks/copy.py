"""Copy: repeat a random string.

    input    BOS  q  e  v  SEP  q  e  v
    target   .    .  .  .  q    e  v  EOS      (. is not scored)

Length is the length of the string; a row has 2 * length + 2 tokens.
Vocabulary: 103.
Chance: (length / 100 + 1) / (length + 1).
Source: Kazemnejad et al. 2023, https://arxiv.org/abs/2305.19466, section 3.
"""

import torch

from benchmark.tasks.task import SPECIALS, Batch, Synthetic, question


class Copy(Synthetic):
    """Strings are uniform over `symbols`, each symbol drawn independently."""

    name = "copy"
    title = "Copy"
    group = "string"
    definition = "repeat a random string, w -> w, decoding greedily and without a mistake"
    source = "https://arxiv.org/abs/2305.19466"
    metric = "token_accuracy"

    def __init__(self, *, symbols: int = 100) -> None:
        if symbols < 2:
            raise ValueError(f"copy: symbols is {symbols}, but must be at least 2")
        self.symbols = symbols

    @property
    def vocabulary(self) -> int:
        return SPECIALS + self.symbols

    def tokens(self, length: int) -> int:
        return 2 * length + 2

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        string = torch.randint(SPECIALS, self.vocabulary, (size, length), generator=generator)
        return question(string, string)

    def chance(self, length: int) -> dict[str, float]:
        """One in `symbols` for each symbol of the string; EOS is always in the same place."""
        guess = 1 / self.symbols
        return {"token_accuracy": (length * guess + 1) / (length + 1), "exact_match": guess**length}
