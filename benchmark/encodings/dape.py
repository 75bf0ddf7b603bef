"""DAPE: a small network across heads adapts the position bias of every pair of tokens to their content scores.

    score[i, j] = A[i, j] + B[i, j] + MLP([A[i, j]; B[i, j]])
    MLP(x) = W2 leaky_relu(W1 x + b1),   from 2H numbers to H

where A holds the scores q . k / sqrt(D) of all heads, and B their KERPLE biases (log).

Source: Zheng et al. 2024, https://arxiv.org/abs/2405.14722, section 3.
Convention: 32 hidden units (`hidden`), slope .01 and torch's default initialisation, as in the official code; B is
initialised as in kerple-log; all of it per layer. The code's final bias is omitted: softmax ignores a constant added to
all keys. Masked keys enter the network as A = 0: -inf would make its gradients NaN. A and B are at least float32. In
bidirectional attention, B ignores the sign of the distance. Any head count, any head width. Memory: training keeps the
hidden values of every pair of tokens; without gradients only those of a few thousand pairs exist at a time, or on a GPU
those of one row.
"""

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.encodings.bases import by_distance
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.encodings.kerple_log import KerpleLog

PAIRS = 4096  # pairs whose hidden values are held at once on a CPU without gradients (float32: 512 KiB)
FINITE = -1e30  # in place of -inf: below any score, and well within the range of float32


class Dape(Encoding):
    """Per layer, a network from 2H to H numbers and the 2H numbers of KERPLE."""

    name = "dape"
    title = "DAPE (KERPLE log)"
    source = "https://arxiv.org/abs/2405.14722"
    acts = "scores"
    learned = "98·H + 32 per layer"
    past = "defined, like KERPLE"
    group = "content"
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
        bias = by_distance(self.kerple.at, site)
        exact = torch.promote_types(scores.dtype, bias.dtype)  # a bias is at least float32
        with torch.autocast(scores.device.type, enabled=False):  # it would round content and bias to bfloat16
            if not torch.is_grad_enabled():
                return self.in_parts(scores.to(exact), bias.to(exact))
            content = scores.to(exact).masked_fill(~site.visible, 0)
            return content + bias + self.adapt(content, bias.to(exact))

    def adapt(self, content: Tensor, bias: Tensor) -> Tensor:
        """Apply the network to A [B, H, Q, K] and B [B|1, H, Q, K]; returns [B, H, Q, K]."""
        widen, narrow = self.weights(content.dtype)
        inputs = torch.cat((content, bias.expand_as(content), torch.ones_like(content[:, :1])), dim=1).flatten(2)
        units = F.leaky_relu_(widen.expand(len(content), -1, -1).bmm(inputs))
        return narrow.expand(len(content), -1, -1).bmm(units).view_as(content)

    def in_parts(self, scores: Tensor, bias: Tensor) -> Tensor:
        """The final scores without gradients; on a CPU, PAIRS pairs of a row at a time so that units fit in cache.

        Masked scores are -inf and stay so, whatever the network returns for them, as long as that is finite.
        """
        widen, narrow = self.weights(scores.dtype)
        heads, pairs = scores.shape[1], scores.shape[2:].numel()
        rows, biases = scores.flatten(2), bias.flatten(2)
        size = PAIRS if scores.device.type == "cpu" else max(1, pairs)
        inputs = widen.new_ones(2 * heads + 1, min(size, pairs))
        final = torch.empty_like(rows)
        for start, row in itertools.product(range(0, pairs, size), range(len(rows))):
            part = slice(start, start + size)
            content, own = rows[row, :, part], biases[row % len(biases), :, part]
            given = inputs[:, : content.shape[1]]
            torch.clamp(content, min=FINITE, out=given[:heads])
            if row < len(biases):  # a bias shared by all rows is there already
                given[heads : 2 * heads] = own
            torch.addmm(content + own, narrow, F.leaky_relu_(widen @ given), out=final[row, :, part])
        return final.view_as(scores)

    def weights(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """W1 with b1 as its last column, [hidden, 2H + 1], for inputs that end in a 1, and W2, [H, hidden]."""
        widen = torch.cat((self.widen.weight, self.widen.bias[:, None]), dim=1)
        return widen.to(dtype), self.narrow.weight.to(dtype)
