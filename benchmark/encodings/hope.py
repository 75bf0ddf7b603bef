"""HoPE, high-frequency rotary: pairs that cannot complete a turn within the trained length do not turn at all.

    (x[k], x[k + d/2]) turns by the angle p * theta[k]
    theta[k] = base ** (-2k / d)   where that is at least 2 pi / L,   k = 0 .. d/2 - 1
             = 0                   otherwise

Source: Chen et al. 2024, https://arxiv.org/abs/2410.21216.
Convention: L is the trained length in tokens. Every angle that turns has then been seen in full in training, and the
channels that stand still carry only content. Half-split pairs, as in rope; d is the head width, rounded down to an even
number: an odd channel is left unrotated. Below L = 7 no pair completes a turn, and nothing encodes position. In
bidirectional attention, the angle takes the sign of the distance. Two other encodings are also called HoPE (2505.20444,
2509.05218).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.encodings.bases import Rotation, geometric
from benchmark.encodings.encoding import Shape, Site


class HoPE(Rotation):
    """No parameters. The trained length decides which frequencies turn."""

    name = "hope"
    title = "HoPE (high-frequency)"
    source = "https://arxiv.org/abs/2410.21216"
    acts = "rotation"
    past = "every phase seen"
    relative = True

    def __init__(self, shape: Shape, *, base: float = 10000.0) -> None:
        super().__init__(shape)
        if base <= 1:
            raise ValueError(f"hope: base is {base}, but must be greater than 1")
        self.base = base
        self.pairs = shape.head_width // 2
        self.turning = whole_turns(base, self.pairs, shape.train_length)

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        fast = geometric(self.base, 2 * self.turning, 2 * self.pairs, dtype, site.key_positions.device)
        return F.pad(fast, (0, self.pairs - self.turning))


def whole_turns(base: float, pairs: int, length: int) -> int:
    """Count RoPE's frequencies that turn at least once in `length` tokens: the first ones, which are the fastest."""
    return sum(base ** (-k / pairs) >= 2 * math.pi / length for k in range(pairs))
