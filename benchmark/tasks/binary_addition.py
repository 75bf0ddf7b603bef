"""Binary addition: the sum of two binary numbers, least significant bit first.

    input    BOS  1  1  0  +  1  SEP  0  0  1  0        (3 + 1 = 4)
    target   .    .  .  .  .  .  0    0  1  0  EOS      (. is not scored)

Length is that of the prompt, including the plus; a row has 2 * length + 1 tokens. In training and test alike, the plus
may stand anywhere between the first bit and the last; its place sets the lengths of the operands.
Vocabulary: 6.
Chance: 0.64 at length 40, 0.63 at length 160.
Source: Deletang et al. 2022, https://arxiv.org/abs/2207.02098, appendix A.
Convention: every bit of an operand is uniform, and the sum is padded to length - 1 bits with zeros, which are scored.
The authors' code never draws 0 as an operand, and scores nothing past the last one bit of the sum and the mark after
it. There are (length - 2) * 2 ** (length - 1) problems: below a trained length of seven, most of them are held out for
the test.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.addition import add
from benchmark.tasks.task import EOS, SPECIALS, Batch, Synthetic, question

PLUS = SPECIALS
ZERO = SPECIALS + 1  # the bit b is the token ZERO + b


class BinaryAddition(Synthetic):
    """The place of the plus is uniform."""

    name = "binary-addition"
    title = "Binary addition"
    group = "arithmetic"
    definition = "the sum of two binary numbers of any lengths, least significant bit first"
    source = "https://arxiv.org/abs/2207.02098"
    metric = "token_accuracy"

    @property
    def vocabulary(self) -> int:
        return ZERO + 2

    def tokens(self, length: int) -> int:
        return 2 * length + 1

    def shortest(self) -> int:
        return 3

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        bits = torch.randint(2, (size, length), generator=generator)
        plus = torch.randint(1, length - 1, (size, 1), generator=generator)
        prompt = torch.where(torch.arange(length) == plus, PLUS, ZERO + bits)
        return question(prompt, ZERO + add(*self.operands(prompt), base=2))

    def operands(self, prompt: Int[Tensor, "batch length"]) -> tuple[Int[Tensor, "batch n"], Int[Tensor, "batch n"]]:
        """The bits of both operands, each padded with zeros to length - 2."""
        length = prompt.shape[1]
        places, plus = torch.arange(length), (prompt == PLUS).long().argmax(dim=1, keepdim=True)
        bits = (prompt - ZERO).clamp(min=0)
        a = torch.where(places < plus, bits, 0)
        b = F.pad(bits, (0, 1)).gather(1, (places + plus + 1).clamp(max=length))
        return a[:, :-2], b[:, :-2]

    def shortcuts(self, batch: Batch) -> dict[str, Int[Tensor, "batch time"]]:
        """Each bit of the sum without the carry."""
        length = batch.tokens.shape[1] // 2
        a, b = self.operands(batch.tokens[:, 1 : length + 1])
        answers = torch.full_like(batch.tokens, EOS)
        answers[:, -length:-1] = ZERO + F.pad((a + b) % 2, (0, 1))
        return {"no carry": answers}

    def chance(self, length: int) -> dict[str, float]:
        """Guess zero for each bit; for the whole sum, one less than the power of 2 that has half of the bits.

        With n bits in the longer operand and m in the other, the sum's first n bits are ones half of the time, the next
        is one with probability (2 ** m - 1) / 2 ** (n + 1), and the others never. No sum is likelier than 2 ** -n, and
        that guess reaches it wherever the plus stands. EOS is always last.
        """
        bits = length - 1
        longer = [max(first, bits - first) for first in range(1, bits)]
        ones = sum(n / 2 + 2.0 ** (bits - 2 * n - 1) - 2.0 ** (-n - 1) for n in longer) / len(longer)
        exact = sum(2.0**-n for n in longer) / len(longer)
        return {"token_accuracy": 1 - ones / length, "exact_match": exact}
