"""NTK-aware RoPE: a larger base slows the slowest pair by the whole factor and the fastest not at all.

    theta[k] = (base * s ** (r / (r - 2))) ** (-2k / r) = base ** (-2k / r) * s ** (-2k / (r - 2)),   k = 0 .. r/2 - 1

Source: bloc97 2023, described in Peng et al. 2023, https://arxiv.org/abs/2309.00071, section 3.1.
Convention: s is `factor`, the same at every length. theta[0] stays 1, and the last theta is exactly RoPE's divided by
s. Half-split pairs; an odd channel is left unrotated, as in RoPE. A head with one pair has only the fastest: it is
plain RoPE.
"""

import torch
from torch import Tensor

from benchmark.encodings.bases import Rotation, geometric
from benchmark.encodings.encoding import Shape, Site


class NTK(Rotation):
    """No parameters and no training: for a model trained with RoPE of the same base."""

    name = "ntk"
    title = "NTK-aware RoPE"
    source = "https://arxiv.org/abs/2309.00071"
    past = "slow pairs slowed"
    adapts = "rope"

    def __init__(self, shape: Shape, *, base: float = 10000.0, factor: float = 4.0) -> None:
        super().__init__(shape)
        if base <= 1:
            raise ValueError(f"ntk: base is {base}, but must be greater than 1")
        if factor < 1:
            raise ValueError(f"ntk: factor is {factor}, but must be at least 1")
        self.base = base
        self.factor = factor
        self.rotated = shape.head_width // 2 * 2

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        device = site.key_positions.device
        trained = geometric(self.base, self.rotated, self.rotated, dtype, device)
        return trained * geometric(self.factor, self.rotated, max(self.rotated - 2, 1), dtype, device)
