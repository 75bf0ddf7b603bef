"""Stack manipulation: given a stack and the actions on it, write the resulting stack, top first.

    input    BOS  a  b  b  POP  +a  POP  POP  SEP  a
    target   .    .  .  .  .    .   .    .    a    EOS      (+a pushes a; . is not scored)

The stack is shown bottom first. Popping an empty stack does nothing. A result with fewer symbols than the longest
possible is padded with unscored EOS: when to stop is part of the answer.
Length is the number of symbols and actions together; a row has 2 * length + 2 tokens.
Vocabulary: 8.
Chance: 0.49 at length 40, 0.5 at length 160.
Source: Delétang et al. 2022, https://arxiv.org/abs/2207.02098, appendix on the tasks, "stack manipulation": 2 symbols,
the size of the stack uniform between 1 and length - 1, the actions uniform over pop and the two pushes.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.tasks.task import EOS, SPECIALS, Batch, Synthetic, question

SYMBOLS = 2
POP = SPECIALS + SYMBOLS
PUSH = POP + 1  # pushes the first symbol; PUSH + 1 the second


class StackManipulation(Synthetic):
    """Each row draws its own number of symbols in the stack; actions make up the rest of the length."""

    name = "stack-manipulation"
    title = "Stack manipulation"
    group = "string"
    definition = "apply pushes and pops to a stack, and write what is left, top first"
    source = "https://arxiv.org/abs/2207.02098"
    metric = "token_accuracy"

    @property
    def vocabulary(self) -> int:
        return PUSH + SYMBOLS

    def tokens(self, length: int) -> int:
        return 2 * length + 2

    def shortest(self) -> int:
        return 2

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        filled = torch.randint(1, length, (size, 1), generator=generator)
        symbols = torch.randint(SPECIALS, POP, (size, length), generator=generator)
        actions = torch.randint(POP, self.vocabulary, (size, length), generator=generator)
        prompt = torch.where(torch.arange(length) < filled, symbols, actions)
        return question(prompt, self.answer(prompt))

    def answer(self, prompt: Int[Tensor, "batch length"]) -> Int[Tensor, "batch length"]:
        """The final stack, top first, padded with EOS.

        A symbol put on the stack stays there if the stack never again gets smaller than it was then.
        """
        length = prompt.shape[1]
        puts = prompt != POP
        walk = torch.where(puts, 1, -1).cumsum(dim=1)
        size = walk - walk.cummin(dim=1).values.clamp(max=0)
        smallest_from_here = size.flip(1).cummin(dim=1).values.flip(1)
        stays = puts & (size == smallest_from_here)
        symbol = torch.where(prompt < PUSH, prompt, prompt - PUSH + SPECIALS)
        place = torch.where(stays, size[:, -1:] - size, length)  # what does not stay goes into a column that is cut off
        return torch.full((len(prompt), length + 1), EOS).scatter(1, place, symbol)[:, :length]

    def chance(self, length: int) -> dict[str, float]:
        """At each place, guess EOS or any one symbol, whichever is right more often; by row, the likeliest stack."""
        sizes = self._sizes(length)
        larger = 1 - sizes.cumsum(0)
        depths = torch.arange(length + 1)
        right = torch.maximum(sizes, larger / SYMBOLS).sum()
        return {
            "token_accuracy": float(right / (1 + (depths * sizes).sum())),
            "exact_match": float((sizes / SYMBOLS ** depths.double()).max()),
        }

    def _sizes(self, length: int) -> Float[Tensor, " sizes"]:
        """The probability of each size of the final stack."""
        now = torch.zeros(length + 1, dtype=torch.float64)  # by size, the share of rows that have reached their actions
        for place in range(1, length + 1):
            popped = torch.cat((now[:1] + now[1:2], now[2:], now.new_zeros(1)))
            now = (popped + SYMBOLS * now.roll(1)) / (1 + SYMBOLS)
            if place < length:
                now[place] += 1 / (length - 1)
        return now
