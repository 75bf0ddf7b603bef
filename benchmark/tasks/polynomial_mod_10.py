"""Polynomial modulo 10: the value of a polynomial at a given point, modulo 10.

    input    BOS  2  :  3  x  2  +  -1  x  0  SEP  1        (at x = 2: 3 x**2 - x**0 = 11)
    target   .    .  .  .  .  .  .  .   .  .  1    EOS      (. is not scored)

Length is the number of terms; a row has 4 * length + 4 tokens. A number is one token, including its sign.
Vocabulary: 19.
Chance: 0.1 at length 2.
Source: Kazemnejad et al. 2023, https://arxiv.org/abs/2305.19466, section 3 and appendix; ranges as in the authors'
code: x from -2 to 2, coefficients from -3 to 3, exponents from 0 to 3, in any order and repeatedly; 0 ** 0 is 1. One
term has 140 problems and two have 3,920, few of them with the value 5: there the test holds fewer rows.
"""

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import EOS, SPECIALS, Batch, Synthetic, question

AT, PLUS, X = SPECIALS, SPECIALS + 1, SPECIALS + 2
ZERO = SPECIALS + 6  # the number v, from -3 to 9, is the token ZERO + v


class PolynomialMod10(Synthetic):
    """The point, coefficients and exponents are uniform over their ranges."""

    name = "polynomial-mod-10"
    title = "Polynomial modulo 10"
    group = "arithmetic"
    definition = "the value of a polynomial at a small integer, modulo 10"
    source = "https://arxiv.org/abs/2305.19466"
    metric = "exact_match"
    version = 2  # 2: test rows are balanced over answers, and more
    balanced = True

    @property
    def vocabulary(self) -> int:
        return ZERO + 10

    def tokens(self, length: int) -> int:
        return 4 * length + 4

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        prompt = torch.full((size, 4 * length + 1), PLUS)
        prompt[:, 0] = ZERO + torch.randint(-2, 3, (size,), generator=generator)
        prompt[:, 1] = AT
        prompt[:, 2::4] = ZERO + torch.randint(-3, 4, (size, length), generator=generator)
        prompt[:, 3::4] = X
        prompt[:, 4::4] = ZERO + torch.randint(0, 4, (size, length), generator=generator)
        return question(prompt, self.answer(prompt))

    def answer(self, prompt: Int[Tensor, "batch prompt"]) -> Int[Tensor, "batch 1"]:
        numbers = prompt - ZERO
        place, coefficients, exponents = numbers[:, :1], numbers[:, 2::4], numbers[:, 4::4]
        return ZERO + (coefficients * place**exponents).sum(dim=1, keepdim=True) % 10

    def chance(self, length: int) -> dict[str, float]:
        """Guess any value, which for one term is never 5: in test rows all are equally frequent. EOS is always last."""
        guess = 1 / 9 if length == 1 else 1 / 10
        return {"token_accuracy": (guess + 1) / 2, "exact_match": guess}

    def shortcuts(self, batch: Batch) -> dict[str, Int[Tensor, "batch time"]]:
        """The sum of the coefficients: right at the point 1, and wherever the exponents happen not to matter."""
        answers = torch.full_like(batch.tokens, EOS)
        answers[:, -2] = ZERO + (batch.tokens[:, 3:-2:4] - ZERO).sum(dim=1) % 10
        return {"sum of the coefficients": answers}
