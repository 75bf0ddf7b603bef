"""Learned: one trained vector per position, added to the token embeddings.

    x[p] += E[p],   p < train_length

Source: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, section 3.5; Gehring et al. 2017,
https://arxiv.org/abs/1705.03122.
Convention: the table ends at the trained length. Past its end the encoding is undefined and evaluation reports
"unsupported"; nothing is clamped. The table is initialised and scaled like the token embeddings (unit variance).
"""

import math

import torch
from torch import Tensor, nn

from benchmark.encodings.bases import past_end
from benchmark.encodings.encoding import Encoding, PastEndError, Shape


class Learned(Encoding):
    """A table of `train_length` rows."""

    name = "learned"
    title = "Learned"
    source = "https://arxiv.org/abs/1706.03762"
    acts = "embedding"
    learned = "L·C"
    past = "unsupported"

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.max_length = shape.train_length
        self.scale = math.sqrt(shape.width)
        self.table = nn.Parameter(torch.randn(shape.train_length, shape.width) / self.scale)

    def embed(self, x: Tensor, positions: Tensor) -> Tensor:
        if (last := past_end(positions, self.shape.train_length)) is not None:
            raise PastEndError(
                f"learned: position {last} is past the end of the table, "
                f"which was trained for positions 0 to {self.shape.train_length - 1}"
            )
        return x + (self.table[positions] * self.scale).to(x.dtype)
