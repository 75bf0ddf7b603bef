"""p-RoPE: only the fastest share p of RoPE's frequencies turn; the slowest stand still and carry only content.

    (x[k], x[k + d/2]) turns by the angle p * theta[k]
    theta[k] = base ** (-2k / d)   for k < n,   n = floor(share * d / 2)
             = 0                   for n <= k < d/2

Source: Barbero et al. 2024, https://arxiv.org/abs/2410.06205.
Convention: the exponent runs over d, not over the channels that turn, so that 1-RoPE is RoPE and 0-RoPE is NoPE; a
`fraction` of rope, by contrast, squeezes the whole range of frequencies into fewer channels. Half-split pairs. d is the
head width, rounded down to an even number: an odd channel is left unrotated. A share below 2/d turns nothing. In
bidirectional attention, the angle takes the sign of the distance.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.encodings.bases import Rotation, geometric
from benchmark.encodings.encoding import Shape, Site


class PRope(Rotation):
    """No parameters. `p` is the share of frequencies that turn."""

    name = "p-rope"
    title = "p-RoPE"
    source = "https://arxiv.org/abs/2410.06205"
    acts = "rotation"
    past = "fewer unseen phases"
    relative = True

    def __init__(self, shape: Shape, *, p: float = 0.75, base: float = 10000.0) -> None:
        super().__init__(shape)
        if not 0 <= p <= 1:
            raise ValueError(f"p-rope: p is {p}, but must be at least 0 and at most 1")
        if base <= 1:
            raise ValueError(f"p-rope: base is {base}, but must be greater than 1")
        self.base = base
        self.pairs = shape.head_width // 2
        self.turning = int(p * self.pairs)

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        fast = geometric(self.base, 2 * self.turning, 2 * self.pairs, dtype, site.key_positions.device)
        return F.pad(fast, (0, self.pairs - self.turning))
