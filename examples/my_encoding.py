"""Log distance: each head lowers a score in proportion to the logarithm of distance, at a rate that it learns.

    score[i, j] += -softplus(rate[h]) * log(1 + |i - j|)

Softmax turns this into weights that fall as a power of distance, so that far words fade but never vanish.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.encodings.encoding import RelativeBias, Shape


class LogDistance(RelativeBias):
    """One learned rate per head."""

    name = "log-distance"
    title = "Log distance (example)"
    source = "https://arxiv.org/abs/2205.09921"  # KERPLE, whose logarithmic kernel this simplifies
    learned = "H"
    past = "defined, decays"

    def __init__(self, shape: Shape, *, rate: float = 1.0) -> None:
        super().__init__(shape)
        self.rate = nn.Parameter(torch.full((shape.heads,), rate))

    def at(self, distance: Tensor) -> Tensor:
        """The bias of every head at each distance, [H, ...]."""
        rates = F.softplus(self.rate).view(-1, *(1,) * distance.dim())
        return -rates * torch.log1p(distance.abs().float())
