"""Wall attention: every token after a key, up to the query, fades each channel of the key by a gate of its own.

    score[i, j] = sum over n of q[i, n] k[j, n] exp(G[i, n] - G[j, n]) / sqrt(D)
    G[t] = sum of log sigmoid(W x[s] + b) over s = 0 .. t           x: the layer's input after its norm

Source: Pai et al. 2026 (Tilde Research), https://blog.tilderesearch.com/blog/wall-attn, and the authors' code in
https://github.com/fla-org/flash-linear-attention (fla/layers/wall_attn.py, fla/ops/wall_attn/naive.py).
Convention: a gate per head and channel. b starts at 8 (`start`), as in the code: a fresh gate keeps all but .03 % of a
channel at each token, and attention is nearly that of `none`. W is drawn by torch's default for a linear layer, as in
fox; the code draws it from N(0, 0.02^2). The code's optional scalar gate (that is fox), window, sink, output gate and
norms of q and k are left out. Gates, sums and products are float32. Causal only: there are no tokens between a query
and a key ahead of it. Odd head widths are fine.

exp(G[i]) and exp(-G[j]) are never factors on their own: over a long row the first is 0 and the second infinite. Fading
is split at a token in between instead, exp(G[i] - G[m]) exp(G[m] - G[j]) with j <= m <= i, where both factors are at
most 1. A block of queries meets all keys before it with m its first token; within the block, m is the middle, for
halves of halves. No tensor of Q x K x D values is made.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.encodings.bases import exactly, of_keys
from benchmark.encodings.encoding import Encoding, Shape, Site

BLOCK = 64  # queries that are scored together


class Wall(Encoding):
    """Per layer, a gate for each channel from C channels."""

    name = "wall"
    title = "Wall (channel gates)"
    source = "https://blog.tilderesearch.com/blog/wall-attn"
    acts = "scores"
    learned = "C(C+1) per layer"
    past = "defined, decays"
    group = "content"
    relative = True
    per_layer = True
    causal_only = True

    def __init__(self, shape: Shape, *, start: float = 8.0) -> None:
        super().__init__(shape)
        self.gate = nn.Linear(shape.width, shape.width)
        nn.init.constant_(self.gate.bias, start)

    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        if scores.numel() == 0:
            return scores
        levels = of_keys(site, "wall", lambda: self.levels(site.hidden))
        # Autocast would run the products in bfloat16, although the factors were computed in float32.
        with torch.autocast(q.device.type, enabled=False):
            asked = q.to(levels.dtype) / math.sqrt(self.shape.head_width)
            return faded(asked, k.to(levels.dtype), levels, site.first_query)

    def levels(self, hidden: Tensor) -> Tensor:
        """G of every token, the logarithm of what is kept of a channel from before the first token, [B, H, K, D]."""
        kept = F.logsigmoid(exactly(self.gate, hidden)).cumsum(dim=1)
        return kept.view(*hidden.shape[:2], self.shape.heads, self.shape.head_width).transpose(1, 2)


def faded(q: Tensor, k: Tensor, levels: Tensor, first: int) -> Tensor:
    """Products of q [B, H, Q, D] and k [B, H, K, D] at levels [B, H, K, D]; 0 for keys ahead; [B, H, Q, K]."""
    rows, keys = [], k.shape[-2]
    for start in range(first, first + q.shape[-2], BLOCK):
        asked = q[..., start - first : start - first + BLOCK, :]
        own = slice(start, start + asked.shape[-2])
        level = levels[..., own, :]
        before = across(asked, level, k[..., :start, :], levels[..., :start, :])
        among = within(asked, k[..., own, :], level)
        rows.append(F.pad(torch.cat((before, among), dim=-1), (0, keys - own.stop)))
    return torch.cat(rows, dim=-2) if len(rows) > 1 else rows[0]


def across(q: Tensor, of_query: Tensor, k: Tensor, of_key: Tensor) -> Tensor:
    """Products of queries and earlier keys, split at the first query, [.., Q, K]."""
    middle = of_query[..., :1, :]
    # Clamped for padding only: no later token has a higher level.
    left, right = q * (of_query - middle).clamp(max=0).exp(), k * (middle - of_key).clamp(max=0).exp()
    return left @ right.transpose(-1, -2)


def within(q: Tensor, k: Tensor, levels: Tensor) -> Tensor:
    """Products of the queries and keys of the same tokens, all [.., T, D]; 0 for keys ahead; [.., T, T].

    Blocks of one token first; each pair of neighbours becomes one block, until there is only one.
    """
    count = q.shape[-2]
    whole = 1 << (count - 1).bit_length()
    q, k, levels = (F.pad(each, (0, 0, 0, whole - count)) for each in (q, k, levels))
    blocks = (q * k).sum(-1)[..., None, None]
    while (size := blocks.shape[-1]) < whole:
        (_, later), (earlier, _), (of_earlier, of_later) = (halves(each, size) for each in (q, k, levels))
        early, late = blocks[..., 0::2, :, :], blocks[..., 1::2, :, :]
        lower = torch.cat((across(later, of_later, earlier, of_earlier), late), dim=-1)
        blocks = torch.cat((F.pad(early, (0, size)), lower), dim=-2)
    return blocks[..., 0, :count, :count]


def halves(x: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """The earlier and the later tokens of blocks of 2 size tokens, each [.., blocks, size, D], from x [.., T, D]."""
    blocks = x.reshape(*x.shape[:-2], -1, 2 * size, x.shape[-1])
    return blocks[..., :size, :], blocks[..., size:, :]
