"""GRAPE-M, multiplicative GRAPE: RoPE whose frequencies are learned, and whose clock the tokens may set.

    (x[k], x[k + d/2]) turns by the angle p * theta[k],   theta[k] = base ** (-2k / d) * exp(a[k] / scale)
    with `context`: by phase[p] * theta[k],   phase[p] = sum of sigmoid((w . x[t] + b) / scale) over t = 0 .. p - 1

Source: Zhang et al. 2025, https://arxiv.org/abs/2512.07805, section 3.1 (and section 5 for the phase); what the text
leaves open is as in the authors' code, https://github.com/model-architectures/GRAPE (llama-mha-grape-m-nonctx.py and
-ctx.py). x is the layer's input after its norm.
Convention: the paper's form with planes along the coordinates, GRAPE-M-nonctx in its tables; a learned basis of planes
is left out. The heads of a layer share a, which starts at 0, so a fresh layer is RoPE. The code learns log theta times
`scale`, 16, so that an optimiser moves it slowly; a is the same number counted from its start, which bfloat16 can hold.
With `context`, GRAPE-M-ctx, the code leaves log theta unscaled: here `scale` divides both. Its comments announce a
softplus and steps of .001; it computes a sigmoid, and steps start at sigmoid(-6.9 / 16) = .39: b and w start there. The
phase counts tokens and no positions; a key ahead is turned by the sum in between, in the opposite direction. Sums and
angles are float32. An odd channel is left unrotated.
"""

import math

import torch
from torch import Tensor, nn

from benchmark.encodings.bases import Rotation, exactly, geometric
from benchmark.encodings.encoding import Shape, Site

FIRST_STEP = 1e-3  # of the code's intended softplus: it sets where b starts


class GrapeM(Rotation):
    """A number per pair and layer; with `context`, a step from C channels too."""

    name = "grape-m"
    title = "GRAPE-M (learned frequencies)"
    source = "https://arxiv.org/abs/2512.07805"
    acts = "rotation"
    learned = "d//2 per layer"
    past = "unseen phases"
    relative = True
    per_layer = True

    def __init__(self, shape: Shape, *, base: float = 10000.0, scale: float = 16.0, context: bool = False) -> None:
        super().__init__(shape)
        if base <= 1:
            raise ValueError(f"grape-m: base is {base}, but must be greater than 1")
        if scale <= 0:
            raise ValueError(f"grape-m: scale is {scale}, but must be positive")
        self.base = base
        self.scale = scale
        self.pairs = shape.head_width // 2
        self.change = nn.Parameter(torch.zeros(self.pairs))
        self.step = nn.Linear(shape.width, 1) if context else None
        if self.step is not None:
            nn.init.zeros_(self.step.weight)
            nn.init.constant_(self.step.bias, math.log(math.expm1(FIRST_STEP)))

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        rope = geometric(self.base, 2 * self.pairs, 2 * self.pairs, dtype, site.key_positions.device)
        return rope * (self.change.to(dtype) / self.scale).exp()

    def table(self, site: Site, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Cosines and sines of every angle of every key, each [B|1, 1, K, d/2]."""
        if self.step is None:
            return super().table(site, dtype)
        steps = (exactly(self.step, site.hidden) / self.scale).sigmoid()[..., 0]
        return self.table_at(steps.cumsum(dim=1) - steps, site, dtype)
