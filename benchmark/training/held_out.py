"""Test problems of the trained length, kept out of training.

A task draws training and test problems independently. Where it has few problems, some would be met in both: such rows
of a training batch are not scored. Longer test problems need no such care, as no training row is as long; where no
problem is met twice, nothing changes.
"""

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED, Batch, Task


class HeldOut:
    """The test problems of one length, by a 64-bit hash of their tokens."""

    def __init__(self, task: Task, length: int) -> None:
        rows = [] if task.exhaustive else [batch.tokens for batch in task.evaluation(length)]
        self.width = max((tokens.shape[1] for tokens in rows), default=0)
        span = torch.iinfo(torch.int64)
        self.factors = torch.randint(span.min, span.max, (self.width,), generator=generator("held out"))
        self.hashes = torch.cat([self._hash(tokens) for tokens in rows]) if rows else torch.empty(0, dtype=torch.int64)

    def met(self, tokens: Int[Tensor, "batch time"]) -> Bool[Tensor, " batch"]:
        """Which rows are test problems."""
        if tokens.shape[1] != self.width:
            return torch.zeros(len(tokens), dtype=torch.bool)
        return torch.isin(self._hash(tokens), self.hashes)

    def out_of(self, batch: Batch) -> Batch:
        """The batch, none of whose test problems is scored."""
        met = self.met(batch.tokens)
        if not met.any():
            return batch
        return Batch(tokens=batch.tokens, targets=batch.targets.masked_fill(met[:, None], UNSCORED))

    def _hash(self, tokens: Int[Tensor, "batch width"]) -> Int[Tensor, " batch"]:
        """A random linear form modulo 2 ** 64."""
        return (tokens * self.factors).sum(dim=1)
