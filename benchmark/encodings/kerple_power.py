"""KERPLE, power kernel: each head lowers a score by a learned power of distance; power 1 is ALiBi.

    score[i, j] += -r1[h] * |i - j| ** r2[h],   r1 > 0,   0 < r2 <= 2

Source: Chi et al. 2022, https://arxiv.org/abs/2205.09921, section 4.
Convention: two numbers per head and layer, initialised as in the official code: r1 from U(0, 1), the power r2 from
U(0, 2). Both are kept at .01 or above, r2 at 2 or below: a value that a step takes out of range is reset before the
next one, so that its gradient does not vanish. Distances are float32 whatever the model's dtype; in bidirectional
attention their sign is ignored. Any head count, any head width.
"""

import torch
from torch import Tensor, nn

from benchmark.encodings.bases import RelativeBias
from benchmark.encodings.encoding import Shape

SMALLEST = 0.01  # lower bound of both
LARGEST_POWER = 2.0  # above it the kernel is no longer conditionally positive definite


class KerplePower(RelativeBias):
    """Two numbers per head and layer."""

    name = "kerple-power"
    title = "KERPLE (power)"
    source = "https://arxiv.org/abs/2205.09921"
    acts = "bias"
    learned = "2·H per layer"
    past = "defined, power-law decay"
    relative = True
    per_layer = True

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.r1 = nn.Parameter(torch.rand(shape.heads))
        self.r2 = nn.Parameter(2 * torch.rand(shape.heads))

    def schedule(self, done: float) -> None:
        with torch.no_grad():
            self.r1.clamp_(min=SMALLEST)
            self.r2.clamp_(min=SMALLEST, max=LARGEST_POWER)

    def at(self, distance: Tensor) -> Tensor:
        # At least float32: bfloat16 cannot tell distances apart above 256.
        exact = torch.promote_types(distance.dtype, torch.promote_types(self.r1.dtype, torch.float32))
        per_head = (-1, *(1,) * distance.dim())
        r1 = self.r1.clamp(min=SMALLEST).to(exact).view(per_head)
        r2 = self.r2.clamp(min=SMALLEST, max=LARGEST_POWER).to(exact).view(per_head)
        return -r1 * distance.abs().to(exact) ** r2
