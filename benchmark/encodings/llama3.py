"""Llama 3.1's RoPE: fast pairs are kept, slow ones slowed by a factor, with a ramp over how often they turn.

    theta[k] = base ** (-2k / r) * (kept(k) + (1 - kept(k)) / s),   k = 0 .. r/2 - 1
    kept(k)  = clamp((turns(k) - low) / (high - low), 0, 1)
    turns(k) = L * base ** (-2k / r) / (2 pi)             in the trained length L

Source: Llama team 2024, https://arxiv.org/abs/2407.21783; the rule is in the code of Llama 3.1, not in the paper.
Convention: the ramp of `yarn-paper` with different ends: `low` 1 and `high` 4 turns, s = `factor` 8, and no temperature
(Llama 3.1 has base 500,000 and L = 8192). Half-split pairs; an odd channel is left unrotated, as in RoPE.
"""

import math

import torch
from torch import Tensor

from benchmark.encodings.bases import Rotation, geometric
from benchmark.encodings.encoding import Shape, Site


class Llama3(Rotation):
    """No parameters and no training: for a model trained with RoPE of the same base."""

    name = "llama3"
    title = "Llama 3.1 RoPE"
    source = "https://arxiv.org/abs/2407.21783"
    past = "slow pairs slowed"
    adapts = "rope"

    def __init__(
        self, shape: Shape, *, base: float = 10000.0, factor: float = 8.0, low: float = 1.0, high: float = 4.0
    ) -> None:
        super().__init__(shape)
        if base <= 1:
            raise ValueError(f"llama3: base is {base}, but must be greater than 1")
        if factor < 1:
            raise ValueError(f"llama3: factor is {factor}, but must be at least 1")
        if high <= low:
            raise ValueError(f"llama3: high is {high}, but must be greater than low = {low}")
        self.base = base
        self.factor = factor
        self.low = low
        self.high = high
        self.rotated = shape.head_width // 2 * 2

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        trained = geometric(self.base, self.rotated, self.rotated, dtype, site.key_positions.device)
        turns = self.shape.train_length * trained / (2 * math.pi)
        kept = ((turns - self.low) / (self.high - self.low)).clamp(0, 1)
        return trained * (kept + (1 - kept) / self.factor)
