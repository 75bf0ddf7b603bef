"""Count a symbol: how often the last symbol of the prompt occurs before it.

    input    BOS  c  a  c  c  b  ...  c  SEP  1  2
    target   .    .  .  .  .  .  ...  .  1    2  EOS      (12 of the symbols before the last are c; . is not scored)

The number is written in decimal, most significant digit first and without leading zeros, so that counts beyond those of
training need no new tokens. Shorter numbers are padded with EOS, which is not scored.
Length is the length of the string, not counting the queried symbol; a row has length + 3 tokens plus the digits of
`length`.
Vocabulary: 23.
Chance: 0.13 at length 10, 0.042 at length 40.
Source: Yehudai et al. 2024, https://arxiv.org/abs/2407.15160, section 1 ("query counting").
Convention: counts range from 0 to about half the length. In uniform strings they would be near length / symbols, and
the length of the row would nearly give the answer away; near the full length there would be too few strings.
"""

from collections import defaultdict
from functools import lru_cache

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import EOS, SPECIALS, Batch, Synthetic, question

SYMBOLS = SPECIALS + 10  # the digits come first


class CountSymbol(Synthetic):
    """Each row draws the queried symbol's share, uniform from 0 to 1/2; the other symbols are uniform.

    Test rows hold the counts up to about half the length equally often. Counts beyond are too rare for that, and occur
    as often as they are drawn.
    """

    name = "count-symbol"
    title = "Count a symbol"
    group = "counting"
    definition = "write in digits how often a given symbol occurs in a random string"
    source = "https://arxiv.org/abs/2407.15160"
    metric = "exact_match"
    version = 2  # 2: test rows are balanced over answers, and more
    balanced = True

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
        """Guess the most frequent count of the test rows; by token, the most frequent continuation of the digits."""
        counts = self.shares(length)
        following: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
        for count, likely in enumerate(counts):
            for place, token in enumerate([*str(count), "EOS"]):
                following[str(count)[:place]][token] += likely
        right = sum(max(tokens.values()) for tokens in following.values())
        scored = sum(sum(tokens.values()) for tokens in following.values())
        return {"token_accuracy": right / scored, "exact_match": max(counts)}

    def shares(self, length: int) -> list[float]:
        """The share of each count, from 0 up, in the test rows."""
        prompts = torch.cat([batch.tokens[:, 1 : length + 2] for batch in self.evaluation(length)])
        found = (prompts[:, :-1] == prompts[:, -1:]).sum(dim=1)
        return (torch.bincount(found) / len(found)).tolist()


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
