"""xPos: RoPE whose pairs also shrink with distance, fast ones sooner than slow ones.

    q[i] turns by i * theta[k], times zeta[k] ** (i / s);   k[j] turns by j * theta[k], times zeta[k] ** (-j / s)
    score[i, j] is then RoPE's, each pair times zeta[k] ** ((i - j) / s)
    theta[k] = base ** (-2k / d),   zeta[k] = (2k / d + .4) / 1.4,   k = 0 .. d/2 - 1

Source: Sun et al. 2022, https://arxiv.org/abs/2212.10554.
Convention: s is `scale_base`, 512 in the paper's code. Powers use positions minus their mean over the row, which
changes no score and halves the exponents: float32 holds them for some 36,000 tokens at s = 512. Half-split pairs, as in
rope; d is the head width, rounded down to an even number: an odd channel is left unrotated. Causal only: the score of a
key ahead of the query would grow with distance, without bound. The blockwise mask of the paper's inference is not part
of the encoding.
"""

import torch
from torch import Tensor

from benchmark.encodings.bases import Rotation, geometric
from benchmark.encodings.encoding import Shape, Site

Table = tuple[Tensor, Tensor]  # cosines and sines


class XPos(Rotation):
    """No parameters. Angles and powers are float32 whatever the model's dtype."""

    name = "xpos"
    title = "xPos"
    source = "https://arxiv.org/abs/2212.10554"
    acts = "rotation"
    past = "defined, decays"
    relative = True
    causal_only = True

    def __init__(self, shape: Shape, *, base: float = 10000.0, scale_base: float = 512.0) -> None:
        super().__init__(shape)
        if base <= 1:
            raise ValueError(f"xpos: base is {base}, but must be greater than 1")
        if scale_base <= 0:
            raise ValueError(f"xpos: scale_base is {scale_base}, but must be greater than 0")
        self.base = base
        self.scale_base = scale_base
        self.rotated = shape.head_width // 2 * 2

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        return geometric(self.base, self.rotated, self.rotated, dtype, site.key_positions.device)

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        asking, asked = site.once(("xpos", self, q.dtype), lambda: self.tables(site, q.dtype))
        own = slice(site.first_query, site.first_query + q.shape[-2])
        return self.turn(q, *(each[..., own, :] for each in asking)), self.turn(k, *asked)

    def tables(self, site: Site, dtype: torch.dtype) -> tuple[Table, Table]:
        """Cosines and sines that multiply queries, and those that multiply keys, each [B|1, 1, K, d/2]."""
        exact = torch.promote_types(dtype, torch.float32)
        growth = self.growth(site.key_positions.to(exact))
        cos, sin = self.table(site, exact)
        return ((cos * growth).to(dtype), (sin * growth).to(dtype)), (
            (cos / growth).to(dtype),
            (sin / growth).to(dtype),
        )

    def growth(self, positions: Tensor) -> Tensor:
        """The power of zeta of every pair, [B|1, 1, K, d/2], at positions [B|1, K] relative to their mean."""
        steps = torch.arange(0, self.rotated, 2, dtype=positions.dtype, device=positions.device)
        zeta = (steps / self.rotated + 0.4) / 1.4
        centred = positions - positions.mean(dim=-1, keepdim=True)
        return zeta ** (centred[:, None, :, None] / self.scale_base)
