"""ALiBi: each head lowers a score in proportion to distance.

    score[i, j] += -slope[h] * |i - j|,   slope[h] = 2 ** (-8h / H),   h = 1 .. H

Source: Press et al. 2022, https://arxiv.org/abs/2108.12409, section 3.
Convention: if H is not a power of two, the slopes are those of the next lower power of two, then every other one of the
next higher, as in the paper's code. The bias is computed from distances, never from absolute key positions, so nothing
is lost to rounding; in bidirectional attention the distance is absolute.
"""

import torch
from torch import Tensor

from benchmark.encodings.bases import RelativeBias


class Alibi(RelativeBias):
    """No parameters: the slopes are fixed."""

    name = "alibi"
    title = "ALiBi"
    source = "https://arxiv.org/abs/2108.12409"
    acts = "bias"
    past = "defined, decays"
    relative = True

    def at(self, distance: Tensor) -> Tensor:
        # Not a buffer: casting the model to bfloat16 would round the slopes, and every distance above 256.
        exact = torch.float64 if distance.dtype == torch.float64 else torch.float32
        per_head = slopes(self.shape.heads, exact, distance.device).view(-1, *(1,) * distance.dim())
        return -per_head * distance.abs()


def slopes(heads: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The slope of each head, [H], steepest first within each power of two."""
    whole = 1 << (heads.bit_length() - 1)  # the next lower power of two
    own = geometric(whole, dtype, device)
    return torch.cat((own, geometric(2 * whole, dtype, device)[::2][: heads - whole]))


def geometric(heads: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """2 ** (-8h / heads) for h = 1 .. heads."""
    return 2.0 ** (-8.0 * torch.arange(1, heads + 1, dtype=dtype, device=device) / heads)
