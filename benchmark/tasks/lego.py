"""LEGO: the value of a variable at the end of a chain of assignments, each plus or minus the previous one.

    input    BOS  d  -  1  a  +  d  q  -  a  q  SEP  +        (d = -1, a = d, q = -a: what is q?)
    target   .    .  .  .  .  .  .  .  .  .  .  +    EOS      (. is not scored)

Length is the number of variables; a row has 3 * length + 4 tokens. The question asks for a variable of the second half,
any of them equally often; its depth in the chain is the place of the last clause that begins with it.
Vocabulary: 134.
Chance: 1 / 2.
Source: Zhang et al. 2022, https://arxiv.org/abs/2206.04301, section 2, in the form of Kazemnejad et al. 2023,
https://arxiv.org/abs/2305.19466, section 3 and appendix: clauses in the order of the chain, one variable asked for.
Convention: names are drawn afresh in each row. Past `names` variables they recur in the same order, and the latest
value counts; the variable asked for is then one of the last `names`. Names make rows differ, but there are only 2 **
length sign patterns: up to a length of about ten, training meets them all.
"""

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import SPECIALS, Batch, Synthetic, question

PLUS, MINUS, ONE = SPECIALS, SPECIALS + 1, SPECIALS + 2
FIRST_NAME = SPECIALS + 3


class Lego(Synthetic):
    """Signs are uniform; the first variable is plus or minus one."""

    name = "lego"
    title = "LEGO (chain of signs)"
    group = "reasoning"
    definition = "the value, +1 or -1, of a variable at the end of a chain of assignments"
    source = "https://arxiv.org/abs/2206.04301"
    metric = "exact_match"
    version = 3  # 3: test rows are balanced over answers, and more
    balanced = True

    def __init__(self, *, names: int = 128) -> None:
        if names < 2:
            raise ValueError(f"lego: names is {names}, but must be at least 2")
        self.names = names

    @property
    def vocabulary(self) -> int:
        return FIRST_NAME + self.names

    def tokens(self, length: int) -> int:
        return 3 * length + 4

    def shortest(self) -> int:
        return 2

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        distinct = min(length, self.names)
        names = FIRST_NAME + torch.rand(size, self.names, generator=generator).topk(distinct).indices
        variables = names if length == distinct else names[:, torch.arange(length) % distinct]
        signs = torch.randint(PLUS, MINUS + 1, (size, length), generator=generator)
        earliest = max((length + 1) // 2, length - self.names)
        asked = torch.randint(earliest, length, (size, 1), generator=generator)
        return self.rows(variables, signs, asked)

    def rows(
        self,
        variables: Int[Tensor, "batch clause"],
        signs: Int[Tensor, "batch clause"],
        asked: Int[Tensor, "batch 1"],
    ) -> Batch:
        """The rows of the given chains, each asking for the variable of a clause that no later clause reassigns."""
        prompt = variables.new_full((len(variables), 3 * variables.shape[1] + 1), ONE)
        prompt[:, :-1:3] = variables
        prompt[:, 1:-1:3] = signs
        prompt[:, 5:-1:3] = variables[:, :-1]
        prompt[:, -1:] = variables.gather(1, asked)
        negations = (signs == MINUS).cumsum(dim=1).gather(1, asked)
        return question(prompt, PLUS + negations % 2)

    def chance(self, length: int) -> dict[str, float]:
        """Guess one of two signs; EOS is always last."""
        return {"token_accuracy": 0.75, "exact_match": 0.5}
