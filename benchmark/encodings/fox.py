"""FoX, the forgetting transformer: every token after a key, up to the query, may lower the key's score.

    f[t] = sigmoid(w[h] . x[t] + b[h])           x: the layer's input after its norm
    score[i, j] += sum of log f[t] over t = j + 1 .. i

Source: Lin et al. 2025, https://arxiv.org/abs/2503.02130, section 3.
Convention: one gate per head and token; b starts at 0, so a fresh gate keeps about half at each token. The "Pro" block
of the paper (output gates, norms of q and k, token shift) is architecture and left out. Sums are float32. Causal only:
there are no tokens between a query and a key ahead of it. Odd head widths are fine.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.encodings.encoding import Encoding, Shape, Site


class Fox(Encoding):
    """A gate with H outputs per layer."""

    name = "fox"
    title = "FoX (forgetting)"
    source = "https://arxiv.org/abs/2503.02130"
    acts = "bias"
    learned = "H(C+1) per layer"
    past = "defined, decays"
    group = "content"
    relative = True
    per_layer = True
    causal_only = True

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.gate = nn.Linear(shape.width, shape.heads)
        nn.init.zeros_(self.gate.bias)

    def bias(self, site: Site) -> Tensor:
        """[B, H, Q, K]; the values for keys ahead of the query are always masked."""
        kept = self.kept(site.hidden)
        queries = kept[..., site.first_query : site.first_query + site.query_positions.shape[1]]
        return queries[..., :, None] - kept[..., None, :]

    def kept(self, hidden: Tensor) -> Tensor:
        """Logarithm of the share kept from before the first token up to each, [B, H, K]."""
        logits: Tensor = self.gate(hidden)
        # At least float32: in bfloat16 a sum stops growing long before the sequence ends.
        exact = logits.to(torch.promote_types(logits.dtype, torch.float32))
        return F.logsigmoid(exact).cumsum(dim=1).transpose(1, 2)
