"""PaTH: every token on the way from key to query turns the key by a Householder-like matrix of its own.

    score[i, j] = q[i]^T H[i] H[i-1] .. H[j+1] k[j] / sqrt(D),   H[s] = I - beta[s] w[s] w[s]^T
    w = normed(silu(conv(low_rank(x)))),   beta = 2 sigmoid(b . x + c)          x: the layer's input after its norm

Source: Yang et al. 2025, https://arxiv.org/abs/2505.16381.
Convention: one w and beta a head. The convolution (3 tokens, each channel by itself) is part of the paper's w and kept;
the paper names no activation, its code has SiLU: taken. Rank 32 as in the code, set by `rank`. c starts at 0, so beta
at 1. Its extension by a forget gate is another encoding's, norms of q and k are architecture: left out. Tokens count,
not positions. A token that no later query may see (left padding) turns nothing and enters no convolution. At least
float32 inside, in chunks of CHUNK tokens after its blockwise algorithm, so that little more than the scores is held.
Causal only: ahead of the query there is no way. An odd head width is a width like any other.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.encodings.encoding import Encoding, Shape, Site

CHUNK = 64  # tokens whose turns are merged by one triangular solve


class PaTH(Encoding):
    """A low-rank matrix C x C, a convolution of three tokens, and a gate of H outputs a layer."""

    name = "path"
    title = "PaTH (Householder)"
    source = "https://arxiv.org/abs/2505.16381"
    acts = "scores"
    learned = "67·C + H(C+1) a layer"
    past = "data dependent"
    relative = True
    per_layer = True
    causal_only = True

    def __init__(self, shape: Shape, *, rank: int = 32) -> None:
        super().__init__(shape)
        if rank < 1:
            raise ValueError(f"path: rank is {rank}, but must be at least 1")
        self.down = nn.Linear(shape.width, rank, bias=False)
        self.up = nn.Linear(rank, shape.width, bias=False)
        self.taps = nn.Parameter(torch.empty(3, shape.width).uniform_(-(3**-0.5), 3**-0.5))
        self.gate = nn.Linear(shape.width, shape.heads)
        nn.init.zeros_(self.gate.bias)

    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        exact = torch.promote_types(scores.dtype, torch.float32)
        w, beta = self.turns(site, exact)
        # Autocast would round the products inside to bfloat16, and a long chain of turns with them.
        with torch.autocast(q.device.type, enabled=False):
            change = turned(q.to(exact), k.to(exact), w, beta, site.first_query)
        return scores + change / math.sqrt(self.shape.head_width)

    def turns(self, site: Site, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """The direction w [B, H, K, D] and the strength beta [B, H, K, 1] of every token's turn."""
        absent = site.once(("path", "absent"), lambda: unseen(site))[..., None]
        hidden = site.hidden.masked_fill(absent, 0)
        padded = F.pad(self.up(self.down(hidden)), (0, 0, 2, 0))
        shifted = torch.stack([padded[:, n : n + hidden.shape[1]] for n in range(3)])  # two before, one before, own
        mixed = F.silu((self.taps[:, None, None] * shifted).sum(dim=0)).to(dtype)
        w = F.normalize(mixed.view(*mixed.shape[:2], self.shape.heads, self.shape.head_width), dim=-1)
        beta = 2 * self.gate(hidden).to(dtype).sigmoid().masked_fill(absent, 0)
        return w.transpose(1, 2), beta.transpose(1, 2)[..., None]


def unseen(site: Site) -> Tensor:
    """Tokens that queries follow and none of those may see, [B|1, K]."""
    keys = torch.arange(site.key_positions.shape[1], device=site.visible.device)
    later = keys[site.first_query :][: site.visible.shape[-2], None] > keys
    return (later.any(dim=-2) & ~(later & site.visible).any(dim=-2))[:, 0]


def turned(q: Tensor, k: Tensor, w: Tensor, beta: Tensor, first: int) -> Tensor:
    """What the turns on the way add to q . k, [B, H, Q, K]; of keys ahead of the query it is never seen.

    From the last chunk back to the first, all queries that follow are carried to its beginning. Inside a chunk, with
    L the strictly lower part of beta W W^T and T = (I + L)^-1: H[i] .. H[j+1] = I - W[..i]^T T beta W[j+1..].
    """
    lowest = q.shape[-2]
    carried = q[..., lowest:, :]
    changes: list[Tensor] = []
    for start in reversed(range(0, max(1, k.shape[-2]), CHUNK)):
        keys, own, strength = (each[..., start : start + CHUNK, :] for each in (k, w, beta))
        since, lowest = lowest, min(max(start - first, 0), q.shape[-2])
        carried = torch.cat((q[..., lowest:since, :], carried), dim=-2)
        system = strength * (own @ own.transpose(-1, -2)).tril(-1)
        right = strength * torch.cat((own, (own @ keys.transpose(-1, -2)).tril(-1)), dim=-1)
        solved = torch.linalg.solve_triangular(system, right, upper=False, unitriangular=True)
        merged, met = solved.split((own.shape[-1], keys.shape[-2]), dim=-1)
        passed = (carried @ own.transpose(-1, -2)).tril(first + lowest - start)
        change = (carried - q[..., lowest:, :]) @ keys.transpose(-1, -2) - passed @ met
        changes.append(F.pad(change, (0, 0, lowest, 0)))
        carried = carried - passed @ merged
    return torch.cat(changes[::-1], dim=-1)
