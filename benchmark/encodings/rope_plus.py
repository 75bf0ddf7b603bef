"""RoPE++: every second head takes the imaginary part of RoPE's complex product, of which RoPE keeps the real part.

    score[2h][i, j]     = Re z / sqrt(D),    z = sum over n of q[2h, i][n] conj(k[2h, j][n]) e^(1i (i - j) theta[n])
    score[2h + 1][i, j] = Im z / sqrt(D)     theta[n] = base ** (-2n / r),   n = 0 .. r/2 - 1

The imaginary part is RoPE for a query turned back by a quarter. Where the real part is largest at distance 0, the
imaginary part of equal queries and keys is 0 there and grows with distance, so those heads look farther back.

Source: Liu et al. 2025, https://arxiv.org/abs/2512.07525 (with https://github.com/OpenMOSS/rope_pp).
Convention: the paper has two forms, which differ in what is counted as one head. EH, with as many attention heads as
RoPE and half the queries, keys and values, is built here, with pairs of heads as in the authors' code (`imag1`); EC,
with twice the attention heads, would need another output projection. Queries and keys of odd heads go unused; every
head keeps its values, which an encoding does not reach, whereas in EH both heads of a pair share them. A real and an
imaginary head with queries of their own would be plain RoPE: a fixed turn can be learned. With an odd number of heads,
the last is a real one without a partner. Half-split pairs of channels; an odd channel is left unrotated, and has no
imaginary part. Angles are float32. In bidirectional attention, the angle takes the sign of the distance.
"""

import torch
from torch import Tensor

from benchmark.encodings.bases import Rotation, geometric
from benchmark.encodings.encoding import Shape, Site


class RopePlus(Rotation):
    """No parameters. Real and imaginary heads take turns."""

    name = "rope-plus"
    title = "RoPE++ (imaginary heads)"
    source = "https://arxiv.org/abs/2512.07525"
    acts = "rotation"
    past = "unseen phases"
    relative = True

    def __init__(self, shape: Shape, *, base: float = 10000.0) -> None:
        super().__init__(shape)
        if base <= 1:
            raise ValueError(f"rope-plus: base is {base}, but must be greater than 1")
        self.base = base
        self.rotated = shape.head_width // 2 * 2

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        return geometric(self.base, self.rotated, self.rotated, dtype, site.key_positions.device)

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        real, shared = q[:, ::2], k[:, ::2]
        back = self.turned_back(real)
        return super().rotate(self.in_turns(real, back), self.in_turns(shared, shared), site)

    def turned_back(self, x: Tensor) -> Tensor:
        """Turn every pair back by a quarter: (a, b) becomes (b, -a), and an odd channel 0."""
        half = self.rotated // 2
        a, b, rest = x[..., :half], x[..., half : 2 * half], x[..., 2 * half :]
        return torch.cat((b, -a, torch.zeros_like(rest)), dim=-1)

    def in_turns(self, even: Tensor, odd: Tensor) -> Tensor:
        """Heads taken in turns from two tensors [B, (H + 1) // 2, T, D], [B, H, T, D]."""
        return torch.stack((even, odd), dim=2).flatten(1, 2)[:, : self.shape.heads]
