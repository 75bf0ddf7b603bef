"""YaRN as used in practice: fast pairs are kept, slow ones slowed by a factor, with a ramp over the pair's index.

    theta[k] = base ** (-2k / r) * (1 - ramp(k) + ramp(k) / s),   k = 0 .. r/2 - 1
    ramp(k)  = clamp((k - low) / (high - low), 0, 1)
    low, high = max(0, floor(pair(32))), min(r - 1, ceil(pair(1)))
    pair(n)  = r * ln(L / (2 pi n)) / (2 ln base)         the pair that turns n times in the trained length L
    cosines and sines are multiplied by 0.1 ln s + 1, and so scores by its square

Source: Peng et al. 2023, https://arxiv.org/abs/2309.00071, section 3.4, and its code, which transformers follows.
Convention: the code ramps over the index of a pair, the paper over how often it turns (`yarn-paper`), which slows the
middle pairs more: by up to 1.8 times for L = 2048, r = 64 and s = 4. s is `factor`, the same at every length.
Half-split pairs; an odd channel is neither turned nor scaled. If high is not above low (few tokens, a small base),
pairs up to low are kept and the others slowed: in the code, a high below low would invert the ramp.
"""

import math

import torch
from torch import Tensor

from benchmark.encodings.bases import Rotation, geometric
from benchmark.encodings.encoding import Shape, Site

FAST, SLOW = 32, 1  # turns in the trained length: pairs that turn more often are kept, those that turn less slowed
STEP = 0.001  # width of a ramp that would otherwise have none


class YaRN(Rotation):
    """No parameters and no training: for a model trained with RoPE of the same base."""

    name = "yarn"
    title = "YaRN"
    source = "https://arxiv.org/abs/2309.00071"
    past = "slow pairs slowed"
    adapts = "rope"

    def __init__(self, shape: Shape, *, base: float = 10000.0, factor: float = 4.0) -> None:
        super().__init__(shape)
        if base <= 1:
            raise ValueError(f"yarn: base is {base}, but must be greater than 1")
        if factor < 1:
            raise ValueError(f"yarn: factor is {factor}, but must be at least 1")
        self.base = base
        self.factor = factor
        self.rotated = shape.head_width // 2 * 2
        self.temperature = 0.1 * math.log(factor) + 1

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        trained = geometric(self.base, self.rotated, self.rotated, dtype, site.key_positions.device)
        slowed = self.ramp(torch.arange(self.rotated // 2, dtype=dtype, device=trained.device))
        return trained * (1 - slowed + slowed / self.factor)

    def ramp(self, pairs: Tensor) -> Tensor:
        """How much each pair [r/2] is slowed, from 0 to 1."""
        low = max(0, math.floor(self.pair(FAST)))
        high = min(self.rotated - 1, math.ceil(self.pair(SLOW)))
        return ((pairs - low) / max(high - low, STEP)).clamp(0, 1)

    def pair(self, turns: int) -> float:
        """The index, rarely a whole number, of the pair that turns this many times in the trained length."""
        wavelength = self.shape.train_length / turns
        return self.rotated * math.log(wavelength / (2 * math.pi)) / (2 * math.log(self.base))
