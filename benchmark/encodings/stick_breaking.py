"""Stick-breaking: from the nearest key to the farthest, each takes a share of the attention that is still left.

    weight[i, j] = s[i, j] * product of (1 - s[i, l]) over l = j + 1 .. i - 1,   s = sigmoid(q . k / sqrt(D)),   j < i

Order enters through the product: of two keys with equal scores, the nearer takes more. There is no softmax.

Source: Tan et al. 2024, https://arxiv.org/abs/2410.17980 (with https://github.com/shawntan/stickbreaking-attention).
Convention: as in the paper, a query does not attend to itself, and what is left at the end goes nowhere: the weights of
a query sum to less than 1, and the first token attends to nothing. The code offers both as options (`attend_current`,
and the remainder times the query's own value); they are left out. Tokens count, not positions; a hidden key takes
nothing. Logarithms and their sums are at least float32. Causal only: there are no tokens between a query and a key
ahead of it.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.encodings.encoding import Encoding, Site


class StickBreaking(Encoding):
    """No parameters."""

    name = "stick-breaking"
    title = "Stick-breaking"
    source = "https://arxiv.org/abs/2410.17980"
    acts = "weights"
    past = "defined, decays"
    group = "content"
    relative = True
    causal_only = True

    def weigh(self, scores: Tensor, site: Site) -> Tensor:
        exact = torch.promote_types(scores.dtype, torch.float32)
        earlier = site.once("stick-breaking", lambda: site.visible.tril(site.first_query - 1))
        # 0 in place of -inf: its sigmoid has no gradient, and 0 times inf is NaN.
        z = scores.to(exact).masked_fill(~earlier, 0)
        left = F.logsigmoid(-z).masked_fill(~earlier, 0)
        # log sigmoid(z) = z + log sigmoid(-z): a key's share is its score and its own term in the sum.
        log_weights = z + left.flip(-1).cumsum(-1).flip(-1)
        return log_weights.exp().masked_fill(~earlier, 0)
