"""RoPE: queries and keys are rotated by position, so that position enters their product only as distance.

    (x[k], x[k + r/2]) turns by the angle p * theta[k],   theta[k] = base ** (-2k / r),   k = 0 .. r/2 - 1

Source: Su et al. 2021, https://arxiv.org/abs/2104.09864, section 3.2.
Convention: half-split pairs (x[k] with x[k + r/2]), as in GPT-NeoX and Llama; `interleaved` pairs x[2k] with x[2k + 1],
as in the paper, which is a permutation of channels. `fraction` rotates only the first r = fraction * D channels, with
the exponent over those (GPT-NeoX .25, Phi .5). r is rounded down to an even number: an odd channel is left unrotated.
"""

import torch
from torch import Tensor

from benchmark.encodings.bases import Rotation, geometric
from benchmark.encodings.encoding import Shape, Site


class Rope(Rotation):
    """No parameters. Angles are float32 whatever the model's dtype."""

    name = "rope"
    title = "RoPE"
    source = "https://arxiv.org/abs/2104.09864"
    past = "unseen phases"

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

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        return geometric(self.base, self.rotated, self.rotated, dtype, site.key_positions.device)
