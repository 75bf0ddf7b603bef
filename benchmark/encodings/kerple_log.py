"""KERPLE, logarithmic kernel: each head lowers a score by the logarithm of distance, with a learned rate and scale.

    score[i, j] += -r1[h] * log(1 + r2[h] * |i - j|),   r1, r2 > 0

Source: Chi et al. 2022, https://arxiv.org/abs/2205.09921, section 4.
Convention: two numbers per head and layer, initialised as in the official code: r1 from U(0, 2), r2 from U(0, 1). Both
are kept at .01 or above: a value that a step takes below is reset before the next one, so that its gradient does not
vanish. Distances are float32 whatever the model's dtype; in bidirectional attention their sign is ignored. Any head
count, any head width.
"""

import torch
from torch import Tensor, nn

from benchmark.encodings.bases import RelativeBias
from benchmark.encodings.encoding import Shape

SMALLEST = 0.01  # lower bound of both


class KerpleLog(RelativeBias):
    """Two numbers per head and layer."""

    name = "kerple-log"
    title = "KERPLE (log)"
    source = "https://arxiv.org/abs/2205.09921"
    acts = "bias"
    learned = "2·H per layer"
    past = "defined, logarithmic decay"
    relative = True
    per_layer = True

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.r1 = nn.Parameter(2 * torch.rand(shape.heads))
        self.r2 = nn.Parameter(torch.rand(shape.heads))

    def schedule(self, done: float) -> None:
        with torch.no_grad():
            self.r1.clamp_(min=SMALLEST)
            self.r2.clamp_(min=SMALLEST)

    def at(self, distance: Tensor) -> Tensor:
        # At least float32: bfloat16 cannot tell distances apart above 256.
        exact = torch.promote_types(distance.dtype, torch.promote_types(self.r1.dtype, torch.float32))
        per_head = (-1, *(1,) * distance.dim())
        r1, r2 = (weight.clamp(min=SMALLEST).to(exact).view(per_head) for weight in (self.r1, self.r2))
        return -r1 * torch.log1p(r2 * distance.abs().to(exact))
