"""Copy twice: write a random string, then write it again.

    input    BOS  q  e  SEP  q  e  NEXT  q  e
    target   .    .  .  q    e  NEXT  q  e  EOS      (. is not scored)

The second copy can be read from the prompt or from the first copy, and the marks ask how many have been written.
Length is the length of the string; a row has 3 * length + 3 tokens.
Vocabulary: 104.
Chance: (length / 100 + 1) / (length + 1).
Source: Kazemnejad et al. 2023, https://arxiv.org/abs/2305.19466, section 3.
Convention: a NEXT mark separates the copies, as in the paper's released data.
"""

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import BOS, EOS, SEP, SPECIALS, Batch, Synthetic, first_places, question

NEXT, SYMBOLS = SPECIALS, SPECIALS + 1  # the mark between the copies; the first symbol


class CopyTwice(Synthetic):
    """Strings are uniform over `symbols`, each symbol drawn independently."""

    name = "copy-twice"
    title = "Copy twice"
    group = "string"
    definition = "write a random string twice, w -> w w"
    source = "https://arxiv.org/abs/2305.19466"
    metric = "token_accuracy"

    def __init__(self, *, symbols: int = 100) -> None:
        if symbols < 2:
            raise ValueError(f"copy-twice: symbols is {symbols}, but must be at least 2")
        self.symbols = symbols

    @property
    def vocabulary(self) -> int:
        return SYMBOLS + self.symbols

    def tokens(self, length: int) -> int:
        return 3 * length + 3

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        return self.rows(torch.randint(SYMBOLS, self.vocabulary, (size, length), generator=generator))

    def rows(self, string: Int[Tensor, "batch length"]) -> Batch:
        """The rows of the given strings."""
        again = string.new_full((len(string), 1), NEXT)
        return question(string, torch.cat((string, again, string), dim=1))

    def shortcuts(self, batch: Batch) -> dict[str, Int[Tensor, "batch time"]]:
        """The symbol after the first occurrence of the last one; at the end of the string, the mark that comes next."""
        length = batch.tokens.shape[1] // 3 - 1
        sought = batch.tokens.clone()
        sought[:, [length + 1, 2 * length + 2]] = BOS  # after SEP and NEXT, the string begins
        after = batch.tokens.roll(-1, dims=1).gather(1, first_places(sought))
        first_copy = torch.arange(batch.tokens.shape[1]) < 2 * length + 2
        return {"successor of the symbol": torch.where(after == SEP, torch.where(first_copy, NEXT, EOS), after)}

    def chance(self, length: int) -> dict[str, float]:
        """Guess one string and write it twice; NEXT and EOS are always in the same places."""
        guess = 1 / self.symbols
        return {"token_accuracy": (length * guess + 1) / (length + 1), "exact_match": guess**length}
