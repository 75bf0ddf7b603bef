"""Variable tracking: chains of assignments, mixed together amid filler; name all variables that hold one value.

    input    BOS  x  =  7  _  u  =  3  y  =  x  _  v  =  u  SEP  7  x  y
    target   .    .  .  .  .  .  .  .  .  .  .  .  .  .  .  .    x  y  EOS      (one hop; _ is filler, . is not scored)

Each chain starts with a value of its own. A variable is assigned after the one it gets the value from; apart from that,
assignments stand in any order, anywhere in the filler. The answer follows the order of the chain.
Length is the number of tokens between BOS and SEP; a row has length + hops + 4 tokens. Where the assignments stand is
read from the row: the places of =.
Vocabulary: 56.
Chance: (1 / 2 + 1) / 6.
Source: Hsieh et al. 2024 (RULER), https://arxiv.org/abs/2404.06654, section 3.2, chains of 4 hops: the first variable
gets the value, and 4 more each get it from the previous one; the first of the chains is asked for.
Convention: each word is one token; the variables of a row are distinct, and the filler is random words of its own.
RULER writes one chain unless told otherwise, and to name all variables in the order of assignment is then always right.
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
    """Values, variables, places and filler are uniform."""

    name = "variable-tracking"
    title = "Variable tracking"
    group = "recall"
    definition = "values are passed from variable to variable in several chains; name all variables that hold one value"
    source = "https://arxiv.org/abs/2404.06654"
    metric = "token_accuracy"
    version = 2  # 2: two chains instead of one, so that the order of assignment does not give the answer

    def __init__(self, *, chains: int = 2, hops: int = 4, variables: int = 26, fillers: int = 16) -> None:
        if not 1 <= chains <= VALUES:
            raise ValueError(f"variable-tracking: chains is {chains}, but must be from 1 to {VALUES}")
        if hops < 0:
            raise ValueError(f"variable-tracking: hops is {hops}, but must be at least 0")
        if variables < chains * (hops + 1):
            least = f"chains * (hops + 1) = {chains * (hops + 1)}"
            raise ValueError(f"variable-tracking: variables is {variables}, but must be at least {least}")
        if fillers < 1:
            raise ValueError(f"variable-tracking: fillers is {fillers}, but must be at least 1")
        self.chains = chains
        self.chain = hops + 1  # the number of assignments in a chain, and of variables that hold its value
        self.assigned = chains * self.chain
        self.variables = variables
        self.fillers = fillers

    @property
    def vocabulary(self) -> int:
        return WORDS + VALUES + self.variables + self.fillers

    def tokens(self, length: int) -> int:
        return length + self.chain + 3

    def shortest(self) -> int:
        return STATEMENT * self.assigned

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        names = WORDS + VALUES
        haystack = torch.randint(names + self.variables, self.vocabulary, (size, length), generator=generator)
        values = WORDS + _distinct(size, VALUES, self.chains, generator)
        holders = names + _distinct(size, self.variables, self.assigned, generator)
        # An item is a word of filler or a whole assignment, so any choice of items leaves room for all assignments.
        items = length - (STATEMENT - 1) * self.assigned
        slots = _distinct(size, items, self.assigned, generator)
        before = slots.argsort(dim=1).argsort(dim=1)  # assignments to the left
        chains = (size, self.chains, self.chain)
        starts = (slots + (STATEMENT - 1) * before).view(chains).sort(dim=2).values
        return self.rows(haystack, starts, values, holders.view(chains))

    def rows(
        self,
        haystack: Int[Tensor, "batch length"],
        starts: Int[Tensor, "batch {self.chains} {self.chain}"],
        values: Int[Tensor, "batch {self.chains}"],
        holders: Int[Tensor, "batch {self.chains} {self.chain}"],
    ) -> Batch:
        """The rows of the given parts, each asking for the first chain: assignments replace filler at their places."""
        given = torch.cat((values[:, :, None], holders[:, :, :-1]), dim=2)
        statements = torch.stack((holders, torch.full_like(holders, IS), given), dim=3)
        places = starts[:, :, :, None] + torch.arange(STATEMENT)
        told = haystack.scatter(1, places.flatten(1), statements.flatten(1))
        value, answer = values[:, :1], holders[:, 0]
        mark = torch.ones_like(value)
        tokens = torch.cat((mark * BOS, told, mark * SEP, value, answer), dim=1)
        targets = torch.full_like(tokens, UNSCORED)
        targets[:, -self.chain - 1 :] = torch.cat((answer, mark * EOS), dim=1)
        return Batch(tokens=tokens, targets=targets)

    def shortcuts(self, batch: Batch) -> dict[str, Int[Tensor, "batch time"]]:
        """Two rules that follow no assignment; EOS is always in the same place.

        In order of assignment: the variable that is given the value, then whichever is assigned next after the one just
        named.
        """
        _, equals = (batch.tokens == IS).nonzero(as_tuple=True)
        equals = equals.view(-1, self.assigned)
        assigned, given = batch.tokens.gather(1, equals - 1), batch.tokens.gather(1, equals + 1)
        after = batch.tokens.new_zeros(len(equals), self.vocabulary)
        after.scatter_(1, given, assigned).scatter_(1, assigned[:, :-1], assigned[:, 1:])
        rules = {
            "variables in order of assignment": after.gather(1, batch.tokens),
            "variable assigned last": assigned[:, -1:].repeat(1, batch.tokens.shape[1]),
        }
        for answers in rules.values():
            answers[:, -1] = EOS
        return rules

    def chance(self, length: int) -> dict[str, float]:
        """Guess distinct variables of those that the row assigns; EOS is always in the same place."""
        return {
            "token_accuracy": (1 / self.chains + 1) / (self.chain + 1),
            "exact_match": 1 / math.perm(self.assigned, self.chain),
        }


def _distinct(size: int, among: int, count: int, generator: torch.Generator) -> Tensor:
    """Draw `count` distinct numbers below `among` for each row, in random order."""
    return torch.rand(size, among, generator=generator).topk(count, dim=1).indices
