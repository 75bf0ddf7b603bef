"""TUPE: positions meet positions through matrices of their own, apart from content, next to T5's relative bias.

    score[i, j] = q[i] . k[j] / sqrt(2d) + (U p[i]) . (V p[j]) / sqrt(2d) + b[h, bucket(i - j)]

p holds a learned vector per position, which U and V take to all heads.

Source: Ke et al. 2021, https://arxiv.org/abs/2006.15595, equation 11 (TUPE-R), with
https://github.com/guolinke/TUPE.
Convention: p, U, V and b are shared by all layers, as in both. b is T5's table, with 32 buckets for each direction and
a maximum distance of 128; the code has 16 for each. The code puts p through a LayerNorm and gives U and V biases, which
the equation lacks: here p starts at unit variance, like token embeddings, and U and V at N(0, 1/C). Untying [CLS] from
positions (equation 9) is left out: it is the first token, which has to see a whole sentence, and causal models have
none. The table of p ends at the trained length: past it, evaluation reports "unsupported". Queries are divided by
sqrt(2) and the rest is a bias, so that fused kernels remain in use.
"""

import math

import torch
from torch import Tensor, nn

from benchmark.encodings.bases import by_distance, past_end
from benchmark.encodings.encoding import Encoding, PastEndError, Shape, Site
from benchmark.encodings.t5 import T5


class Tupe(Encoding):
    """A table of `train_length` rows, two C x C matrices, and T5's table."""

    name = "tupe"
    title = "TUPE (untied)"
    source = "https://arxiv.org/abs/2006.15595"
    acts = "bias"
    learned = "L·C + 2C² + 64·H"
    past = "unsupported"

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.max_length = shape.train_length
        self.table = nn.Parameter(torch.randn(shape.train_length, shape.width))
        self.of_query = nn.Parameter(torch.randn(shape.width, shape.width) / math.sqrt(shape.width))
        self.of_key = nn.Parameter(torch.randn(shape.width, shape.width) / math.sqrt(shape.width))
        self.near = T5(shape)

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        return q / math.sqrt(2), k

    def bias(self, site: Site) -> Tensor:
        return site.once(("tupe", self), lambda: self.placed(site) + by_distance(self.near.at, site))

    def placed(self, site: Site) -> Tensor:
        """The score of each query's position with each key's, [B|1, H, Q, K]."""
        if (last := past_end(site.key_positions, self.shape.train_length)) is not None:
            raise PastEndError(
                f"tupe: position {last} is past the end of the table, "
                f"which was trained for positions 0 to {self.shape.train_length - 1}"
            )
        queries = self.by_head(site.query_positions, self.of_query)
        keys = self.by_head(site.key_positions, self.of_key)
        return queries @ keys.transpose(-1, -2) / math.sqrt(2 * self.shape.head_width)

    def by_head(self, positions: Tensor, matrix: Tensor) -> Tensor:
        """The vectors of positions [B|1, P] through a matrix, divided among the heads, [B|1, H, P, d]."""
        projected = self.table[positions] @ matrix.T
        return projected.view(*positions.shape, self.shape.heads, self.shape.head_width).transpose(1, 2)
