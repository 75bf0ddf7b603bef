"""CARoPE, context-aware RoPE: each token sets the speed at which each head turns, and its powers those of all pairs.

    f[t, h] = 1 / (softplus(w[h] . x[t] + b[h]) + 1)     between 0 and 1;  x: the layer's input after its norm
    angle[p, h, k] = sum of f[t, h] ** k over t = 0 .. p,   k = 0 .. d/2 - 1
    (x[k], x[k + d/2]) of queries and keys turns by its angle

RoPE is the case of f = base ** (-2 / d) for every token.

Source: Veisi et al. 2025, https://arxiv.org/abs/2507.23083, section 2. No code of the authors was found.
Convention: the paper's formula has no b, but says that training starts from RoPE, as a special case; without b there is
none. So there is one here, and w starts at 0 with b where f = base ** (-2 / d). The paper calls x a token's embedding
and does not say whether layers share w: here each layer has its own and reads its own input. The first pair turns by
one radian a token, as in RoPE, whatever the content. Positions are not read: tokens count. In bidirectional attention,
a key ahead is turned by the sum over the tokens in between, in the opposite direction. Sums and angles are float32. An
odd channel is left unrotated.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.encodings.bases import Rotation, exactly
from benchmark.encodings.encoding import Shape, Site


class CARoPE(Rotation):
    """Per layer, a speed per head from C channels."""

    name = "carope"
    title = "CARoPE (context-aware)"
    source = "https://arxiv.org/abs/2507.23083"
    acts = "rotation"
    learned = "H(C+1) per layer"
    past = "unseen angles"
    group = "content"
    relative = True
    per_layer = True

    def __init__(self, shape: Shape, *, base: float = 10000.0) -> None:
        super().__init__(shape)
        if base <= 1:
            raise ValueError(f"carope: base is {base}, but must be greater than 1")
        self.pairs = shape.head_width // 2
        self.speed = nn.Linear(shape.width, shape.heads)
        nn.init.zeros_(self.speed.weight)
        slowdown = base ** (1 / max(1, self.pairs))  # 1/f of RoPE
        nn.init.constant_(self.speed.bias, inverse_softplus(slowdown - 1))

    def table(self, site: Site, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Cosines and sines of every angle of every key, each [B, H, K, d/2]."""
        f = 1 / (F.softplus(exactly(self.speed, site.hidden)) + 1)
        exponents = torch.arange(self.pairs, dtype=f.dtype, device=f.device)
        angles = (f[..., None] ** exponents).cumsum(dim=1).transpose(1, 2)
        return angles.cos().to(dtype), angles.sin().to(dtype)


def inverse_softplus(value: float) -> float:
    """The number whose softplus is `value`, which is positive."""
    return value + math.log(-math.expm1(-value))  # not log(expm1(value)), which overflows from 710
