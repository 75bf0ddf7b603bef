"""SHAPE: in training, all positions of a row are shifted by one offset, drawn anew for each row and step.

    p[t] = t + k,   k uniform over 0 .. K;   at test time k = 0

What an absolute encoding learns then cannot depend on where a row begins, only on how far apart tokens are.

Source: Kiyono et al. 2021, https://arxiv.org/abs/2109.05644, with https://github.com/butsugiri/shape.
Convention: wraps any encoding that is trained on plain positions; the paper shifts sinusoidal embeddings, the default.
`shift` sets K, 500 as in the paper. The code draws k below K, and shifts by K itself at test time, past all that
training has seen; here test positions begin at 0. The inner encoding is built for a trained length of L + K, because it
meets positions up to there (a learned table has L + K rows).
"""

from dataclasses import replace

import torch
from torch import Tensor

from benchmark.encodings import build
from benchmark.encodings.bases import Wrapper
from benchmark.encodings.encoding import Encoding, Shape


class Shifted(Wrapper):
    """Wraps any encoding that takes its positions as they come."""

    name = "shape"
    title = "SHAPE (shifted positions)"
    source = "https://arxiv.org/abs/2109.05644"
    acts = "positions"
    learned = "as its base"
    past = "in range up to the shift"
    wraps = "base"

    def __init__(self, shape: Shape, *, base: str = "sinusoidal", shift: int = 500) -> None:
        if shift < 1:
            raise ValueError(f"shape: shift is {shift}, but must be at least 1")
        inner = build(base, replace(shape, train_length=shape.train_length + shift))
        if inner.adapts is not None or type(inner).positions is not Encoding.positions:
            raise ValueError(f"shape: base is {base!r}, but must be an encoding that is trained on plain positions")
        super().__init__(shape, inner)
        self.shift = shift

    def positions(self, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        plain = self.inner.positions(tokens)
        if generator is None:
            return plain
        offsets = torch.randint(self.shift + 1, (len(tokens), 1), generator=generator)
        return plain + offsets.to(tokens.device)
