"""Randomised positions: in training, a row of n tokens gets n of `limit` positions, drawn at random and sorted.

    p[0] < p[1] < .. < p[n-1],   a uniformly drawn n-subset of 0 .. limit - 1

Any encoding can be trained this way; training has then seen all positions that a long row needs at test time.

Source: Ruoss et al. 2023, https://arxiv.org/abs/2305.16843, section 3.
Convention: one subset per step, the same for all rows of a batch. Test-time positions are such a subset too, as in the
paper, but a fixed one for each length, so that a measurement can be repeated: a row of another length gets other
positions, and the cache of a shorter row cannot serve a longer one. The inner encoding is built for a trained length of
`limit`, because it meets positions up to there (a learned table has `limit` rows). Rows longer than `limit` are
refused.
"""

from dataclasses import replace

import torch
from torch import Tensor

from benchmark.encodings import build
from benchmark.encodings.bases import Wrapper
from benchmark.encodings.encoding import Encoding, PastEndError, Shape
from benchmark.seeds import generator as seeded


class Randomized(Wrapper):
    """Wraps any encoding that takes its positions as they come."""

    name = "randomized"
    title = "Randomised positions"
    source = "https://arxiv.org/abs/2305.16843"
    acts = "positions"
    learned = "as its base"
    past = "in range up to the limit"
    wraps = "base"

    def __init__(self, shape: Shape, *, base: str = "rope", limit: int = 2048) -> None:
        if limit < shape.train_length:
            raise ValueError(
                f"randomized: limit is {limit}, but must be at least {shape.train_length}, the trained length"
            )
        inner = build(base, replace(shape, train_length=limit))
        if inner.adapts is not None or type(inner).positions is not Encoding.positions:
            raise ValueError(
                f"randomized: base is {base!r}, but must be an encoding that is trained on plain positions"
            )
        super().__init__(shape, inner)
        self.limit = limit
        self.max_length = limit
        self.length_aware = True

    def positions(self, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        count = tokens.shape[1]
        if count > self.limit:
            raise PastEndError(
                f"randomized: position {self.limit} is past the end: {count} tokens, but limit={self.limit}"
            )
        draws = generator or seeded("randomized", self.limit, count)
        return torch.randperm(self.limit, generator=draws)[:count].sort().values[None].to(tokens.device)
