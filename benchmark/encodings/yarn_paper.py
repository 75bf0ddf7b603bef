"""YaRN as published: fast pairs are kept, slow ones slowed by a factor, with a ramp over how often they turn.

    theta[k] = base ** (-2k / r) * (kept(k) + (1 - kept(k)) / s),   k = 0 .. r/2 - 1
    kept(k)  = clamp((turns(k) - 1) / (32 - 1), 0, 1)
    turns(k) = L * base ** (-2k / r) / (2 pi)             in the trained length L
    cosines and sines are multiplied by 0.1 ln s + 1, and so scores by its square

Source: Peng et al. 2023, https://arxiv.org/abs/2309.00071, sections 3.2 (the ramp) and 3.4 (the temperature).
Convention: the paper ramps over how often a pair turns, its code over the index of the pair (`yarn`), which leaves the
middle pairs faster: by up to 1.8 times for L = 2048, r = 64 and s = 4. s is `factor`, the same at every length.
Half-split pairs; an odd channel is neither turned nor scaled.
"""

import math

import torch
from torch import Tensor

from benchmark.encodings.bases import Rotation, geometric
from benchmark.encodings.encoding import Shape, Site

FAST, SLOW = 32, 1  # turns in the trained length: pairs that turn more often are kept, those that turn less slowed


class PaperYaRN(Rotation):
    """No parameters and no training: for a model trained with RoPE of the same base."""

    name = "yarn-paper"
    title = "YaRN (the paper's ramp)"
    source = "https://arxiv.org/abs/2309.00071"
    past = "slow pairs slowed"
    adapts = "rope"

    def __init__(self, shape: Shape, *, base: float = 10000.0, factor: float = 4.0) -> None:
        super().__init__(shape)
        if base <= 1:
            raise ValueError(f"yarn-paper: base is {base}, but must be greater than 1")
        if factor < 1:
            raise ValueError(f"yarn-paper: factor is {factor}, but must be at least 1")
        self.base = base
        self.factor = factor
        self.rotated = shape.head_width // 2 * 2
        self.temperature = 0.1 * math.log(factor) + 1

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        trained = geometric(self.base, self.rotated, self.rotated, dtype, site.key_positions.device)
        turns = self.shape.train_length * trained / (2 * math.pi)
        kept = ((turns - SLOW) / (FAST - SLOW)).clamp(0, 1)
        return trained * (kept + (1 - kept) / self.factor)
