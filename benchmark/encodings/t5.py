"""T5: one learned number per head and bucket of distances; exact when near, logarithmic when far.

    score[i, j] += b[bucket(i - j), h]
    bucket(x) = x                                                              for 0 <= x < n/2
              = min(n - 1, n/2 + floor(n/2 * log(x / (n/2)) / log(m / (n/2)))) beyond
    bucket(x) = n + bucket(-x)                                                 for x < 0, a key ahead

with n = `buckets` and m = `max_distance`: the last of 32 buckets begins at distance 113. A model trained on shorter
rows meets the farther buckets as they were initialised; a `max_distance` no larger than the trained length avoids that.

Source: Raffel et al. 2020, https://arxiv.org/abs/1910.10683, section 2.1.
Convention: n buckets per side. Causal attention uses the n behind, which are those of T5's decoder; bidirectional
attention follows the rule of T5's encoder with 2n. One table shared by all layers, as in T5. T5 does not divide q . k
by sqrt(d); here scores are scaled as for every encoding, and the bias is added unscaled. The table is initialised as in
T5, from N(0, 1/C). n is even: an odd one would leave a distance without its own bucket.
"""

import math

import torch
from torch import Tensor, nn

from benchmark.encodings.bases import RelativeBias
from benchmark.encodings.encoding import Shape


class T5(RelativeBias):
    """A table of 2n rows of H numbers."""

    name = "t5"
    title = "T5 buckets"
    source = "https://arxiv.org/abs/1910.10683"
    acts = "bias"
    learned = "64·H"
    past = "last bucket"
    relative = True

    starts: Tensor

    def __init__(self, shape: Shape, *, buckets: int = 32, max_distance: int = 128) -> None:
        super().__init__(shape)
        if buckets < 2 or buckets % 2:
            raise ValueError(f"t5: buckets is {buckets}, but must be even and at least 2")
        if max_distance <= buckets // 2:
            raise ValueError(f"t5: max_distance is {max_distance}, but must be above buckets / 2 = {buckets // 2}")
        self.buckets = buckets
        self.max_distance = max_distance
        self.table = nn.Parameter(torch.randn(2 * buckets, shape.heads) / math.sqrt(shape.width))
        self.register_buffer("starts", first_distances(buckets, max_distance), persistent=False)

    def at(self, distance: Tensor) -> Tensor:
        return self.table[self.bucket(distance)].movedim(-1, 0)

    def bucket(self, distance: Tensor) -> Tensor:
        """The row of the table for each distance, int64, of the same shape; a distance counts in whole tokens."""
        away = distance.abs().long()
        return torch.bucketize(away, self.starts, right=True) + self.buckets * (distance < 0)


def first_distances(buckets: int, max_distance: int) -> Tensor:
    """The smallest distance in each bucket but the first, int64 [n - 1].

    Computed once, on the CPU, since an Apple GPU has no float64. In float32 a distance would change its bucket.
    """
    exact = buckets // 2
    steps = torch.arange(1, buckets - exact, dtype=torch.float64)
    guess = (exact * (max_distance / exact) ** (steps / (buckets - exact))).long()
    near = guess[:, None] + torch.arange(-1, 3)  # rounding may have put the guess one off
    found = (near.double() / exact).log() / math.log(max_distance / exact) * (buckets - exact)
    starts = near[:, -1] - (found.long() >= steps[:, None]).sum(dim=1) + 1
    return torch.cat((torch.arange(1, exact + 1), starts))
