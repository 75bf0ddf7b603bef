"""Dyck: after every bracket, name the nesting depth.

    input    BOS  (  (  )  (  )  )  (
    target   .    1  2  1  2  1  0  1      (. is not scored)

No bracket closes what was not opened, and the depth never exceeds `depth`, so that longer rows bring no new answers.
Length is the number of brackets; a row has one more token. BOS is there to count against.
Vocabulary: 12.
Chance: 0.38 at length 40.
Source: Yao et al. 2021, https://arxiv.org/abs/2105.11115: the language Dyck-(1, depth), with one kind of bracket and
bounded depth, here in all its prefixes; naming the depth instead of the next bracket is ours.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.tasks.task import UNSCORED, Batch, Synthetic

BOS, OPEN, CLOSE, DEPTHS = 0, 1, 2, 3  # the token of a depth is DEPTHS + depth


class Dyck(Synthetic):
    """A fair coin decides between opening and closing, except at depth 0 and at the greatest depth."""

    name = "dyck"
    title = "Bracket depth (Dyck)"
    group = "string"
    definition = "after every bracket, name the nesting depth"
    source = "https://arxiv.org/abs/2105.11115"
    metric = "token_accuracy"
    nested = True

    def __init__(self, *, depth: int = 8) -> None:
        if depth < 2:
            raise ValueError(f"dyck: depth is {depth}, but must be at least 2")
        self.depth = depth

    @property
    def vocabulary(self) -> int:
        return DEPTHS + self.depth + 1

    def tokens(self, length: int) -> int:
        return length + 1

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        brackets = self._brackets(size, length, generator)
        start = brackets.new_ones(size, 1)
        return Batch(
            tokens=torch.cat((start * BOS, brackets), dim=1),
            targets=torch.cat((start * UNSCORED, self.answer(brackets)), dim=1),
        )

    def _brackets(self, size: int, length: int, generator: torch.Generator) -> Int[Tensor, "batch length"]:
        """Draw brackets whose depth is a free random walk folded into 0 .. depth, so that it reflects at both ends."""
        steps = 2 * torch.randint(2, (size, length), generator=generator) - 1
        walk = torch.cat((steps.new_zeros(size, 1), steps.cumsum(dim=1)), dim=1)
        depths = self.depth - (walk % (2 * self.depth) - self.depth).abs()
        return torch.where(depths.diff(dim=1) > 0, OPEN, CLOSE)

    def answer(self, brackets: Int[Tensor, "batch length"]) -> Int[Tensor, "batch length"]:
        """The depth after each bracket, as a token."""
        return DEPTHS + torch.where(brackets == OPEN, 1, -1).cumsum(dim=1)

    def chance(self, length: int) -> dict[str, float]:
        """Guess the likeliest depth at each place; by row, a bracket opened and closed over and over."""
        right = sum(float(depths.max()) for depths in self._likely_depths(length))
        return {"token_accuracy": right / length, "exact_match": 0.5 ** (length // 2)}

    def chance_of_rest(self, length: int, opening: int) -> float:
        """Guess the likeliest depths from there on, all of them together: the best path found so far to each depth."""
        *_, path = self._likely_depths(opening + 1)
        for _ in range(length - opening - 1):
            path = (path[:, None] * self._turns()).amax(dim=0)
        return float(path.max())

    def _likely_depths(self, length: int) -> Iterator[Float[Tensor, " depths"]]:
        """The probability of each depth, after each bracket."""
        depths = torch.eye(self.depth + 1, dtype=torch.float64)[0]
        for _ in range(length):
            depths = depths @ self._turns()
            yield depths

    def _turns(self) -> Float[Tensor, "depths depths"]:
        """The probability of each depth, by the depth one bracket before."""
        turns = torch.zeros(self.depth + 1, self.depth + 1, dtype=torch.float64)
        turns.diagonal(1).fill_(0.5)
        turns.diagonal(-1).fill_(0.5)
        turns[0, 1] = turns[-1, -2] = 1
        return turns
