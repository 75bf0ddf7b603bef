"""Recall of the latest: keys are written with values, then some again with other values; the latest value counts.

    input    A  4  C  3  A  7  A  5  _  C  _  A        (_ is filler; keys are letters, values digits)
    target   .  .  .  .  .  .  .  .  .  3  .  5        (. is not scored)

Multi-query associative recall in which content alone does not decide: among the places of a key, the order must be
known. Each key is written at least once, and `writes` times on average, in random order.
Length is the number of tokens, half of which are writes: a quarter as many pairs, `writes` per key (for at least one
key, at most `keys`). How far back an answer stands (the lag) is read from the row: the place of a question minus the
key's last place before it.
Vocabulary: 129.
Chance: 0.26 at length 20, 0.065 at length 80.
Source: this benchmark, after Arora et al. 2023, https://arxiv.org/abs/2312.04927, section 3 and appendix: distinct
questions, at gaps drawn in proportion to gap ** (POWER - 1).
"""

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import LAG, UNSCORED, Batch, Ranges, Synthetic, first_places, lags, octave, octaves

FILLER = 0
POWER = 0.01


class RecallLatest(Synthetic):
    """Every key of a row is asked for once; the choice of keys and all values are uniform."""

    name = "recall-latest"
    title = "Recall of the latest value"
    group = "recall"
    definition = "keys are written with values, some again; later each key is asked for, and its latest value counts"
    source = "https://arxiv.org/abs/2312.04927"
    metric = "token_accuracy"
    version = 2  # 2: keys are drawn differently, from the same distribution

    def __init__(self, *, keys: int = 64, values: int = 64, writes: int = 2) -> None:
        for parameter, value, least in (("keys", keys, 1), ("values", values, 2), ("writes", writes, 1)):
            if value < least:
                raise ValueError(f"recall-latest: {parameter} is {value}, but must be at least {least}")
        self.keys = keys
        self.values = values
        self.writes = writes

    @property
    def vocabulary(self) -> int:
        return 1 + self.keys + self.values

    def tokens(self, length: int) -> int:
        return length

    def shortest(self) -> int:
        return 2 * self.writes + 1

    def asked(self, length: int) -> int:
        """The number of keys in a row of this length, each of which is asked for."""
        return max(1, min(self.keys, length // (4 * self.writes)))

    def pairs(self, length: int) -> int:
        """The number of pairs written in a row of this length."""
        return self.writes * self.asked(length)

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        asked, pairs = self.asked(length), self.pairs(length)
        keys = 1 + torch.rand(size, self.keys, generator=generator).topk(asked).indices
        again = torch.randint(asked, (size, pairs - asked), generator=generator)
        which = torch.cat((torch.arange(asked).expand(size, -1), again), dim=1)
        which = which.gather(1, torch.rand(size, pairs, generator=generator).argsort(dim=1))
        values = 1 + self.keys + torch.randint(self.values, (size, pairs), generator=generator)
        gaps = torch.arange(1, length - 2 * pairs + 1, dtype=torch.float64) ** (POWER - 1)
        places = 2 * pairs + torch.multinomial(gaps.expand(size, -1), asked, generator=generator)
        return self.rows(keys, which, values, places, length)

    def rows(
        self,
        keys: Int[Tensor, "batch asked"],
        which: Int[Tensor, "batch pair"],
        values: Int[Tensor, "batch pair"],
        places: Int[Tensor, "batch asked"],
        length: int,
    ) -> Batch:
        """The rows of the given parts: which of the keys each pair writes, and where each key is asked for."""
        size, pairs = which.shape
        order = torch.arange(pairs).expand(size, -1)
        latest = torch.zeros_like(keys).scatter_reduce(1, which, order, "amax")
        tokens = torch.full((size, length), FILLER)
        tokens[:, 0 : 2 * pairs : 2] = keys.gather(1, which)
        tokens[:, 1 : 2 * pairs : 2] = values
        tokens.scatter_(1, places, keys)
        targets = torch.full_like(tokens, UNSCORED).scatter(1, places, values.gather(1, latest))
        return Batch(tokens=tokens, targets=targets)

    def axes(self, length: int) -> dict[str, Ranges]:
        return {LAG: octaves(length)}

    def groups(self, batch: Batch, length: int) -> Int[Tensor, "batch time"]:
        """By lag: how far before a question its key was last written."""
        return octave(lags(batch.tokens))

    def shortcuts(self, batch: Batch) -> dict[str, Int[Tensor, "batch time"]]:
        """The value that stands after a key's first occurrence."""
        return {"first value of the key": batch.tokens.roll(-1, dims=1).gather(1, first_places(batch.tokens))}

    def chance(self, length: int) -> dict[str, float]:
        """Guess the value of one of the row's pairs blindly; two pairs may share a value."""
        pairs = self.pairs(length)
        guess = 1 / pairs + (1 - 1 / pairs) / self.values
        return {"token_accuracy": guess, "exact_match": guess ** self.asked(length)}
