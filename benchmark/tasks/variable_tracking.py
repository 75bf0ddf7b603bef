"""Variable tracking: a value is passed from variable to variable amid filler; name all variables that hold it.

    input    BOS  _  x  =  7  _  _  y  =  x  _  SEP  7  x  y
    target   .    .  .  .  .  .  .  .  .  .  .  .    x  y  EOS      (one hop; _ is filler, . is not scored)

Assignments appear in the order of the chain, anywhere in the filler; the answer follows that order too.
Length is the number of tokens between BOS and SEP; a row has length + hops + 4 tokens. Where the assignments stand is
read from the row: the places of =.
Vocabulary: 56.
Chance: (5 / 26 + 1) / 6.
Source: Hsieh et al. 2024 (RULER), https://arxiv.org/abs/2404.06654, section 3.2, one chain of 4 hops: the first
variable gets the value, and 4 more each get it from the previous one.
Convention: each word is one token; the variables of a row are distinct, and the filler is random words of its own.
"""

import math

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import BOS, EOS, SEP, SPECIALS, UNSCORED, Batch, Synthetic

IS, WORDS = SPECIALS, SPECIALS + 1  # "=", and the first word
VALUES = 10  # tokens from WORDS on: the values, then the variables, then filler
STATEMENT = 3  # tokens of an assignment


class VariableTracking(Synthetic):
    """Value, variables, places and filler are uniform."""

    name = "variable-tracking"
    title = "Variable tracking"
    group = "recall"
    definition = "a value is passed from variable to variable amid filler; name all variables that hold it"
    source = "https://arxiv.org/abs/2404.06654"
    metric = "token_accuracy"

    def __init__(self, *, hops: int = 4, variables: int = 26, fillers: int = 16) -> None:
        if hops < 0:
            raise ValueError(f"variable-tracking: hops is {hops}, but must be at least 0")
        if variables <= hops:
            raise ValueError(f"variable-tracking: variables is {variables}, but must be at least hops + 1 = {hops + 1}")
        if fillers < 1:
            raise ValueError(f"variable-tracking: fillers is {fillers}, but must be at least 1")
        self.chain = hops + 1  # the number of assignments, and of variables that hold the value
        self.variables = variables
        self.fillers = fillers

    @property
    def vocabulary(self) -> int:
        return WORDS + VALUES + self.variables + self.fillers

    def tokens(self, length: int) -> int:
        return length + self.chain + 3

    def shortest(self) -> int:
        return STATEMENT * self.chain

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        names = WORDS + VALUES
        haystack = torch.randint(names + self.variables, self.vocabulary, (size, length), generator=generator)
        value = torch.randint(WORDS, names, (size, 1), generator=generator)
        holders = names + _distinct(size, self.variables, self.chain, generator)
        # An item is a word of filler or a whole assignment, so any choice of items leaves room for all assignments.
        items = length - (STATEMENT - 1) * self.chain
        slots = _distinct(size, items, self.chain, generator).sort(dim=1).values
        return self.rows(haystack, slots + (STATEMENT - 1) * torch.arange(self.chain), value, holders)

    def rows(
        self,
        haystack: Int[Tensor, "batch length"],
        starts: Int[Tensor, "batch {self.chain}"],
        value: Int[Tensor, "batch 1"],
        holders: Int[Tensor, "batch {self.chain}"],
    ) -> Batch:
        """The rows of the given parts: assignments replace the filler at their places."""
        given = torch.cat((value, holders[:, :-1]), dim=1)
        statements = torch.stack((holders, torch.full_like(holders, IS), given), dim=2)
        places = starts[:, :, None] + torch.arange(STATEMENT)
        told, mark = haystack.scatter(1, places.flatten(1), statements.flatten(1)), torch.ones_like(value)
        tokens = torch.cat((mark * BOS, told, mark * SEP, value, holders), dim=1)
        targets = torch.full_like(tokens, UNSCORED)
        targets[:, -self.chain - 1 :] = torch.cat((holders, mark * EOS), dim=1)
        return Batch(tokens=tokens, targets=targets)

    def shortcuts(self, batch: Batch) -> dict[str, Int[Tensor, "batch time"]]:
        """The variable that is assigned last, at every place of the answer; EOS is always in the same place."""
        places = torch.arange(batch.tokens.shape[1]).expand_as(batch.tokens)
        last = torch.where(batch.tokens == IS, places, 0).amax(dim=1, keepdim=True)
        answers = batch.tokens.gather(1, last - 1).repeat(1, batch.tokens.shape[1])
        answers[:, -1] = EOS
        return {"variable assigned last": answers}

    def chance(self, length: int) -> dict[str, float]:
        """Guess distinct variables blindly; EOS is always in the same place."""
        return {
            "token_accuracy": (self.chain / self.variables + 1) / (self.chain + 1),
            "exact_match": 1 / math.perm(self.variables, self.chain),
        }


def _distinct(size: int, among: int, count: int, generator: torch.Generator) -> Tensor:
    """Draw `count` distinct numbers below `among` for each row, in random order."""
    return torch.rand(size, among, generator=generator).topk(count, dim=1).indices
