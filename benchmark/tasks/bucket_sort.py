"""Bucket sort: write a string over a few symbols in ascending order.

    input    BOS  3  0  4  0  1  SEP  0  0  1  3  4
    target   .    .  .  .  .  .  0    0  1  3  4  EOS      (. is not scored)

The answer depends only on how often each symbol occurs, not on where: the control that needs no order of the prompt.
Every symbol occurs many times, and the task is to know when to move on to the next.
Length is the length of the string; a row has 2 * length + 2 tokens.
Vocabulary: 8.
Chance: 0.00084 at length 40, 5.5e-05 at length 160.
Source: Delétang et al. 2022, https://arxiv.org/abs/2207.02098, appendix on the tasks, "bucket sort", with 5 symbols.
"""

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.sort import sorted_chance
from benchmark.tasks.task import SPECIALS, Batch, Synthetic, question


class BucketSort(Synthetic):
    """Strings are uniform over `symbols`.

    The headline metric is exact match, because repeating the previous token is nearly always right.
    """

    name = "bucket-sort"
    title = "Bucket sort"
    group = "string"
    definition = "write a random string over a few symbols in ascending order"
    source = "https://arxiv.org/abs/2207.02098"
    metric = "exact_match"

    def __init__(self, *, symbols: int = 5) -> None:
        if symbols < 2:
            raise ValueError(f"bucket-sort: symbols is {symbols}, but must be at least 2")
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

    def chance(self, length: int) -> dict[str, float]:
        """See `sorted_chance`."""
        return sorted_chance(length, self.symbols)
