"""Missing duplicate: a string stands there twice with one symbol hidden; name it.

    input    BOS  a  b  b  a  _  b  SEP  b
    target   .    .  .  .  .  .  .  b    EOS      (_ hides a symbol; . is not scored)

The symbol stands uncovered in the other copy, `length` places away: before or after.
Length is the length of the string, half of what is shown; a row has 2 * length + 3 tokens.
Vocabulary: 6.
Chance: 1 / 2.
Source: Delétang et al. 2022, https://arxiv.org/abs/2207.02098, appendix on the tasks, "missing duplicate", 2 symbols.
Convention: the paper counts both copies as length, and fills up odd lengths with an empty token.
"""

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import SPECIALS, Batch, Synthetic, question


class MissingDuplicate(Synthetic):
    """Strings are uniform over `symbols`, and so is the hidden place over both copies.

    There are 2 * length * symbols ** length problems: few where both are small. The headline is exact match, since
    the EOS is free.
    """

    name = "missing-duplicate"
    title = "Missing duplicate"
    group = "string"
    definition = "a string stands there twice with one symbol hidden: name that symbol"
    source = "https://arxiv.org/abs/2207.02098"
    metric = "exact_match"

    def __init__(self, *, symbols: int = 2) -> None:
        if symbols < 2:
            raise ValueError(f"missing-duplicate: symbols is {symbols}, but must be at least 2")
        self.symbols = symbols
        self.hidden = SPECIALS + symbols  # what stands in the symbol's stead

    @property
    def vocabulary(self) -> int:
        return self.hidden + 1

    def tokens(self, length: int) -> int:
        return 2 * length + 3

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        string = torch.randint(SPECIALS, self.hidden, (size, length), generator=generator)
        place = torch.randint(2 * length, (size, 1), generator=generator)
        prompt = torch.cat((string, string), dim=1).scatter(1, place, self.hidden)
        return question(prompt, self.answer(prompt))

    def answer(self, prompt: Int[Tensor, "batch twice"]) -> Int[Tensor, "batch 1"]:
        """What stands in the other copy at the hidden place."""
        length = prompt.shape[1] // 2
        place = (prompt == self.hidden).int().argmax(dim=1, keepdim=True)
        return prompt.roll(length, dims=1).gather(1, place)

    def chance(self, length: int) -> dict[str, float]:
        """One symbol in `symbols`; EOS always follows it."""
        guess = 1 / self.symbols
        return {"token_accuracy": (guess + 1) / 2, "exact_match": guess}
