"""Position coupling: digits of equal significance share a position, in operands and in the answer.

    x[t] += E[id[t]]
    id = start + 1 for the units of every number, start + 2 for the tens, and so on
    id = start for the token after a number, such as + and =;   0 elsewhere
    in training, start is drawn from 1 .. offset for each row; at test time it is 1

Source: Cho et al. 2024, https://arxiv.org/abs/2405.20671, figure 2, with
https://github.com/HanseulJo/position-coupling (`AdditionDatasetWithCoupledPositions`).
Convention: numbers are written least significant digit first. The paper reverses only the sum; but until a number ends,
a causal model cannot know the significance of digits written the usual way round (the authors' code reads it off the
finished problem). Ids are the code's: units have the lowest, and + and = are one below. The code draws `start` so that
no id exceeds a maximum, chosen for the longest test; here the table has L + offset + 1 rows, and a number that runs
past its end is reported as unsupported. Id 0, of tokens before the first number, has a vector too, as in the code;
there the token after the answer also has id 0, but nothing reads it. Unlike `abacus`, it draws the offset for each row,
and gives the tokens between numbers a vector. Nothing else encodes position. It is offered only to tasks with numbers,
and compared in their league.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.encodings.abacus import places
from benchmark.encodings.bases import past_end
from benchmark.encodings.encoding import Encoding, PastEndError, Shape


class PositionCoupling(Encoding):
    """A table of `train_length + offset + 1` vectors."""

    name = "position-coupling"
    title = "Position coupling"
    source = "https://arxiv.org/abs/2405.20671"
    acts = "embedding"
    learned = "(L + offset + 1)·C"
    past = "in range up to the offset"
    numbers = True

    def __init__(self, shape: Shape, *, offset: int = 100) -> None:
        super().__init__(shape)
        if offset < 1:
            raise ValueError(f"position-coupling: offset is {offset}, but must be at least 1")
        if not shape.digits:
            raise ValueError("position-coupling: the task writes no numbers; choose one that does, such as addition")
        self.offset = offset
        self.scale = math.sqrt(shape.width)
        self.table = nn.Parameter(torch.randn(shape.train_length + offset + 1, shape.width) / self.scale)

    def positions(self, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        digit = torch.isin(tokens, torch.tensor(self.shape.digits, device=tokens.device))
        after = ~digit & F.pad(digit, (1, 0))[:, :-1]
        start = torch.ones(len(tokens), 1, dtype=torch.int64)
        if generator is not None:
            start += torch.randint(self.offset, start.shape, generator=generator)
        return torch.where(digit | after, places(digit) + start.to(tokens.device), 0)

    def embed(self, x: Tensor, positions: Tensor) -> Tensor:
        if (last := past_end(positions, len(self.table))) is not None:
            raise PastEndError(f"position-coupling: position {last} is past the end of {len(self.table)} positions")
        return x + (self.table[positions] * self.scale).to(x.dtype)
