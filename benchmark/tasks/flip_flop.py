"""Flip-flop: bits are written, ignored and read; each read returns the bit last written.

    input    w  1  i  0  i  0  r  1  w  0  r
    target   .  .  .  .  .  .  1  .  .  .  0        (. is not scored)

The bits after i are random, so attention that strays even a little is caught. The rarer writes and reads are, the
farther back the answer stands.
Length is the number of instructions; a row has 2 * length - 1 tokens. How far back an answer stands is read from the
row: the place of a read minus that of the last w before it.
Vocabulary: 5.
Chance: 1 / 2.
Source: Liu et al. 2023, https://arxiv.org/abs/2306.00946, section 3, FFL(ignore): an instruction is i with probability
`ignore`, otherwise w or r with equal probability; the first is always w and the last r; bits are uniform.
Convention: only reads are scored. The default, .8, is what the paper trains on; its sparse set is ignore=0.98 and its
dense one ignore=0.1. Unlike in the paper, a model is tested at the share that it was trained on.
"""

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from benchmark.tasks.task import LAG, UNSCORED, Batch, Ranges, Synthetic, octave, octaves

WRITE, IGNORE, READ, VOCABULARY = 2, 3, 4, 5  # the bits are the tokens 0 and 1


class FlipFlop(Synthetic):
    """`ignore` is the share of instructions to be ignored."""

    name = "flip-flop"
    title = "Flip-flop"
    group = "recall"
    definition = "bits are written, ignored and read; at each read, name the bit last written"
    source = "https://arxiv.org/abs/2306.00946"
    metric = "token_accuracy"
    version = 2  # 2: more test rows
    nested = True

    def __init__(self, *, ignore: float = 0.8) -> None:
        if not 0 <= ignore <= 1:
            raise ValueError(f"flip-flop: ignore is {ignore}, but must be between 0 and 1")
        self.ignore = ignore

    @property
    def vocabulary(self) -> int:
        return VOCABULARY

    def tokens(self, length: int) -> int:
        return 2 * length - 1

    def shortest(self) -> int:
        return 2

    def test_rows(self, length: int) -> int:
        """A short row has few reads."""
        return self.many_rows(length)

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        draw = torch.rand(size, length, generator=generator)
        write = (draw >= self.ignore) & (draw < (1 + self.ignore) / 2)
        instructions = torch.where(draw < self.ignore, IGNORE, torch.where(write, WRITE, READ))
        instructions[:, 0], instructions[:, -1] = WRITE, READ
        return self.rows(instructions, torch.randint(2, (size, length), generator=generator))

    def rows(self, instructions: Int[Tensor, "batch length"], bits: Int[Tensor, "batch length"]) -> Batch:
        """The rows of the given instructions, with the given bits except where a read decides them."""
        reads = instructions == READ
        said = torch.where(reads, self.written(instructions == WRITE, bits), bits)
        tokens = torch.stack((instructions, said), dim=2).flatten(1)[:, :-1]
        targets = torch.full_like(tokens, UNSCORED)
        targets[:, ::2] = torch.where(reads, said, UNSCORED)
        return Batch(tokens=tokens, targets=targets)

    def written(
        self, writes: Bool[Tensor, "batch length"], bits: Int[Tensor, "batch length"]
    ) -> Int[Tensor, "batch length"]:
        """The bit of the last write, at every instruction."""
        places = torch.arange(writes.shape[1]).expand_as(bits)
        return bits.gather(1, torch.where(writes, places, 0).cummax(dim=1).values)

    def axes(self, length: int) -> dict[str, Ranges]:
        return {LAG: octaves(self.tokens(length))}

    def groups(self, batch: Batch, length: int) -> Int[Tensor, "batch time"]:
        """By lag: how far before a read the last w stands."""
        places = torch.arange(batch.tokens.shape[1]).expand_as(batch.tokens)
        return octave(places - torch.where(batch.tokens == WRITE, places, 0).cummax(dim=1).values)

    def shortcuts(self, batch: Batch) -> dict[str, Int[Tensor, "batch time"]]:
        """The bit before a read, written or not."""
        return {"bit just before": batch.tokens.roll(1, dims=1)}

    def chance(self, length: int) -> dict[str, float]:
        """Toss a coin for each written bit: all answers are right if each bit that is read was guessed, once."""
        other = (1 - self.ignore) / 2  # the share of writes, and of reads
        unread, read = 1.0, 0.0  # P(the last bit written is unread) and P(it was read), all guesses right so far
        for _ in range(length - 2):
            unread, read = (
                (1 - other) * unread + other * read,  # a write, or ignored: the last bit is not yet read
                other / 2 * unread + (1 - other) * read,
            )
        return {"token_accuracy": 0.5, "exact_match": unread / 2 + read}

    def chance_of_rest(self, length: int, opening: int) -> float:
        """That of a row which begins with the opening's last write, of which nothing is yet read."""
        return self.chance(length - opening + 1)["exact_match"]
