"""Holding test problems out of training.

A task draws training and test problems independently, so a task with few problems would draw some for both. Rows of a
training batch that are test problems are not scored. Only the test problems of the trained length and of its views,
which may hold shorter rows, are looked for: no training row is as long as the others. Where training and test do not
overlap, nothing changes.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from benchmark.tasks.task import UNSCORED, Batch, Task, row_hashes


def problems_of(task: Task, length: int) -> Iterator[Batch]:
    """All test problems of a trained length: those of the evaluation and of its views."""
    yield from task.evaluation(length)
    for batches in task.views(length, length).values():
        yield from batches


class HeldOut:
    """The test problems of one length, each stored as a 64-bit hash of its tokens."""

    def __init__(self, task: Task, length: int) -> None:
        rows: defaultdict[int, list[Tensor]] = defaultdict(list)
        for batch in () if task.exhaustive else problems_of(task, length):
            if len(batch.tokens):
                rows[batch.tokens.shape[1]].append(batch.tokens)
        self.hashes = {width: row_hashes(torch.cat(tokens)).sort().values for width, tokens in rows.items()}

    def met(self, tokens: Int[Tensor, "batch time"]) -> Bool[Tensor, " batch"]:
        """True for rows that are test problems."""
        hashes = self.hashes.get(tokens.shape[1])
        if hashes is None:
            return torch.zeros(len(tokens), dtype=torch.bool)
        own = row_hashes(tokens)
        return hashes[torch.searchsorted(hashes, own).clamp_(max=len(hashes) - 1)] == own

    def out_of(self, batches: Sequence[Batch]) -> list[Batch]:
        """The batches with their test problems unscored; batches of one width are searched together."""
        kept = list(batches)
        numbers: defaultdict[int, list[int]] = defaultdict(list)
        for number, batch in enumerate(batches):
            numbers[batch.tokens.shape[1]].append(number)
        for width in numbers.keys() & self.hashes.keys():
            alike = [batches[number] for number in numbers[width]]
            met = self.met(torch.cat([batch.tokens for batch in alike]))
            if met.any():
                parts = torch.split(met, [len(batch.tokens) for batch in alike])
                for number, batch, part in zip(numbers[width], alike, parts, strict=True):
                    targets = batch.targets.masked_fill(part[:, None], UNSCORED)
                    kept[number] = Batch(tokens=batch.tokens, targets=targets)
        return kept
