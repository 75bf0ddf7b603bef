"""Needle in a haystack: a key and its value are hidden once in filler; at the end, the key asks for its value.

    input    BOS  _  _  K  7  2  _  _  _  SEP  K  7  2
    target   .    .  .  .  .  .  .  .  .  .    7  2  EOS      (_ is filler, . is not scored)

Length is the number of tokens between BOS and SEP, including the needle; a row has length + figures + 3 tokens. In
training, the needle can be anywhere. The test covers all depths evenly: of N test rows, row r (counted from 0) has its
needle at depth (r + 1/2) / N, where 0 is the first place where it can start and 1 the end of the last. Scores are
broken down by depth in tenths: place s of S, counted from 0, is at depth (s + 1/2) / S.
Vocabulary: 45.
Chance: 1 / 10 ** 4.
Source: Hsieh et al. 2024 (RULER), https://arxiv.org/abs/2404.06654, section 3.1, the single needle (passkey).
Convention: each word is one token: the key is one of `keys`, the value `figures` digits, and the filler random words of
its own.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.seeds import generator
from benchmark.tasks.task import BOS, EOS, SEP, SPECIALS, UNSCORED, Batch, Ranges, Synthetic

DEPTHS = 10  # ranges of depth that are scored separately
BASE = 10  # tokens from SPECIALS on: the digits, then the keys, then filler


class Needle(Synthetic):
    """Digits, key and filler are uniform."""

    name = "needle"
    title = "Needle in a haystack"
    group = "recall"
    definition = (
        "a key and its value are hidden once in filler; at the end, the key is given and its value must be named"
    )
    source = "https://arxiv.org/abs/2404.06654"
    metric = "exact_match"

    def __init__(self, *, figures: int = 4, keys: int = 16, fillers: int = 16) -> None:
        for parameter, value in (("figures", figures), ("keys", keys), ("fillers", fillers)):
            if value < 1:
                raise ValueError(f"needle: {parameter} is {value}, but must be at least 1")
        self.figures = figures
        self.keys = keys
        self.fillers = fillers

    @property
    def vocabulary(self) -> int:
        return SPECIALS + BASE + self.keys + self.fillers

    def tokens(self, length: int) -> int:
        return length + self.figures + 3

    def shortest(self) -> int:
        return self.figures + 1

    def starts(self, length: int) -> int:
        """The number of places where the needle can start."""
        return length - self.figures

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        return self._hide(torch.randint(self.starts(length), (size,), generator=generator), length, generator)

    def evaluation(self, length: int) -> Iterator[Batch]:
        """As for every synthetic task, except that row r has its needle at depth (r + 1/2) / problems."""
        draws = generator(self.name, "evaluation", length)
        size = max(1, min(self.problems, self.batch_tokens // self.tokens(length)))
        starts = (2 * torch.arange(self.problems) + 1) * self.starts(length) // (2 * self.problems)
        for some in torch.split(starts, size):
            yield self._hide(some, length, draws)

    def _hide(self, starts: Int[Tensor, " batch"], length: int, generator: torch.Generator) -> Batch:
        size, keys = len(starts), SPECIALS + BASE
        haystack = torch.randint(keys + self.keys, self.vocabulary, (size, length), generator=generator)
        key = torch.randint(keys, keys + self.keys, (size, 1), generator=generator)
        value = torch.randint(SPECIALS, keys, (size, self.figures), generator=generator)
        return self.rows(haystack, starts, key, value)

    def rows(
        self,
        haystack: Int[Tensor, "batch length"],
        starts: Int[Tensor, " batch"],
        key: Int[Tensor, "batch 1"],
        value: Int[Tensor, "batch {self.figures}"],
    ) -> Batch:
        """The rows of the given parts: the needle replaces the filler at its place."""
        needle, mark = torch.cat((key, value), dim=1), torch.ones_like(key)
        hidden = haystack.scatter(1, starts[:, None] + torch.arange(needle.shape[1]), needle)
        tokens = torch.cat((mark * BOS, hidden, mark * SEP, needle), dim=1)
        targets = torch.full_like(tokens, UNSCORED)
        targets[:, -needle.shape[1] :] = torch.cat((value, mark * EOS), dim=1)
        return Batch(tokens=tokens, targets=targets)

    def axes(self, length: int) -> dict[str, Ranges]:
        return {"depth (%)": tuple((tenth * 100 // DEPTHS, (tenth + 1) * 100 // DEPTHS) for tenth in range(DEPTHS))}

    def groups(self, batch: Batch, length: int) -> Int[Tensor, "batch time"]:
        """By depth, which is the same at every place of a row."""
        keys = (batch.tokens >= SPECIALS + BASE) & (batch.tokens < SPECIALS + BASE + self.keys)
        start = keys.long().argmax(dim=1, keepdim=True) - 1
        return ((2 * start + 1) * DEPTHS // (2 * self.starts(length))).expand_as(batch.tokens)

    def chance(self, length: int) -> dict[str, float]:
        """One in ten for each digit; EOS is always in the same place."""
        guess = 1 / BASE
        return {
            "token_accuracy": (self.figures * guess + 1) / (self.figures + 1),
            "exact_match": guess**self.figures,
        }
