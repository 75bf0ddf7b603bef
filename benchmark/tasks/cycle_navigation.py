"""Cycle navigation: where a walk from place 0 on a circle of five places ends.

    input    BOS  >  >  _  <  >  >  >  SEP  0        (> one place on, < one place back, _ stay)
    target   .    .  .  .  .  .  .  .  0    EOS      (. is not scored)

Length is the number of moves; a row has length + 3 tokens.
Vocabulary: 11.
Chance: 0.2 at length 40.
Source: Deletang et al. 2022, https://arxiv.org/abs/2207.02098, appendix A.
There are 3 ** length walks: below a trained length of five, most of them are held out for the test.
"""

import math

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import SPECIALS, Batch, Synthetic, question

PLACES = 5
BACK, STAY, ON = SPECIALS, SPECIALS + 1, SPECIALS + 2
HOME = SPECIALS + 3  # the place p is the token HOME + p


class CycleNavigation(Synthetic):
    """Moves are uniform over the three kinds."""

    name = "cycle-navigation"
    title = "Cycle navigation"
    group = "arithmetic"
    definition = "where a walk from place 0 on a circle of five places ends"
    source = "https://arxiv.org/abs/2207.02098"
    metric = "exact_match"

    @property
    def vocabulary(self) -> int:
        return HOME + PLACES

    def tokens(self, length: int) -> int:
        return length + 3

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        prompt = torch.randint(BACK, ON + 1, (size, length), generator=generator)
        return question(prompt, self.answer(prompt))

    def answer(self, prompt: Int[Tensor, "batch prompt"]) -> Int[Tensor, "batch 1"]:
        return HOME + (prompt - STAY).sum(dim=1, keepdim=True) % PLACES

    def chance(self, length: int) -> dict[str, float]:
        """Guess the place where the walk began, which is the likeliest; EOS is always last.

        P = mean over k of ((1 + 2 cos(2 pi k / 5)) / 3) ** length, the inverse transform of the walk's distribution.
        """
        waves = ((1 + 2 * math.cos(2 * math.pi * k / PLACES)) / 3 for k in range(PLACES))
        guess = sum(wave**length for wave in waves) / PLACES
        return {"token_accuracy": (guess + 1) / 2, "exact_match": guess}
