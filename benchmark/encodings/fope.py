"""FoPE: each pair turns at many frequencies at once, a Fourier series around its own; the slowest stand still.

    score[i, j] = Re sum over pairs m of q[m] conj(k[m]) F[m](i - j) / sqrt(D)
    F[m](x) = exp(i theta[m] x) + sum over n of a[m, n] exp(i theta[n] x)   where theta[m] >= 2 pi / L
            = 1                                                             otherwise
    theta[m] = base ** (-2m / D),   a drawn once from N(0, sigma^2 / N),   n over the N frequencies of the first case

Source: Hua et al. 2024, https://arxiv.org/abs/2412.17739.
Convention: the series is a function of distance, as in the equations (h = H F, H = q conj(k)), so that scores depend
only on distance. The authors' code instead multiplies q and k by a series each, whose cross terms depend on more, and
pads the sines of still pairs with 1; neither is done here. This costs width: q and k come out with D - 2N + 2N^2
channels, N pairs N times. One real a for cosines and sines (the paper allows it; its code draws two), one set per head
and layer, fixed and saved with the weights. a is a Xavier draw of gain sigma for the N x N numbers of a head, .3 as for
the paper's smallest model, so that exp(i theta[m] x) stays dominant at every N; the text says N(0, sigma), and the
listing's Xavier counts the heads in its fans. The listing divides a series by the sum of its coefficients; the
equations do not. The series runs over the pairs' own frequencies, with no others added. Half-split pairs; an odd
channel is left unrotated. Below L = 7 nothing turns. In bidirectional attention, the angle takes the sign of the
distance.
"""

import math

import torch
from torch import Tensor

from benchmark.encodings.bases import Rotation, geometric
from benchmark.encodings.encoding import Shape, Site
from benchmark.encodings.hope import whole_turns


class FoPE(Rotation):
    """Coefficients [H, N, N] of pair m at frequency n, including the dominant 1 on the diagonal."""

    name = "fope"
    title = "FoPE (Fourier)"
    source = "https://arxiv.org/abs/2412.17739"
    acts = "rotation"
    past = "every phase seen"
    relative = True
    per_layer = True

    def __init__(self, shape: Shape, *, sigma: float = 0.3, base: float = 10000.0) -> None:
        super().__init__(shape)
        if sigma < 0:
            raise ValueError(f"fope: sigma is {sigma}, but must be at least 0")
        if base <= 1:
            raise ValueError(f"fope: base is {base}, but must be greater than 1")
        self.base = base
        self.pairs = shape.head_width // 2
        self.turning = whole_turns(base, self.pairs, shape.train_length)
        deviation = sigma / math.sqrt(max(1, self.turning))
        drawn = deviation * torch.randn(shape.heads, self.turning, self.turning)
        self.register_buffer("series", torch.eye(self.turning) + drawn)
        self.series: Tensor

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        return geometric(self.base, 2 * self.turning, 2 * self.pairs, dtype, site.key_positions.device)

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        # All layers share the table, which holds no coefficients.
        cos, sin = site.once(("fope", self.base, self.turning, q.dtype), lambda: self.table(site, q.dtype))
        own = slice(site.first_query, site.first_query + q.shape[-2])
        weighted = self.series[None, :, None].to(q.dtype)  # [1, H, 1, N, N]
        return self.spread(q, cos[..., own, :], sin[..., own, :], weighted), self.spread(k, cos, sin, None)

    def spread(self, x: Tensor, cos: Tensor, sin: Tensor, weights: Tensor | None) -> Tensor:
        """Turn each moving pair of x [B, H, T, D] at each frequency [B|1, 1, T, N], weighted; append the still ones."""
        real, still, imaginary, rest = torch.split(x, self.parts(x.shape[-1]), dim=-1)
        a, b = real[..., None], imaginary[..., None]  # [B, H, T, N, 1]
        cos, sin = cos[..., None, :], sin[..., None, :]  # [B|1, 1, T, 1, N]
        turned = torch.stack((a * cos - b * sin, b * cos + a * sin), dim=-3)  # [B, H, T, 2, N, N]
        if weights is not None:
            turned = turned * weights[:, :, :, None]
        return torch.cat((turned.flatten(-3), still, rest), dim=-1)

    def parts(self, width: int) -> list[int]:
        """The widths of a head's parts: moving channels, still ones, the partners of the moving ones, and the rest."""
        slow = self.pairs - self.turning
        return [self.turning, slow, self.turning, width - 2 * self.turning - slow]
