"""Sum modulo 10: the last digit of a sum of digits.

    input    BOS  7  +  5  +  9  SEP  1            (7 + 5 + 9 = 21)
    target   .    .  .  .  .  .  1    EOS          (. is not scored)

Length is the number of digits; a row has 2 * length + 2 tokens.
Vocabulary: 14.
Chance: 0.1 at length 8.
Source: Kazemnejad et al. 2023, https://arxiv.org/abs/2305.19466, section 3 and appendix; digits from 1 to 9, as in the
authors' code. One digit has 9 problems, two have 81 and three 729: the test holds a third of them.
"""

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import SPECIALS, Batch, Synthetic, question

PLUS = SPECIALS
ZERO = SPECIALS + 1  # the digit d is the token ZERO + d


class SumMod10(Synthetic):
    """Digits are uniform over 1 to 9."""

    name = "sum-mod-10"
    title = "Sum modulo 10"
    group = "arithmetic"
    definition = "the last digit of a sum of digits"
    source = "https://arxiv.org/abs/2305.19466"
    metric = "exact_match"
    version = 2  # 2: test rows are balanced over answers, and more
    balanced = True

    @property
    def vocabulary(self) -> int:
        return ZERO + 10

    def tokens(self, length: int) -> int:
        return 2 * length + 2

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        prompt = torch.full((size, 2 * length - 1), PLUS)
        prompt[:, ::2] = ZERO + torch.randint(1, 10, (size, length), generator=generator)
        return question(prompt, self.answer(prompt))

    def answer(self, prompt: Int[Tensor, "batch prompt"]) -> Int[Tensor, "batch 1"]:
        return ZERO + (prompt[:, ::2] - ZERO).sum(dim=1, keepdim=True) % 10

    def chance(self, length: int) -> dict[str, float]:
        """Guess any sum, which for one digit is never 0: in test rows all are equally frequent. EOS is always last."""
        guess = 1 / 9 if length == 1 else 1 / 10
        return {"token_accuracy": (guess + 1) / 2, "exact_match": guess}
