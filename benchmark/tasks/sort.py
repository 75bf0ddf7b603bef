"""Sort: write a random string in ascending order.

    input    BOS  7  2  9  2  SEP  2  2  7  9
    target   .    .  .  .  .  2    2  7  9  EOS      (. is not scored)

The order of the symbols is that of their token ids, which is the same in every row and must be learned. Symbols may
repeat.
Length is the length of the string; a row has 2 * length + 2 tokens.
Vocabulary: 103.
Chance: 2.4e-22 at length 20, 7.2e-42 at length 80.
Source: Kazemnejad et al. 2023, https://arxiv.org/abs/2305.19466, section 3 ("sort", numbers of one token).
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import EOS, SPECIALS, Batch, Synthetic, question


class Sort(Synthetic):
    """Strings are uniform over `symbols`.

    The headline metric is exact match: the answer so far gives away much of the next token (see `sorted_chance`).
    """

    name = "sort"
    title = "Sort"
    group = "string"
    definition = "write a random string in ascending order, decoding greedily and without a mistake"
    source = "https://arxiv.org/abs/2305.19466"
    metric = "exact_match"

    def __init__(self, *, symbols: int = 100) -> None:
        if symbols < 2:
            raise ValueError(f"sort: symbols is {symbols}, but must be at least 2")
        self.symbols = symbols

    @property
    def vocabulary(self) -> int:
        return SPECIALS + self.symbols

    def tokens(self, length: int) -> int:
        return 2 * length + 2

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        prompt = torch.randint(SPECIALS, self.vocabulary, (size, length), generator=generator)
        return question(prompt, self.answer(prompt))

    def answer(self, prompt: Int[Tensor, "batch length"]) -> Int[Tensor, "batch length"]:
        """The same symbols, smallest first."""
        return prompt.sort(dim=1).values

    def shortcuts(self, batch: Batch) -> dict[str, Int[Tensor, "batch time"]]:
        """The next larger symbol of the prompt, and EOS after the largest: no symbol is written twice."""
        length = batch.tokens.shape[1] // 2 - 1
        shown = F.pad(self.answer(batch.tokens[:, 1 : length + 1]), (0, 1), value=self.vocabulary)
        larger = shown.gather(1, torch.searchsorted(shown, batch.tokens.contiguous(), right=True))
        return {"next larger symbol": larger.masked_fill(larger == self.vocabulary, EOS)}

    def chance(self, length: int) -> dict[str, float]:
        """See `sorted_chance`."""
        return sorted_chance(length, self.symbols)


def sorted_chance(length: int, symbols: int) -> dict[str, float]:
    """The score of guessing a sorted string of uniform symbols without seeing the prompt.

    By token, guess the smallest symbol first, then the previous symbol again or its successor, whichever is right more
    often. By row, guess the likeliest answer: every symbol equally often.
    """
    absent = (1 - 1 / symbols) ** length
    smallest = 1 - absent
    again = length - symbols * (1 - absent)
    following = (symbols - 1) * (1 - 2 * absent + (1 - 2 / symbols) ** length)
    often, fuller = divmod(length, symbols)
    orders = math.lgamma(length + 1) - symbols * math.lgamma(often + 1) - fuller * math.log(often + 1)
    return {
        "token_accuracy": (smallest + max(again, following) + 1) / (length + 1),
        "exact_match": math.exp(orders - length * math.log(symbols)),
    }
