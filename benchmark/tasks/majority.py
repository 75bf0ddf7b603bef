"""Majority: name the bit that occurs more often.

    input    BOS  1  0  1  1  0  SEP  1
    target   .    .  .  .  .  .  1    EOS      (. is not scored)

Where the bits stand does not matter. One bit leads the other by about the square root of the length, so longer strings
also call for a finer balance.
Length is the number of bits; a row has length + 3 tokens.
Vocabulary: 5.
Chance: 1 / 2.
Source: Merrill et al. 2022, https://arxiv.org/abs/2106.16213 ("majority", a language outside AC0).
Convention: no ties, whose answer would be arbitrary. A tied string has one bit flipped, at a random place.
"""

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import EOS, SPECIALS, Batch, Synthetic, question


class Majority(Synthetic):
    """Bits are uniform, ties aside. Below a length of 12, the test holds at most a third of some 2 ** length problems.

    The headline metric is exact match, because EOS comes free.
    """

    name = "majority"
    title = "Majority"
    group = "counting"
    definition = "name the bit that occurs more often in a random bit string, which is never tied"
    source = "https://arxiv.org/abs/2106.16213"
    metric = "exact_match"
    version = 2  # 2: test rows are balanced over answers, and more
    balanced = True

    @property
    def vocabulary(self) -> int:
        return SPECIALS + 2

    def tokens(self, length: int) -> int:
        return length + 3

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        bits = torch.randint(2, (size, length), generator=generator)
        place = torch.randint(length, (size, 1), generator=generator)
        tied = 2 * bits.sum(dim=1, keepdim=True) == length
        prompt = SPECIALS + (bits ^ torch.zeros_like(bits).scatter(1, place, tied.long()))
        return question(prompt, self.answer(prompt))

    def answer(self, prompt: Int[Tensor, "batch length"]) -> Int[Tensor, "batch 1"]:
        """1 if there are more ones than zeros."""
        ones = (prompt - SPECIALS).sum(dim=1, keepdim=True)
        return SPECIALS + (2 * ones > prompt.shape[1]).long()

    def shortcuts(self, batch: Batch) -> dict[str, Int[Tensor, "batch time"]]:
        """The last bit of the string."""
        answers = torch.full_like(batch.tokens, EOS)
        answers[:, -2] = batch.tokens[:, -3]
        return {"last bit": answers}

    def chance(self, length: int) -> dict[str, float]:
        """Guess either bit; EOS always follows."""
        return {"token_accuracy": (1 / 2 + 1) / 2, "exact_match": 1 / 2}
