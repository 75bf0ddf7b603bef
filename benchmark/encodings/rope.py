"""RoPE: queries and keys are rotated by their positions, so that their product depends on distance.

    (x[k], x[k + r/2]) turns by the angle p * theta[k],   theta[k] = base ** (-2k / r),   k = 0 .. r/2 - 1

Source: Su et al. 2021, https://arxiv.org/abs/2104.09864, section 3.4.
Convention: half-split pairs (x[k] with x[k + r/2]), as in GPT-NeoX and Llama; `interleaved` pairs x[2k] with
x[2k + 1], as in the paper, a permutation of channels. `fraction` rotates only the first r = fraction * D channels,
with the exponent over those (GPT-NeoX .25, Phi .5). r is rounded down to an even number: an odd channel stays.
"""

import torch
from torch import Tensor

from benchmark.encodings.encoding import Encoding, Shape, Site


class Rope(Encoding):
    """No parameters. Angles are float32 whatever the model's dtype."""

    name = "rope"
    title = "RoPE"
    source = "https://arxiv.org/abs/2104.09864"
    acts = "rotation"
    past = "unseen phases"
    relative = True

    def __init__(
        self, shape: Shape, *, base: float = 10000.0, fraction: float = 1.0, interleaved: bool = False
    ) -> None:
        super().__init__(shape)
        if base <= 1:
            raise ValueError(f"rope: base is {base}, but must be greater than 1")
        if not 0 < fraction <= 1:
            raise ValueError(f"rope: fraction is {fraction}, but must be above 0 and at most 1")
        self.base = base
        self.interleaved = interleaved
        self.rotated = int(shape.head_width * fraction) // 2 * 2

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        if self.rotated == 0:
            return q, k
        cos, sin = site.once(("rope", id(self), q.dtype), lambda: self.table(site.key_positions, q.dtype))
        own = slice(site.first_query, site.first_query + q.shape[-2])
        return self.turn(q, cos[..., own, :], sin[..., own, :]), self.turn(k, cos, sin)

    def table(self, positions: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Cosines and sines of every angle, each [B|1, 1, T, r/2]."""
        # At least float32: a bfloat16 angle at position 4096 is wrong by whole turns.
        exact = torch.float64 if dtype == torch.float64 else torch.float32
        angles = positions[:, None, :, None].to(exact) * self.theta(exact, positions.device)
        return angles.cos().to(dtype), angles.sin().to(dtype)

    def theta(self, dtype: torch.dtype, device: torch.device) -> Tensor:
        """Radians a position that each pair turns by, fastest first, [r/2]."""
        return self.base ** (-torch.arange(0, self.rotated, 2, dtype=dtype, device=device) / self.rotated)

    def turn(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Rotate the pairs of the first r channels of x [B, H, T, D]; leave the others."""
        moving, still = x[..., : self.rotated], x[..., self.rotated :]
        if self.interleaved:
            a, b = moving[..., 0::2], moving[..., 1::2]
            turned = torch.stack((a * cos - b * sin, b * cos + a * sin), dim=-1).flatten(-2)
        else:
            a, b = moving.chunk(2, dim=-1)
            turned = torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)
        return torch.cat((turned, still), dim=-1) if still.shape[-1] else turned
