"""Shaw: a learned vector for each distance is added to the key; all distances past a clip share one.

    score[i, j] += q[i] . a[clip(j - i, -K, K)] / sqrt(D)

Source: Shaw et al. 2018, https://arxiv.org/abs/1803.02155, sections 3.1 and 3.2, equations 2 and 4.
Convention: the key term only; the value term (equation 3) acts on the output of attention, not on scores, and is left
out: the paper's ablation finds no loss without it. 2K + 1 vectors per layer, shared by its heads as in the paper;
`clip` sets K (the paper's base model has 16). Glorot-uniform initialisation, as in the paper's code. Row K +
clip(j - i): keys ahead of the query have their own rows, which causal attention never reads. Fractional distances are
rounded. Odd head widths are fine.
"""

import math

import torch
from torch import Tensor, nn

from benchmark.encodings.encoding import Encoding, Shape, Site


class Shaw(Encoding):
    """A table of 2K + 1 vectors of head width per layer."""

    name = "shaw"
    title = "Shaw (relative keys)"
    source = "https://arxiv.org/abs/1803.02155"
    acts = "scores"
    learned = "33·d per layer"
    past = "defined, clips"
    relative = True
    per_layer = True

    def __init__(self, shape: Shape, *, clip: int = 16) -> None:
        super().__init__(shape)
        if clip < 1:
            raise ValueError(f"shaw: clip is {clip}, but must be at least 1")
        self.clip = clip
        self.table = nn.Parameter(torch.empty(2 * clip + 1, shape.head_width))
        nn.init.xavier_uniform_(self.table)

    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        # 2K + 1 products per query, then a gather: a vector for each pair of query and key would not fit.
        logits = q @ self.table.to(q.dtype).T / math.sqrt(self.shape.head_width)
        # This many keys are past the clip for all queries. (Training has none, and skips the check of its positions.)
        far = site.first_query - self.clip if site.first_query > self.clip and site.contiguous else 0
        rows = site.once(("shaw", self.clip), lambda: self.rows(site.distance[..., far:]))
        near = scores[..., far:] + logits.gather(-1, rows.expand(*scores.shape[:-1], -1))
        return torch.cat((scores[..., :far] + logits[..., :1], near), dim=-1) if far else near

    def rows(self, distance: Tensor) -> Tensor:
        """The row of the table for each distance (query - key), int64, of the same shape."""
        return self.clip - distance.clamp(-self.clip, self.clip).round().long()
