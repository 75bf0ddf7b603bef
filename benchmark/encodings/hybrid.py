"""Hybrid: RoPE in most layers; every k-th has no position encoding and reads by content only.

    layer l, counted from 1:  no rotation where l is a multiple of `every`, RoPE elsewhere

Source: Yang et al. 2025, https://arxiv.org/abs/2501.18795 (RNoPE; with `window`, RNoPE-SWA).
Convention: `every` is 2 by default, so that a model with two layers has one of each; in the paper and SmolLM3 every
fourth layer has none. `window` > 0 restricts the RoPE layers, and only those, to the last `window` tokens, including
the query's own; it is a separate option because a window changes more than the encoding. In bidirectional attention, a
window reaches as far ahead as back. Head widths as in RoPE: an odd channel is left unrotated.
"""

import torch
from torch import Tensor

from benchmark.encodings.bases import Rotation, geometric
from benchmark.encodings.encoding import Shape, Site


class Hybrid(Rotation):
    """No parameters; one instance serves all layers."""

    name = "hybrid"
    title = "RoPE and NoPE layers"
    source = "https://arxiv.org/abs/2501.18795"
    past = "partly unseen phases"

    def __init__(self, shape: Shape, *, every: int = 2, window: int = 0, base: float = 10000.0) -> None:
        super().__init__(shape)
        if not 1 <= every <= shape.layers:
            raise ValueError(f"hybrid: every is {every}, but must be from 1 to the number of layers, {shape.layers}")
        if window < 0:
            raise ValueError(f"hybrid: window is {window}, but must be a number of tokens, or 0 for none")
        if base <= 1:
            raise ValueError(f"hybrid: base is {base}, but must be greater than 1")
        self.every = every
        self.window = window
        self.base = base

    def plain(self, layer: int) -> bool:
        """True if a layer, counted from 0, has no position encoding."""
        return (layer + 1) % self.every == 0

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        rotated = self.shape.head_width // 2 * 2
        return geometric(self.base, rotated, rotated, dtype, site.key_positions.device)

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        return (q, k) if self.plain(site.layer) else super().rotate(q, k, site)

    def bias(self, site: Site) -> Tensor | None:
        """Minus infinity outside the window; None in layers without one."""
        if self.window == 0 or self.plain(site.layer):
            return None
        return site.once(("hybrid", self.window), lambda: self.outside(site))

    def outside(self, site: Site) -> Tensor:
        """[B|1, 1, Q, K]."""
        far = site.distance.abs() >= self.window
        return torch.zeros(far.shape, device=far.device).masked_fill(far, -torch.inf)
