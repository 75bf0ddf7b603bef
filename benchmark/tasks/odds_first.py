"""Odds first: write the symbols at odd places, then those at even places.

    input    BOS  a  b  b  a  a  SEP  a  b  a  b  a
    target   .    .  .  .  .  .  a    b  a  b  a  EOS      (. is not scored)

Places count from 1: the answer to s1 s2 s3 s4 s5 is s1 s3 s5 s2 s4. The order depends on place, never on value.
Length is the length of the string; a row has 2 * length + 2 tokens.
Vocabulary: 5.
Chance: (length / 2 + 1) / (length + 1).
Source: Delétang et al. 2022, https://arxiv.org/abs/2207.02098, appendix on the tasks, "odds first", with 2 symbols.
Convention: the paper's; the authors' code starts with the second symbol instead.
"""

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import SPECIALS, Batch, Synthetic, question


class OddsFirst(Synthetic):
    """Strings are uniform over `symbols`: there are symbols ** length of them, few if both are small."""

    name = "odds-first"
    title = "Odds first"
    group = "string"
    definition = "write the symbols at odd places, then those at even places"
    source = "https://arxiv.org/abs/2207.02098"
    metric = "token_accuracy"

    def __init__(self, *, symbols: int = 2) -> None:
        if symbols < 2:
            raise ValueError(f"odds-first: symbols is {symbols}, but must be at least 2")
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
        """The first, third, fifth symbol and so on, then the second, fourth and so on."""
        return torch.cat((prompt[:, 0::2], prompt[:, 1::2]), dim=1)

    def chance(self, length: int) -> dict[str, float]:
        """One in `symbols` at each place; EOS is always in the same place."""
        guess = 1 / self.symbols
        return {"token_accuracy": (length * guess + 1) / (length + 1), "exact_match": guess**length}
