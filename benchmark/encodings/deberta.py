"""DeBERTa: content meets content, content meets relative position, and relative position meets content.

    score[i, j] = (q[i] . k[j] + q[i] . kr[x] + k[j] . qr[x]) / sqrt(3 d)
    x = clip(i - j, -K, K - 1),   kr[x] = Wk P[x],   qr[x] = Wq P[x]

P holds a learned vector for each distance.

Source: He et al. 2021, https://arxiv.org/abs/2006.03654, section 3.1 and algorithm 1; transformers, `deberta_v2`.
Convention: as in the authors' code and transformers, both terms read P at the distance from query to key. The paper's
equation 4 and algorithm 1 read the position-to-content term at the opposite distance, j - i: the rows of Wq P in
reverse order. P is shared by all layers, Wk and Wq belong to a layer, without the code's biases. P starts at unit
variance and the matrices at N(0, 1/C), like the model's own embeddings and matrices; the code draws all of them from
N(0, .02^2). `clip` sets K; 0 means the trained length, as in the paper (512). DeBERTa-v2's other changes are left out:
logarithmic buckets, a LayerNorm on P, and projections shared with content. Absolute positions before the output layer
are architecture. Fractional distances are rounded. Odd head widths are fine.
"""

import math

import torch
from torch import Tensor, nn

from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.encodings.wavelet import distinct_distances, keys_behind


class Deberta(Encoding):
    """A table of 2K vectors, and two C x C matrices per layer."""

    name = "deberta"
    title = "DeBERTa (disentangled)"
    source = "https://arxiv.org/abs/2006.03654"
    acts = "scores"
    learned = "2L·C, and 2C² per layer"
    past = "defined, clips"
    relative = True

    def __init__(self, shape: Shape, *, clip: int = 0) -> None:
        super().__init__(shape)
        if clip < 0:
            raise ValueError(f"deberta: clip is {clip}, but must be at least 1, or 0 for the trained length")
        self.clip = clip or shape.train_length
        self.scale = 1 / math.sqrt(3 * shape.head_width)
        self.table = nn.Parameter(torch.randn(2 * self.clip, shape.width))
        self.of_key = nn.Parameter(torch.randn(shape.layers, shape.width, shape.width) / math.sqrt(shape.width))
        self.of_query = nn.Parameter(torch.randn(shape.layers, shape.width, shape.width) / math.sqrt(shape.width))

    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        if scores.numel() == 0:
            return scores
        far = keys_behind(site, self.clip - 1)  # their distances are clipped to one, for all queries
        distances, places = site.once(
            ("deberta", self.clip), lambda: distinct_distances(site, -self.clip, self.clip - 1, far)
        )
        rows = self.table[self.clip + distances]
        keys, queries = (self.by_head(rows, own[site.layer], q.dtype) for own in (self.of_key, self.of_query))
        asked = q @ keys.transpose(-1, -2)  # content to position, [B, H, Q, D]
        found = k[..., far:, :] @ queries.transpose(-1, -2)  # position to content, [B, H, K - far, D]
        shape, near = scores.shape, scores[..., far:] / math.sqrt(3)
        near = near + self.scale * asked.gather(-1, places.expand(*shape[:-1], -1))
        # Each key picks the distances of its queries, hence the transposition.
        mirrored = places.transpose(-1, -2).expand(*shape[:2], -1, -1)
        near = near + self.scale * found.gather(-1, mirrored).transpose(-1, -2)
        if not far:
            return near
        placed = asked[..., :1] + (k[..., :far, :] @ queries[:, :1].transpose(-1, -2)).transpose(-1, -2)
        return torch.cat((scores[..., :far] / math.sqrt(3) + self.scale * placed, near), dim=-1)

    def by_head(self, rows: Tensor, matrix: Tensor, dtype: torch.dtype) -> Tensor:
        """Rows [D, C] through a matrix, divided among the heads, [H, D, d]."""
        projected = (rows @ matrix.T).to(dtype)
        return projected.view(-1, self.shape.heads, self.shape.head_width).transpose(0, 1)
