"""Count a symbol: how often the last symbol of the prompt occurs before it.

    input    BOS  c  a  c  c  b  ...  c  SEP  1  2
    target   .    .  .  .  .  .  ...  .  1    2  EOS      (12 of the symbols before the last are c; . is not scored)

The number is written in decimal, most significant digit first and without leading zeros, so that counts beyond those of
training need no new tokens. Shorter numbers are padded with EOS, which is not scored.
Length is the length of the string, not counting the queried symbol; a row has length + 3 tokens plus the digits of
`length`.
Vocabulary: 23.
Chance: (2 - 1 / 2 ** length) / (length + 1).
Source: Yehudai et al. 2024, https://arxiv.org/abs/2407.15160, section 1 ("query counting").
Convention: counts range from 0 to about half the length. In uniform strings they would be near length / symbols, and
the length of the row would nearly give the answer away; near the full length there would be too few strings.
"""

from collections import defaultdict
from functools import lru_cache
from itertools import accumulate
from math import comb

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import EOS, SPECIALS, Batch, Synthetic, question

SYMBOLS = SPECIALS + 10  # the digits come first


class CountSymbol(Synthetic):
    """Each row draws the queried symbol's share, uniform from 0 to 1/2; the other symbols are uniform."""

    name = "count-symbol"
    title = "Count a symbol"
    group = "counting"
    definition = "write in digits how often a given symbol occurs in a random string"
    source = "https://arxiv.org/abs/2407.15160"
    metric = "exact_match"

    def __init__(self, *, symbols: int = 10) -> None:
        if symbols < 3:
            raise ValueError(f"count-symbol: symbols is {symbols}, but must be at least 3")
        self.symbols = symbols

    @property
    def vocabulary(self) -> int:
        return SYMBOLS + self.symbols

    def tokens(self, length: int) -> int:
        return length + 3 + len(str(length))

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        asked = torch.randint(self.symbols, (size, 1), generator=generator)
        others = (asked + torch.randint(1, self.symbols, (size, length), generator=generator)) % self.symbols
        share = torch.rand(size, 1, generator=generator) / 2
        string = torch.where(torch.rand(size, length, generator=generator) < share, asked, others)
        prompt = SYMBOLS + torch.cat((string, asked), dim=1)
        return question(prompt, self.answer(prompt))

    def answer(self, prompt: Int[Tensor, "batch prompt"]) -> Int[Tensor, "batch digits"]:
        """The digits of the count, padded with EOS."""
        return written(prompt.shape[1] - 1)[(prompt[:, :-1] == prompt[:, -1:]).sum(dim=1)]

    def chance(self, length: int) -> dict[str, float]:
        """Guess the likeliest count; by token, the likeliest continuation of the digits so far."""
        counts = likely_counts(length)
        following: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
        for count, likely in enumerate(counts):
            for place, token in enumerate([*str(count), "EOS"]):
                following[str(count)[:place]][token] += likely
        right = sum(max(tokens.values()) for tokens in following.values())
        scored = sum(sum(tokens.values()) for tokens in following.values())
        return {"token_accuracy": right / scored, "exact_match": max(counts)}


@lru_cache(maxsize=64)  # training draws the same lengths again and again
def written(longest: int) -> Int[Tensor, "count digits"]:
    """The digits of each count from 0 to `longest`, padded with EOS to the same width."""
    counts = torch.arange(longest + 1)[:, None]
    columns = torch.arange(len(str(longest)))
    powers = 10 ** columns.flip(0)
    leading = len(columns) - (counts >= powers).sum(dim=1, keepdim=True).clamp(min=1)
    place = columns + leading
    digits = (SPECIALS + counts // powers % 10).gather(1, place.clamp(max=len(columns) - 1))
    return digits.where(place < len(columns), EOS)


def likely_counts(length: int) -> list[float]:
    """The probability of each count from 0 to length, if all symbols count with one probability, uniform up to 1/2.

    The integral of the binomial probability is a tail of another: 2 / (n + 1) * P(more than `count` of n + 1 coins).
    """
    coins = length + 1
    tails = list(accumulate(comb(coins, heads) for heads in range(coins, 0, -1)))
    return [tail / (coins << length) for tail in reversed(tails)]
