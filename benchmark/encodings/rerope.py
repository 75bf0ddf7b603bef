"""ReRoPE: distances are clipped at a window, so that a model trained with RoPE never sees a larger one.

    score[i, j] = (turn(q[i], clip(i - j, -w, w) theta) . k[j]) / sqrt(D),   theta[k] = base ** (-2k / r)

Source: Su 2023, https://kexue.fm/archives/9708 (with https://github.com/bojone/rerope).
Convention: applied at test time to a model trained with rope of the same `base` (half-split, all channels but an odd
one). `window` is w; 0 means half the trained length, within which training saw every distance often. Two score
matrices: within the window RoPE's own, beyond it one of queries turned by w and keys not at all. In bidirectional
attention, keys ahead are clipped at -w, by a third matrix; a matrix that no visible pair needs is not computed. The
post's additional factor log(i + 1) / log(L) on queries is a separate encoding (logn) and left out. Angles are float32.
"""

import math

import torch
from torch import Tensor

from benchmark.encodings.bases import Rotation, geometric
from benchmark.encodings.encoding import Shape, Site


class ReRoPE(Rotation):
    """No parameters."""

    name = "rerope"
    title = "ReRoPE (clipped)"
    source = "https://kexue.fm/archives/9708"
    acts = "scores"
    past = "defined, clips"
    adapts = "rope"

    def __init__(self, shape: Shape, *, base: float = 10000.0, window: int = 0) -> None:
        super().__init__(shape)
        if base <= 1:
            raise ValueError(f"rerope: base is {base}, but must be greater than 1")
        if window < 0:
            raise ValueError(f"rerope: window is {window}, but must be at least 1, or 0 for half the trained length")
        self.base = base
        self.window = window or max(1, shape.train_length // 2)

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        rotated = self.shape.head_width // 2 * 2
        return geometric(self.base, rotated, rotated, dtype, site.key_positions.device)

    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        for distance in (self.window, -self.window):
            beyond = self.beyond(site, distance)
            if beyond is not None:
                scores = torch.where(beyond, self.clipped(q, k, site, distance).to(scores.dtype), scores)
        return scores

    def beyond(self, site: Site, distance: int) -> Tensor | None:
        """The visible pairs at that distance or beyond, [B|1, 1, Q, K]; None if there are none."""

        def find() -> Tensor | None:
            past = site.distance >= distance if distance > 0 else site.distance <= distance
            pairs = past & site.visible
            return pairs if bool(pairs.any()) else None

        return site.once(("beyond", self, distance), find)

    def clipped(self, q: Tensor, k: Tensor, site: Site, distance: int) -> Tensor:
        """Scores of all pairs as if each were at this distance, [B, H, Q, K], from rotated queries and keys."""
        # At least float32: turning queries and keys back in bfloat16 would round them once more.
        exact = torch.promote_types(q.dtype, torch.float32)
        cos, sin = site.once(("rotation", self, exact), lambda: self.table(site, exact))
        own = slice(site.first_query, site.first_query + q.shape[-2])
        still_q = self.turn(q.to(exact), cos[..., own, :], -sin[..., own, :])
        still_k = self.turn(k.to(exact), cos, -sin)
        angles = distance * self.theta(exact, site)
        turned_q = self.turn(still_q, angles.cos(), angles.sin())
        return turned_q @ still_k.transpose(-1, -2) / math.sqrt(self.shape.head_width)
