"""DAPE: a small network across the heads adapts the position bias of every pair of tokens to their content scores.

    score[i, j] = A[i, j] + B[i, j] + MLP([A[i, j]; B[i, j]])
    MLP(x) = W2 leaky_relu(W1 x + b1),   from 2H numbers to H

with A the scores q . k / sqrt(D) of all heads, and B their KERPLE biases (log).

Source: Zheng et al. 2024, https://arxiv.org/abs/2405.14722, section 3.
Convention: 32 hidden units (`hidden`), slope .01 and torch's own draws, as in the official code, and B drawn as
kerple-log draws it; all of it once a layer. The code's last offset is left out: softmax ignores what all keys have in
common. A key that is not visible enters the network as A = 0: -inf would make its gradients NaN. A and B are float32
at least. Both ways, B takes distances without their sign. Any head count, any head width. Memory: training keeps the
hidden values of every pair of tokens; without gradients there are those of one row of the batch at a time.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.encodings.kerple_log import KerpleLog


class Dape(Encoding):
    """A network from 2H to H numbers and the 2H numbers of KERPLE, a layer."""

    name = "dape"
    title = "DAPE (KERPLE log)"
    source = "https://arxiv.org/abs/2405.14722"
    acts = "scores"
    learned = "98·H + 32 a layer"
    past = "defined, as KERPLE"
    relative = True
    per_layer = True

    def __init__(self, shape: Shape, *, hidden: int = 32) -> None:
        super().__init__(shape)
        if hidden < 1:
            raise ValueError(f"dape: hidden is {hidden}, but must be at least 1")
        self.kerple = KerpleLog(shape)
        self.widen = nn.Linear(2 * shape.heads, hidden)
        self.narrow = nn.Linear(hidden, shape.heads, bias=False)

    def schedule(self, done: float) -> None:
        self.kerple.schedule(done)

    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        bias = self.kerple.bias(site)
        exact = torch.promote_types(scores.dtype, bias.dtype)  # a bias is float32 at least
        content = scores.to(exact).masked_fill(~site.visible, 0)
        return content + bias + self.adapt(content, bias.to(exact))

    def adapt(self, content: Tensor, bias: Tensor) -> Tensor:
        """The network's H outputs for A [B, H, Q, K] and B [B|1, H, Q, K], [B, H, Q, K]."""
        exact = content.dtype
        first, offset, second = (w.to(exact) for w in (self.widen.weight, self.widen.bias, self.narrow.weight))
        weights, back = torch.cat((first, offset[:, None]), dim=1)[None], second[None]  # the offset's input is 1
        # With gradients all rows at once; without, one at a time, whose hidden values a cache may hold.
        size = len(content) if torch.is_grad_enabled() else 1
        adapted = []
        with torch.autocast(content.device.type, enabled=False):  # which would round content and bias to bfloat16
            for part, own in zip(torch.split(content, size), torch.split(bias.expand_as(content), size), strict=True):
                inputs = torch.cat((part, own, torch.ones_like(part[:, :1])), dim=1).flatten(2)
                units = weights.expand(len(part), -1, -1).bmm(inputs)
                adapted.append(back.expand(len(part), -1, -1).bmm(F.leaky_relu_(units)))
        return torch.cat(adapted).view_as(content)
