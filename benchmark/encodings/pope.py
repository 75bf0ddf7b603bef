"""PoPE, polar coordinates: content sets only the magnitude of each channel, and position only its angle.

    score[i, j] = sum over c of softplus(q[c]) softplus(k[c]) cos((i - j) theta[c] - delta[h, c]) / sqrt(D)
    theta[c] = base ** (-c / D),   c = 0 .. D - 1

Source: Gopalakrishnan et al. 2025, https://arxiv.org/abs/2509.10534.
Convention: each channel becomes two, so q and k come out twice as wide; the scale stays that of the head width D. The
offset delta is clamped to [-2 pi, 0] and starts at 0, or with `uniform` anywhere in that range; one that a step takes
above 0 counts as 0 and gets no gradient from then on, as in x-transformers. Angles are float32. In bidirectional
attention, the angle takes the sign of the distance. Odd head widths are fine: there are no pairs.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.encodings.encoding import Encoding, Shape, Site


class PoPE(Encoding):
    """One learned offset per head and channel."""

    name = "pope"
    title = "PoPE (polar)"
    source = "https://arxiv.org/abs/2509.10534"
    acts = "rotation"
    learned = "C per layer"
    past = "unseen phases"
    relative = True
    per_layer = True

    def __init__(self, shape: Shape, *, base: float = 10000.0, uniform: bool = False) -> None:
        super().__init__(shape)
        if base <= 1:
            raise ValueError(f"pope: base is {base}, but must be greater than 1")
        self.base = base
        self.delta = nn.Parameter(torch.zeros(shape.heads, shape.head_width))
        if uniform:
            nn.init.uniform_(self.delta, -2 * math.pi, 0)

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        # At least float32: a bfloat16 angle at position 4096 is wrong by whole turns.
        exact = torch.promote_types(q.dtype, torch.float32)
        angles = site.once(("pope", self.base, exact), lambda: self.angles(site.key_positions, exact))
        asked = angles[..., site.first_query : site.first_query + q.shape[-2], :]
        return polar(q, asked), polar(k, angles + self.delta.clamp(-2 * math.pi, 0)[:, None].to(exact))

    def angles(self, positions: Tensor, dtype: torch.dtype) -> Tensor:
        """The angle of every channel at every position, in radians, [B|1, 1, T, D]."""
        width = self.shape.head_width
        theta = self.base ** (-torch.arange(width, dtype=dtype, device=positions.device) / width)
        return positions[:, None, :, None].to(dtype) * theta


def polar(x: Tensor, angles: Tensor) -> Tensor:
    """Convert channels [B, H, T, D] at angles [B|1, H|1, T, D] to Cartesian coordinates [B, H, T, 2 D]."""
    magnitude = F.softplus(x.to(angles.dtype))
    return torch.cat((magnitude * angles.cos(), magnitude * angles.sin()), dim=-1).to(x.dtype)
