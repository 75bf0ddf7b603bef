"""First recall: at every place, name the first token of the row.

    input    d  a  c  b  a  d
    target   .  d  d  d  d  d        (. is not scored)

The place to look at is always the same, at a distance that grows; content is random. It isolates absolute reading in
its simplest form: even without positions, the first place can be told from the others, because it sees only itself.
Length is the number of tokens.
Vocabulary: 10.
Chance: 1 / 10.
Source: this benchmark; that causal attention can find the first token on its own is shown by Kazemnejad et al. 2023,
https://arxiv.org/abs/2305.19466, section 5.
"""

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import UNSCORED, Batch, Synthetic


class FirstRecall(Synthetic):
    """Tokens are uniform over `symbols`."""

    name = "first-recall"
    title = "First recall"
    group = "absolute"
    definition = "at every place, name the first token of the row"
    source = "https://arxiv.org/abs/2305.19466"
    metric = "token_accuracy"
    version = 2  # 2: test rows are balanced over answers, and more
    balanced = True
    nested = True

    def __init__(self, *, symbols: int = 10) -> None:
        if symbols < 2:
            raise ValueError(f"first-recall: symbols is {symbols}, but must be at least 2")
        self.symbols = symbols

    @property
    def vocabulary(self) -> int:
        return self.symbols

    def tokens(self, length: int) -> int:
        return length

    def shortest(self) -> int:
        return 2

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        return self.rows(torch.randint(self.symbols, (size, length), generator=generator))

    def rows(self, tokens: Int[Tensor, "batch time"]) -> Batch:
        """The given rows, with their targets."""
        targets = tokens[:, :1].repeat(1, tokens.shape[1])
        targets[:, 0] = UNSCORED  # it would only read its own input
        return Batch(tokens=tokens, targets=targets)

    def chance(self, length: int) -> dict[str, float]:
        """One in `symbols`, with the same guess at every place of a row."""
        guess = 1 / self.symbols
        return {"token_accuracy": guess, "exact_match": guess}

    def chance_of_rest(self, length: int, opening: int) -> float:
        """The one guess is right at all places or at none."""
        return 1 / self.symbols
