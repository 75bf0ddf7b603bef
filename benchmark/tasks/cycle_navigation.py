"""Cycle navigation: where a walk from place 0 on a circle of five places ends.

    input    BOS  >  >  _  <  >  >  >  SEP  0        (> one place on, < one place back, _ stay)
    target   .    .  .  .  .  .  .  .  0    EOS      (. is not scored)

Length is the number of moves; a row has length + 3 tokens.
Vocabulary: 11.
Chance: 0.2 at length 40.
Source: Deletang et al. 2022, https://arxiv.org/abs/2207.02098, appendix A.
There are 3 ** length walks: at short trained lengths, the test holds fewer, but no more than a third of those to each
place.
"""

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
    version = 2  # 2: test rows are balanced over answers, and more
    balanced = True

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
        """Guess any place within reach: test rows end at all of them equally often. EOS is always last."""
        guess = 1 / min(PLACES, 2 * length + 1)
        return {"token_accuracy": (guess + 1) / 2, "exact_match": guess}
