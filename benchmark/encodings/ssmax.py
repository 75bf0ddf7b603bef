"""Scalable softmax: each head sharpens its scores with the logarithm of the number of keys, at a rate that it learns.

    score[i, j] = s[h] ln(n[i]) q[i] . k[j] / sqrt(D)        n[i]: the keys that query i sees

As more keys compete, the softmax of scores of the same size grows flat; the factor keeps it sharp.

Source: Nakanishi 2025, https://arxiv.org/abs/2501.19399.
Convention: wraps any encoding that is used in training (`base`); the paper's models have RoPE. One s per layer and
head, and no second term b, which the paper tries and drops. Each s starts at 1 / mean(ln n) over n = 1 .. L, so that
the factor is 1 on average: .168 for the paper's L = 1,024. n counts visible keys, where the PyPI package
`scalable-softmax` takes the row's width; keys that a base hides by its bias, as a window does, count as visible.
Queries are scaled after the inner rotation; a bias is added to the scaled product and not scaled itself, and `rescore`
sees scaled queries. L = 1 counts as 2, since ln 1 is 0.
"""

import math

import torch
from torch import Tensor, nn

from benchmark.encodings.encoding import Shape, Site
from benchmark.encodings.temperature import Temperature


class SSMax(Temperature):
    """One learned number per layer and head."""

    name = "ssmax"
    title = "Scalable softmax"
    source = "https://arxiv.org/abs/2501.19399"
    learned = "H per layer, and as its base"
    past = "as its base, sharper"

    def __init__(self, shape: Shape, *, base: str = "rope") -> None:
        super().__init__(shape, base)
        longest = max(2, shape.train_length)
        self.s = nn.Parameter(torch.full(self.each_layer(shape.heads), longest / math.lgamma(longest + 1)))

    def factor(self, site: Site, dtype: torch.dtype) -> Tensor:
        logarithms = site.once(("ssmax", dtype), lambda: keys_seen(site).to(dtype).log())
        return self.of_layer(self.s, site)[:, None].to(dtype) * logarithms


def keys_seen(site: Site) -> Tensor:
    """The number of keys that each query sees, [B|1, 1, Q]."""
    if site.mask is not None:
        return site.mask.sum(dim=-1)
    first = site.first_query + 1
    return torch.arange(first, first + site.pairs[0], device=site.query_positions.device)[None, None]
