"""Multi-query associative recall: key-value pairs come first; later, each key is asked for once.

    input    A  4  C  3  _  A  _  C        (_ is filler; keys are letters, values digits)
    target   .  .  .  .  .  4  .  3        (. is not scored)

Where a key is asked for varies: the gap to its pair follows a power law. It isolates recall by content. Every row shows
`pairs` pairs, so a longer row puts answers farther back but holds no more of them. With pairs=0 it shows one pair per
eight tokens (at least one, at most `keys`), and length and load grow together.
Length is the number of tokens. How far back an answer stands (the lag) is read from the row: the place of a question
minus that of its key among the pairs.
Vocabulary: 129.
Chance: 1 / 4 + 3 / 4 / 64.
Source: Arora et al. 2023, https://arxiv.org/abs/2312.04927, section 3 and appendix; keys from the lower half of the
vocabulary, values from the upper, gaps drawn in proportion to gap ** (power - 1), power = .01.
Convention: in three ways rows differ from those of the authors' code, https://github.com/HazyResearch/zoology. Here,
values are drawn with replacement; all other places hold one filler token; and questions can stand at any place after
the pairs. There, the values of a row are distinct; all other places hold random tokens of the whole vocabulary, keys
and values included; and questions stand only at every second place. `zoology=true` does all three as they do, and
`keys=4095:values=4096:pairs=8` adds their vocabulary.
"""

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import LAG, UNSCORED, Batch, Ranges, Synthetic, octave, octaves

FILLER = 0
FEWEST = 32  # test rows, at any length
QUESTIONS = 1024  # asked by all test rows together, if these have no more than TOKENS
TOKENS = 65536
PER_PAIR = 8  # tokens, where the number of pairs grows with the length


class RecallMqar(Synthetic):
    """Keys are distinct within a row; values need not be, except with `zoology`."""

    name = "recall-mqar"
    title = "Multi-query associative recall"
    group = "recall"
    definition = "key-value pairs come first; later, each key is asked for and its value must be named"
    source = "https://arxiv.org/abs/2312.04927"
    metric = "token_accuracy"
    version = 3  # 2: fewer test rows at long lengths; 3: as many pairs in long rows as in short ones

    def __init__(
        self, *, pairs: int = 4, keys: int = 64, values: int = 64, power: float = 0.01, zoology: bool = False
    ) -> None:
        if keys < 1 or values < 2:
            raise ValueError(f"recall-mqar: keys is {keys} and values is {values}, but must be at least 1 and 2")
        most = min(keys, values) if zoology else keys
        if not 0 <= pairs <= most:
            raise ValueError(f"recall-mqar: pairs is {pairs}, but must be from 0 (grows with the length) to {most}")
        if not 0 < power <= 1:
            raise ValueError(f"recall-mqar: power is {power}, but must be above 0 and at most 1")
        self.pairs = pairs
        self.most = most
        self.keys = keys
        self.values = values
        self.power = power
        self.zoology = zoology
        self.stride = 2 if zoology else 1  # questions stand at every place, or at every second one

    @property
    def vocabulary(self) -> int:
        return 1 + self.keys + self.values

    def tokens(self, length: int) -> int:
        return length

    def shortest(self) -> int:
        """As many tokens as the pairs and their questions take."""
        return (2 + self.stride) * max(1, self.pairs)

    def shown(self, length: int) -> int:
        """The number of pairs shown in a row of this length."""
        return self.pairs or max(1, min(self.most, length // PER_PAIR))

    def test_rows(self, length: int) -> int:
        """As many as ask about 1,024 questions, 512 of them at length 512; at least 32."""
        return max(FEWEST, min(QUESTIONS // self.shown(length), TOKENS // length))

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        pairs = self.shown(length)
        keys = 1 + torch.rand(size, self.keys, generator=generator).topk(pairs).indices
        values = 1 + self.keys + self._values(size, pairs, generator)
        places = 2 * pairs + self.stride * self._gaps(size, (length - 2 * pairs) // self.stride, pairs, generator)
        if self.zoology:
            tokens = torch.randint(self.vocabulary, (size, length), generator=generator)
        else:
            tokens = torch.full((size, length), FILLER)
        tokens[:, 0 : 2 * pairs : 2] = keys
        tokens[:, 1 : 2 * pairs : 2] = values
        tokens.scatter_(1, places, keys)
        targets = torch.full_like(tokens, UNSCORED).scatter_(1, places, values)
        return Batch(tokens=tokens, targets=targets)

    def _values(self, size: int, pairs: int, generator: torch.Generator) -> Int[Tensor, "{size} {pairs}"]:
        if self.zoology:
            return torch.rand(size, self.values, generator=generator).topk(pairs).indices
        return torch.randint(self.values, (size, pairs), generator=generator)

    def _gaps(self, size: int, room: int, pairs: int, generator: torch.Generator) -> Int[Tensor, "{size} {pairs}"]:
        """Draw a distinct gap, from 0 up, for every pair's question; by the power law, small ones are likelier.

        Sampling without replacement by weights w, as an exponential race: the place with the greatest log(u) / w wins.
        """
        slowness = torch.arange(1, room + 1, dtype=torch.float32) ** (1 - self.power)
        return (torch.rand(size, room, generator=generator).log_() * slowness).topk(pairs).indices

    def shortcuts(self, batch: Batch) -> dict[str, Int[Tensor, "batch time"]]:
        """Any value that the row shows is as good as any other to a model that cannot match keys."""
        last = 2 * self.shown(batch.tokens.shape[1]) - 1
        return {"last value shown": batch.tokens[:, last : last + 1].expand_as(batch.tokens)}

    def axes(self, length: int) -> dict[str, Ranges]:
        return {LAG: octaves(length)}

    def groups(self, batch: Batch, length: int) -> Int[Tensor, "batch time"]:
        """By lag: how far before a question its key was shown."""
        keys = batch.tokens[:, 0 : 2 * self.shown(length) : 2]
        shown_at = 2 * (batch.tokens[:, :, None] == keys[:, None]).long().argmax(dim=2)
        return octave(torch.arange(length) - shown_at)

    def chance(self, length: int) -> dict[str, float]:
        """Guess the value of one of the row's pairs blindly; two pairs may share a value, except with `zoology`."""
        pairs = self.shown(length)
        alike = 0 if self.zoology else 1 / self.values
        guess = 1 / pairs + (1 - 1 / pairs) * alike
        return {"token_accuracy": guess, "exact_match": guess**pairs}
