"""Dynamic NTK: the NTK-aware base for each row's own length; up to the trained length it is plain RoPE.

    s = 1 + factor * (max(l, L) / L - 1),   l = the row's largest position + 1
    theta[k] = base ** (-2k / r) * s ** (-2k / (r - 2)),   k = 0 .. r/2 - 1

Source: emozilla 2023, described in Peng et al. 2023, https://arxiv.org/abs/2309.00071, section 3.3.
Convention: `factor` 1 is the paper's s = max(1, l / L); a larger one follows transformers and slows more. L is the
trained length in tokens. Each row has its own length, whereas transformers takes the longest of the batch. Keys are
rotated afresh as a row grows, but what deeper layers have cached was computed at the shorter length: a full pass over a
longer row differs from decoding it. Half-split pairs; an odd channel is left unrotated; a head with one pair is plain
RoPE at every length.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.encodings.bases import Rotation, geometric
from benchmark.encodings.encoding import Shape, Site


class DynamicNTK(Rotation):
    """No parameters and no training: for a model trained with RoPE of the same base."""

    name = "ntk-dynamic"
    title = "Dynamic NTK RoPE"
    source = "https://arxiv.org/abs/2309.00071"
    past = "slowed with length"
    adapts = "rope"
    relative = False  # a shift makes the row longer
    length_aware = True

    def __init__(self, shape: Shape, *, base: float = 10000.0, factor: float = 1.0) -> None:
        super().__init__(shape)
        if base <= 1:
            raise ValueError(f"ntk-dynamic: base is {base}, but must be greater than 1")
        if factor <= 0:
            raise ValueError(f"ntk-dynamic: factor is {factor}, but must be greater than 0")
        self.base = base
        self.factor = factor
        self.rotated = shape.head_width // 2 * 2

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        device = site.key_positions.device
        trained = geometric(self.base, self.rotated, self.rotated, dtype, device)
        scale = self.scale(site.key_positions.to(dtype))[:, None, None, None]
        return trained * geometric(scale, self.rotated, max(self.rotated - 2, 1), dtype, device)

    def scale(self, positions: Tensor) -> Tensor:
        """The factor s of every row, [B|1], from its positions [B|1, K]."""
        trained = self.shape.train_length
        length = F.pad(positions, (1, 0), value=trained - 1).amax(dim=-1) + 1
        return 1 + self.factor * (length / trained - 1)
