"""Parity: tell whether the number of ones is odd.

    input    BOS  1  0  1  1  SEP  1
    target   .    .  .  .  .  1    EOS      (. is not scored)

The answer is the sum of the bits modulo 2: every bit counts, and none stands out.
Length is the number of bits; a row has length + 3 tokens.
Vocabulary: 5.
Chance: 1 / 2.
Source: Delétang et al. 2022, https://arxiv.org/abs/2207.02098, appendix on the tasks, "parity check".
"""

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import SPECIALS, Batch, Synthetic, question


class Parity(Synthetic):
    """Bits are uniform. Below a length of 12, the test holds at most a third of the 2 ** length problems.

    The headline metric is exact match, because EOS comes free.
    """

    name = "parity"
    title = "Parity"
    group = "counting"
    definition = "name the parity of the number of ones in a random bit string"
    source = "https://arxiv.org/abs/2207.02098"
    metric = "exact_match"
    version = 2  # 2: test rows are balanced over answers, and more
    balanced = True
    unlearned = "the answer depends on every bit, but attention averages over them: https://arxiv.org/abs/1906.06755"

    @property
    def vocabulary(self) -> int:
        return SPECIALS + 2

    def tokens(self, length: int) -> int:
        return length + 3

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        prompt = torch.randint(SPECIALS, self.vocabulary, (size, length), generator=generator)
        return question(prompt, self.answer(prompt))

    def answer(self, prompt: Int[Tensor, "batch length"]) -> Int[Tensor, "batch 1"]:
        """1 if the number of ones is odd."""
        return SPECIALS + (prompt - SPECIALS).sum(dim=1, keepdim=True) % 2

    def chance(self, length: int) -> dict[str, float]:
        """Guess either bit; EOS always follows."""
        return {"token_accuracy": (1 / 2 + 1) / 2, "exact_match": 1 / 2}
