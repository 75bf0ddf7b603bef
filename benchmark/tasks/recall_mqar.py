"""Multi-query associative recall: key-value pairs come first; later, each key is asked for once.

    input    A  4  C  3  _  A  _  C        (_ is filler; keys are letters, values digits)
    target   .  .  .  .  .  4  .  3        (. is not scored)

Where a key is asked for varies: the gap to its pair follows a power law. It isolates recall by content.
Length is the number of tokens; an eighth as many pairs are shown (at least one, at most `keys`). How far back an answer
stands (the lag) is read from the row: the place of a question minus the other place of its key.
Vocabulary: 129.
Chance: 0.26 at length 32, 0.077 at length 128.
Source: Arora et al. 2023, https://arxiv.org/abs/2312.04927, section 3 and appendix; keys from the lower half of the
vocabulary, values from the upper, gaps drawn in proportion to gap ** (power - 1), power = .01.
"""

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import LAG, UNSCORED, Batch, Ranges, Synthetic, lags, octave, octaves

FILLER = 0
FEWEST = 32  # test rows, at any length
QUESTIONS = 2048  # asked by all test rows together, if 128 rows suffice


class RecallMqar(Synthetic):
    """Keys are distinct within a row; values are not."""

    name = "recall-mqar"
    title = "Multi-query associative recall"
    group = "recall"
    definition = "key-value pairs come first; later, each key is asked for and its value must be named"
    source = "https://arxiv.org/abs/2312.04927"
    metric = "token_accuracy"
    version = 2  # 2: fewer test rows at long lengths

    def __init__(self, *, keys: int = 64, values: int = 64, power: float = 0.01) -> None:
        if keys < 1 or values < 2:
            raise ValueError(f"recall-mqar: keys is {keys} and values is {values}, but must be at least 1 and 2")
        if not 0 < power <= 1:
            raise ValueError(f"recall-mqar: power is {power}, but must be above 0 and at most 1")
        self.keys = keys
        self.values = values
        self.power = power

    @property
    def vocabulary(self) -> int:
        return 1 + self.keys + self.values

    def tokens(self, length: int) -> int:
        return length

    def shortest(self) -> int:
        return 3

    def pairs(self, length: int) -> int:
        """The number of pairs shown in a row of this length."""
        return max(1, min(self.keys, length // 8))

    def test_rows(self, length: int) -> int:
        """As many as ask about 2,048 questions, from 32 to 128: at length 32 they ask 512."""
        return min(self.problems, max(FEWEST, QUESTIONS // self.pairs(length)))

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        pairs = self.pairs(length)
        room = length - 2 * pairs  # places where keys can be asked for
        keys = 1 + torch.rand(size, self.keys, generator=generator).topk(pairs).indices
        values = 1 + self.keys + torch.randint(self.values, (size, pairs), generator=generator)
        places = 2 * pairs + self._places(size, room, pairs, generator)
        tokens = torch.full((size, length), FILLER)
        tokens[:, 0 : 2 * pairs : 2] = keys
        tokens[:, 1 : 2 * pairs : 2] = values
        tokens.scatter_(1, places, keys)
        targets = torch.full_like(tokens, UNSCORED).scatter_(1, places, values)
        return Batch(tokens=tokens, targets=targets)

    def _places(self, size: int, room: int, pairs: int, generator: torch.Generator) -> torch.Tensor:
        """Draw a distinct place for every pair's question, [size, pairs]; by the power law, near ones are likelier.

        Sampling without replacement by weights w, as an exponential race: the place with the greatest log(u) / w wins.
        """
        slowness = torch.arange(1, room + 1, dtype=torch.float32) ** (1 - self.power)
        return (torch.rand(size, room, generator=generator).log_() * slowness).topk(pairs).indices

    def axes(self, length: int) -> dict[str, Ranges]:
        return {LAG: octaves(length)}

    def groups(self, batch: Batch, length: int) -> Int[Tensor, "batch time"]:
        """By lag: how far before a question its key was shown."""
        return octave(lags(batch.tokens))

    def chance(self, length: int) -> dict[str, float]:
        """Guess the value of one of the row's pairs blindly; two pairs may share a value."""
        pairs = self.pairs(length)
        guess = 1 / pairs + (1 - 1 / pairs) / self.values
        return {"token_accuracy": guess, "exact_match": guess**pairs}
