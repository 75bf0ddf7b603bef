"""Copy with repetition: one symbol appears n times; write it n times, no more and no less.

    input    BOS  q  q  q  SEP  q  q  q
    target   .    .  .  .  q    q  q  EOS      (. is not scored)

The content is known after one token, and only counting is left: the task is to place EOS.
Length is n; a row has 2 * length + 2 tokens.
Vocabulary: 103.
Chance: 1 / 100.
Source: Kazemnejad et al. 2023, https://arxiv.org/abs/2305.19466, section 3 (the variant that repeats one symbol).
Convention: each length has as many problems as there are symbols, and the test asks each of them once. Training meets
them too, at its own lengths; only the lengths beyond are held out.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import SPECIALS, Batch, Synthetic, question


class CopyRepeat(Synthetic):
    """The symbol is uniform over `symbols`."""

    name = "copy-repeat"
    title = "Copy with repetition"
    group = "string"
    definition = "one symbol appears n times; write it n times"
    source = "https://arxiv.org/abs/2305.19466"
    metric = "exact_match"
    exhaustive = True

    def __init__(self, *, symbols: int = 100) -> None:
        if symbols < 2:
            raise ValueError(f"copy-repeat: symbols is {symbols}, but must be at least 2")
        self.symbols = symbols

    @property
    def vocabulary(self) -> int:
        return SPECIALS + self.symbols

    def tokens(self, length: int) -> int:
        return 2 * length + 2

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        return self.rows(torch.randint(SPECIALS, self.vocabulary, (size,), generator=generator), length)

    def evaluation(self, length: int) -> Iterator[Batch]:
        """Every symbol once, in order."""
        size = max(1, self.batch_tokens // self.tokens(length))
        for symbols in torch.split(torch.arange(SPECIALS, self.vocabulary), size):
            yield self.rows(symbols, length)

    def rows(self, symbols: Int[Tensor, " batch"], length: int) -> Batch:
        """The rows of the given symbols."""
        string = symbols[:, None].expand(-1, length)
        return question(string, string)

    def chance(self, length: int) -> dict[str, float]:
        """Guess the symbol blindly; repeating the last token is right from then on, and EOS counts as known."""
        guess = 1 / self.symbols
        return {"token_accuracy": (guess + length) / (length + 1), "exact_match": guess}
