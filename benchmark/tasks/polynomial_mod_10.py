"""Polynomial modulo 10: the value of a polynomial at a given point, modulo 10.

    input    BOS  2  :  3  x  2  +  -1  x  0  SEP  1        (at x = 2: 3 x**2 - x**0 = 11)
    target   .    .  .  .  .  .  .  .   .  .  1    EOS      (. is not scored)

Length is the number of terms; a row has 4 * length + 4 tokens. A number is one token, including its sign.
Vocabulary: 19.
Chance: 0.13 at length 8, 0.1 at length 32.
Source: Kazemnejad et al. 2023, https://arxiv.org/abs/2305.19466, section 3 and appendix; ranges as in the authors'
code: x from -2 to 2, coefficients from -3 to 3, exponents from 0 to 3, in any order and repeatedly; 0 ** 0 is 1. One
term has 140 problems: those tested there were met in training.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.tasks.task import SPECIALS, Batch, Synthetic, question

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
        """Guess the likeliest value; EOS is always last."""
        guess = self.values(length).max().item()
        return {"token_accuracy": (guess + 1) / 2, "exact_match": guess}

    def values(self, length: int) -> Float[Tensor, "10"]:
        """Probability of each value: at each point, one term's distribution convolved `length` times with itself."""
        term = torch.zeros(5, 10, dtype=torch.float64)
        for place in range(-2, 3):
            for value in (c * place**e % 10 for c in range(-3, 4) for e in range(4)):
                term[place + 2, value] += 1 / 28
        values: Tensor = torch.fft.ifft(torch.fft.fft(term) ** length).real.mean(dim=0)
        return values
