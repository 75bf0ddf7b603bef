"""TISA: each head's bias is a sum of five bumps over signed distance, which it places, widens and weighs itself.

    score[i, j] += sum over s of a[s, h] * exp(-|b[s, h]| * (c[s, h] - (j - i)) ** 2),   s = 1 .. S

Source: Wennberg and Henter 2021, https://arxiv.org/abs/2106.01950, with https://github.com/ulmewennberg/tisa.
Convention: the argument is j - i, key minus query, as in the paper, so a bump at c < 0 lies behind the query. The code
takes i - j - 1 instead, which is the same with another name for the centre, -c - 1. `kernels` sets S, 5 as in both.
Initialised as in the code: a and b from N(.1, .01^2), c from N(0, 5^2). Under a causal mask, only the tails of bumps
ahead of the query are seen. One set for all layers, as in the paper's model, ALBERT, which shares all weights across
layers. The bias is added to the scaled scores. Distances are at least float32. Any head count, any head width.
"""

import torch
from torch import Tensor, nn

from benchmark.encodings.bases import RelativeBias
from benchmark.encodings.encoding import Shape


class Tisa(RelativeBias):
    """Three numbers per kernel and head."""

    name = "tisa"
    title = "TISA"
    source = "https://arxiv.org/abs/2106.01950"
    acts = "bias"
    learned = "15·H"
    past = "defined, fades"
    relative = True

    def __init__(self, shape: Shape, *, kernels: int = 5) -> None:
        super().__init__(shape)
        if kernels < 1:
            raise ValueError(f"tisa: kernels is {kernels}, but must be at least 1")
        self.amplitude = nn.Parameter(0.1 + 0.01 * torch.randn(kernels, shape.heads))
        self.sharpness = nn.Parameter(0.1 + 0.01 * torch.randn(kernels, shape.heads))
        self.centre = nn.Parameter(5 * torch.randn(kernels, shape.heads))

    def at(self, distance: Tensor) -> Tensor:
        # At least float32: bfloat16 cannot tell distances apart above 256.
        exact = torch.promote_types(distance.dtype, torch.promote_types(self.centre.dtype, torch.float32))
        ahead = -distance.to(exact)
        per_head = (-1, *(1,) * distance.dim())
        total = ahead.new_zeros(per_head[1:])
        # One kernel at a time: all at once would take five tensors the size of the scores if positions have gaps.
        for kernel in zip(self.amplitude, self.sharpness, self.centre, strict=True):
            amplitude, sharpness, centre = (each.to(exact).view(per_head) for each in kernel)
            total = total + amplitude * (-sharpness.abs() * (centre - ahead) ** 2).exp()
        return total
