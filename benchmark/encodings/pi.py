"""PI, position interpolation: positions are squeezed by a factor, so that longer rows stay in the trained range.

    p -> p / s,   then as in RoPE

Source: Chen et al. 2023, https://arxiv.org/abs/2306.15595, section 2.3.
Convention: s is `factor`, the same at every length, so short rows are squeezed as well; the paper fine-tunes
afterwards, here nothing is trained. Positions are fractional, in float32, and come from the `positions` hook.
Half-split pairs; an odd channel is left unrotated, as in RoPE; in bidirectional attention, the angle takes the sign of
the distance.
"""

import torch
from torch import Tensor

from benchmark.encodings.bases import Rotation, geometric
from benchmark.encodings.encoding import Shape, Site


class PI(Rotation):
    """No parameters and no training: for a model trained with RoPE of the same base."""

    name = "pi"
    title = "PI (position interpolation)"
    source = "https://arxiv.org/abs/2306.15595"
    acts = "positions"
    past = "positions squeezed"
    adapts = "rope"

    def __init__(self, shape: Shape, *, base: float = 10000.0, factor: float = 4.0) -> None:
        super().__init__(shape)
        if base <= 1:
            raise ValueError(f"pi: base is {base}, but must be greater than 1")
        if factor < 1:
            raise ValueError(f"pi: factor is {factor}, but must be at least 1")
        self.base = base
        self.factor = factor
        self.rotated = shape.head_width // 2 * 2

    def positions(self, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return super().positions(tokens, generator) / self.factor

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        return geometric(self.base, self.rotated, self.rotated, dtype, site.key_positions.device)
