"""Missing duplicate: a string is shown twice with one symbol hidden; name that symbol.

    input    BOS  a  b  b  a  _  b  SEP  b
    target   .    .  .  .  .  .  .  b    EOS      (_ hides a symbol; . is not scored)

The other copy shows the symbol, `length` places before or after.
Length is the length of the string, half of what is shown; a row has 2 * length + 3 tokens.
Vocabulary: 6.
Chance: 1 / 2.
Source: Delétang et al. 2022, https://arxiv.org/abs/2207.02098, appendix on the tasks, "missing duplicate", 2 symbols.
Convention: the paper counts both copies as the length, and pads odd lengths with an empty token.
"""

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import SPECIALS, Batch, Synthetic, question


class MissingDuplicate(Synthetic):
    """Strings are uniform over `symbols`, and the hidden place is uniform over both copies.

    There are 2 * length * symbols ** length problems: if both are small, the test holds at most a third. The headline
    metric is exact match, because EOS comes free.
    """

    name = "missing-duplicate"
    title = "Missing duplicate"
    group = "string"
    definition = "a string is shown twice with one symbol hidden; name that symbol"
    source = "https://arxiv.org/abs/2207.02098"
    metric = "exact_match"
    version = 2  # 2: test rows are balanced over answers, and more
    balanced = True

    def __init__(self, *, symbols: int = 2) -> None:
        if symbols < 2:
            raise ValueError(f"missing-duplicate: symbols is {symbols}, but must be at least 2")
        self.symbols = symbols
        self.hidden = SPECIALS + symbols  # the token in the hidden symbol's place

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
        """The symbol that the other copy has at the hidden place."""
        length = prompt.shape[1] // 2
        place = (prompt == self.hidden).int().argmax(dim=1, keepdim=True)
        return prompt.roll(length, dims=1).gather(1, place)

    def chance(self, length: int) -> dict[str, float]:
        """One in `symbols`; EOS always follows."""
        guess = 1 / self.symbols
        return {"token_accuracy": (guess + 1) / 2, "exact_match": guess}
