"""Copy: repeat a random string.

    input    BOS  q  e  v  SEP  q  e  v
    target   .    .  .  .  q    e  v  EOS      (. is not scored)

Two rules copy by content, without knowing how far the copy has come: find the last symbol, or the last two, in the
string, and name the successor. They are right where these occur once, so few symbols make them fail: over 100, the
successor of one symbol scores .94 at length 16 and .37 at length 256; over 10, .59 and .14. The successor of two
scores 1.00 and .99 over 100 symbols, .95 and .43 over 10.
Length is the length of the string; a row has 2 * length + 2 tokens.
Vocabulary: 13.
Chance: (length / 10 + 1) / (length + 1).
Source: Kazemnejad et al. 2023, https://arxiv.org/abs/2305.19466, section 3.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import BOS, SPECIALS, UNSCORED, Batch, Synthetic, first_places, question


class Copy(Synthetic):
    """Strings are uniform over `symbols`, each symbol drawn independently."""

    name = "copy"
    title = "Copy"
    group = "string"
    definition = "repeat a random string, w -> w, decoding greedily and without a mistake"
    source = "https://arxiv.org/abs/2305.19466"
    metric = "token_accuracy"
    version = 2  # 2: 10 symbols instead of 100

    def __init__(self, *, symbols: int = 10) -> None:
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

    def shortcuts(self, batch: Batch) -> dict[str, Int[Tensor, "batch time"]]:
        """The symbol after the first occurrence of the last symbol, or of the last two."""
        sep = batch.tokens.shape[1] // 2
        last = F.pad(batch.tokens[:, sep + 1 :], (1, 0), value=BOS)  # before each target; the same precede it in w
        pair = last * self.vocabulary + F.pad(last[:, :-1], (1, 0), value=BOS)
        successors = batch.targets[:, sep:]
        return {
            name: F.pad(successors.gather(1, first_places(sought)), (sep, 0), value=UNSCORED)
            for name, sought in (("successor of the symbol", last), ("successor of the last two symbols", pair))
        }

    def chance(self, length: int) -> dict[str, float]:
        """One in `symbols` for each symbol of the string; EOS is always in the same place."""
        guess = 1 / self.symbols
        return {"token_accuracy": (length * guess + 1) / (length + 1), "exact_match": guess**length}
