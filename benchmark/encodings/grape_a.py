"""GRAPE-A, additive GRAPE: a linear bias like ALiBi's, whose slope each key sets by its content.

    score[i, j] -= |i - j| * softplus(w[h]) * m[h] * softplus(u[h] . k[j] / sqrt(d)),   |u[h]| = 1

with m[h] the slopes of ALiBi.

Source: Zhang et al. 2025, https://arxiv.org/abs/2512.07805, section 4.1, equation 4.6; what the text leaves open is as
in the authors' code, https://github.com/model-architectures/GRAPE (llama-mha-grape-a-keygated.py).
Convention: equation 4.6 adds a gate of the query, softplus(v[h] . q[i] / sqrt(d)), to that of the key. The paper's
tables have all three forms: with the key's gate, GRAPE-A-K, the default here; with both, GRAPE-A-QK (`queries=true`);
and with the query's, GRAPE-A-Q (`queries=true:keys=false`). The unit norm of u and v, the slopes m and the softplus of
w are the code's; the paper has one rate omega. softplus(w) starts at 1, and u and v are drawn from N(0, 1/d). The
norms of q and k are architecture and left out. Distances and gates are float32. In bidirectional attention the distance
is absolute; the code, which is causal, counts it as 0 for keys ahead. Any head count, any head width.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.encodings.alibi import slopes
from benchmark.encodings.encoding import Encoding, Shape, Site


class GrapeA(Encoding):
    """Per layer, a rate per head and a vector of head width for each gate and head."""

    name = "grape-a"
    title = "GRAPE-A (gated slopes)"
    source = "https://arxiv.org/abs/2512.07805"
    acts = "scores"
    learned = "C + H per layer"
    past = "defined, decays"
    group = "content"
    relative = True
    per_layer = True

    def __init__(self, shape: Shape, *, keys: bool = True, queries: bool = False) -> None:
        super().__init__(shape)
        if not keys and not queries:
            raise ValueError("grape-a: keys and queries are both false, but at least one must set the slope")
        self.rate = nn.Parameter(torch.full((shape.heads,), math.log(math.expm1(1.0))))
        self.of_key = direction(shape) if keys else None
        self.of_query = direction(shape) if queries else None

    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        exact = torch.promote_types(scores.dtype, torch.float32)
        rate = F.softplus(self.rate.to(exact)) * slopes(self.shape.heads, exact, scores.device)
        slope = scores.new_zeros((), dtype=exact)
        if self.of_key is not None:
            slope = slope + gate(k.to(exact), self.of_key)[..., None, :]
        if self.of_query is not None:
            slope = slope + gate(q.to(exact), self.of_query)[..., None]
        distance = site.once(("grape-a", exact), lambda: site.distance.abs().to(exact))
        return torch.addcmul(scores.to(exact), distance, rate[:, None, None] * slope, value=-1)


def direction(shape: Shape) -> nn.Parameter:
    """The vector of each head that a gate reads along, [H, D]."""
    return nn.Parameter(torch.randn(shape.heads, shape.head_width) / math.sqrt(shape.head_width))


def gate(x: Tensor, along: Tensor) -> Tensor:
    """Open the gate of each token by its x [B, H, T, D] along a unit vector per head [H, D]; [B, H, T]."""
    unit = F.normalize(along.to(x.dtype), dim=-1)[:, None]
    return F.softplus((x * unit).sum(dim=-1) / math.sqrt(x.shape[-1]))
