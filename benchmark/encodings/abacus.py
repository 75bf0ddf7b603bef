"""Abacus: a learned vector tells each digit its place within its own number.

    x[t] += E[place[t]],   place = 1 for the first digit of a number, 2 for the second, and so on
    place = 0 outside numbers, where nothing is added
    in training, places are shifted together by an offset drawn from 0 .. offset - 1

Source: McLeish et al. 2024, https://arxiv.org/abs/2405.17399, section 3.
Convention: numbers are written least significant digit first, as the paper requires, so that digits of equal weight
share a place. Nothing else encodes position, as in the paper's "Abacus" without an additional relative encoding:
attention is that of NoPE. One offset per step, for all rows; at test time it is 0. The table has
`train_length + offset` rows; a number with more digits runs past its end and is reported as unsupported. It reads what
tokens mean, which no other encoding is allowed to do, so it is offered only to tasks with numbers and compared in a
league of its own.
"""

import math

import torch
from torch import Tensor, nn

from benchmark.encodings.bases import past_end
from benchmark.encodings.encoding import Encoding, PastEndError, Shape


class Abacus(Encoding):
    """A table of `train_length + offset` vectors."""

    name = "abacus"
    title = "Abacus"
    source = "https://arxiv.org/abs/2405.17399"
    acts = "embedding"
    learned = "(L + offset)·C"
    past = "in range up to the offset"
    numbers = True

    def __init__(self, shape: Shape, *, offset: int = 100) -> None:
        super().__init__(shape)
        if offset < 1:
            raise ValueError(f"abacus: offset is {offset}, but must be at least 1")
        if not shape.digits:
            raise ValueError("abacus: the task writes no numbers; choose one that does, such as addition")
        self.offset = offset
        self.scale = math.sqrt(shape.width)
        self.table = nn.Parameter(torch.randn(shape.train_length + offset, shape.width) / self.scale)

    def positions(self, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        digit = torch.isin(tokens, torch.tensor(self.shape.digits, device=tokens.device))
        shift = 0 if generator is None else int(torch.randint(self.offset, (), generator=generator))
        return torch.where(digit, places(digit) + shift, 0)

    def embed(self, x: Tensor, positions: Tensor) -> Tensor:
        if (last := past_end(positions, len(self.table) + 1)) is not None:
            raise PastEndError(f"abacus: position {last} is past the end of {len(self.table)} places")
        known = self.table[(positions - 1).clamp(min=0)] * self.scale
        return x + torch.where((positions > 0)[..., None], known, 0).to(x.dtype)


def places(digit: Tensor) -> Tensor:
    """The number of consecutive digits ending at each token, [B, T], from a mask of the digits."""
    steps = torch.arange(1, digit.shape[1] + 1, device=digit.device).expand(digit.shape)
    before = torch.where(digit, 0, steps).cummax(dim=1).values if digit.shape[1] else steps
    return steps - before
