"""Attention sinks: each head has a score of its own that competes with the keys, and what it wins goes nowhere.

    weight[i, j] = exp(score[i, j]) / (exp(sink[h]) + sum over keys l of exp(score[i, l]))

Source: gpt-oss, https://arxiv.org/abs/2508.10925 (formula as in transformers' `gpt_oss`); a learned denominator of
softmax, after the sink tokens of Xiao et al. 2023, https://arxiv.org/abs/2309.17453.
Convention: wraps any encoding that is used in training and leaves softmax to do its work (`base`): with RoPE as in
gpt-oss, or `none`. One sink per layer and head, drawn with standard deviation .02 as in transformers. The sum is at
least float32.
"""

import torch
from torch import Tensor, nn

from benchmark.encodings.bases import Wrapper
from benchmark.encodings.encoding import Shape, Site
from benchmark.encodings.temperature import trained

DEVIATION = 0.02


class Sinks(Wrapper):
    """One learned number per layer and head."""

    name = "sinks"
    title = "Attention sinks (gpt-oss)"
    source = "https://arxiv.org/abs/2508.10925"
    acts = "weights"
    learned = "H per layer, and as its base"
    past = "as its base"
    wraps = "base"

    def __init__(self, shape: Shape, *, base: str = "rope") -> None:
        inner = trained("sinks", base, shape)
        if inner.acts == "weights":
            raise ValueError(f"sinks: base is {base}, but must be an encoding that leaves the softmax as it is")
        super().__init__(shape, inner)
        self.sinks = nn.Parameter(torch.randn(self.each_layer(shape.heads)) * DEVIATION)

    def weigh(self, scores: Tensor, site: Site) -> Tensor:
        exact = torch.promote_types(scores.dtype, torch.float32)
        total = scores.to(exact).logsumexp(dim=-1, keepdim=True)
        sinks = self.of_layer(self.sinks, site)[:, None, None].to(exact)
        kept = (total - sinks).sigmoid()  # the share of the keys
        return super().weigh(scores, site) * kept.to(scores.dtype)
