"""Even pairs: name the parity of the number of adjacent bits that differ.

    input    BOS  0  0  1  1  0  SEP  0
    target   .    .  .  .  .  .  0    EOS      (. is not scored)

The pairs 01 and 10 together are even in number, and the answer is 0, exactly if the first and the last bit are equal:
an absolute reader finds both ends at once, a counter has to count.
Length is the number of bits; a row has length + 3 tokens.
Vocabulary: 5.
Chance: 1 / 2.
Source: Delétang et al. 2022, https://arxiv.org/abs/2207.02098, appendix on the tasks, "even pairs".
"""

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import SPECIALS, Batch, Synthetic, question


class EvenPairs(Synthetic):
    """Bits are uniform. Below a length of 12, the test holds at most a third of the 2 ** length problems.

    The headline metric is exact match, because EOS comes free. A single bit has no pairs, so there is nothing to ask.
    """

    name = "even-pairs"
    title = "Even pairs"
    group = "counting"
    definition = "name the parity of the number of 01 and 10 pairs in a random bit string: do first and last bit differ"
    source = "https://arxiv.org/abs/2207.02098"
    metric = "exact_match"
    version = 2  # 2: test rows are balanced over answers, and more
    balanced = True

    @property
    def vocabulary(self) -> int:
        return SPECIALS + 2

    def tokens(self, length: int) -> int:
        return length + 3

    def shortest(self) -> int:
        return 2

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        prompt = torch.randint(SPECIALS, self.vocabulary, (size, length), generator=generator)
        return question(prompt, self.answer(prompt))

    def answer(self, prompt: Int[Tensor, "batch length"]) -> Int[Tensor, "batch 1"]:
        """1 if the number of adjacent bits that differ is odd."""
        differ = prompt[:, 1:] != prompt[:, :-1]
        return SPECIALS + differ.sum(dim=1, keepdim=True) % 2

    def chance(self, length: int) -> dict[str, float]:
        """Guess either bit; EOS always follows."""
        return {"token_accuracy": (1 / 2 + 1) / 2, "exact_match": 1 / 2}
