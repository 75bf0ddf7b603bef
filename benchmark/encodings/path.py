"""PaTH: every token after a key, up to the query, turns the key by a Householder-like matrix of its own.

    score[i, j] = q[i]^T H[i] H[i-1] .. H[j+1] k[j] / sqrt(D),   H[s] = I - beta[s] w[s] w[s]^T
    w = normed(silu(conv(low_rank(x)))),   beta = 2 sigmoid(b . x + c)          x: the layer's input after its norm

Source: Yang et al. 2025, https://arxiv.org/abs/2505.16381.
Convention: one w and one beta per head. The depthwise convolution over 3 tokens is part of the paper's w and kept; the
paper names no activation, so the code's SiLU is used. Rank 32 as in the code, set by `rank`. c starts at 0, so beta
starts at 1. The forget-gate extension is a separate encoding, and norms of q and k are architecture: both are left out.
Tokens count, not positions. A token that no later query may see (left padding) turns nothing and enters no convolution.
At least float32 inside, in chunks of CHUNK tokens following the paper's blockwise algorithm: without gradients, little
is held besides the scores. Causal only: there are no tokens between a query and a key ahead of it. Odd head widths are
fine.
"""

import math
from dataclasses import dataclass, field
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.encodings.encoding import Encoding, Shape, Site

CHUNK = 64  # tokens whose turns are merged by one triangular solve


class PaTH(Encoding):
    """Per layer, a low-rank C x C matrix, a convolution over three tokens and a gate with H outputs."""

    name = "path"
    title = "PaTH (Householder)"
    source = "https://arxiv.org/abs/2505.16381"
    acts = "scores"
    learned = "67·C + H(C+1) per layer"
    past = "data-dependent"
    group = "content"
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
        # Autocast would run these products in bfloat16, and rounding errors would build up over a long chain of turns.
        with torch.autocast(q.device.type, enabled=False):
            keys = k.to(exact)
            # Blocks of a call share the chunks, but not under a mask: which keys are unseen depends on the queries.
            kept = {} if site.between_blocks is None or site.mask is not None else site.between_blocks
            if "path" not in kept:
                kept["path"] = chunked(keys, *self.turns(site, exact))
            return turned(scores.to(exact), q.to(exact), keys, kept["path"], site.first_query)

    def turns(self, site: Site, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """The direction w [B, H, K, D] and strength beta [B, H, K, 1] of every token's turn."""
        absent = None if site.mask is None else site.once(("path", "absent"), lambda: unseen(site))[..., None]
        hidden = site.hidden if absent is None else site.hidden.masked_fill(absent, 0)
        padded = F.pad(self.up(self.down(hidden)), (0, 0, 2, 0))
        shifted = torch.stack([padded[:, n : n + hidden.shape[1]] for n in range(3)])  # two back, one back, own
        mixed = F.silu((self.taps[:, None, None] * shifted).sum(dim=0)).to(dtype)
        w = F.normalize(mixed.view(*mixed.shape[:2], self.shape.heads, self.shape.head_width), dim=-1)
        beta = 2 * self.gate(hidden).to(dtype).sigmoid()
        if absent is not None:
            beta = beta.masked_fill(absent, 0)
        return w.transpose(1, 2), beta.transpose(1, 2)[..., None]


def unseen(site: Site) -> Tensor:
    """Mask of the tokens that are followed by queries but seen by none of them, [B|1, K]."""
    keys = torch.arange(site.key_positions.shape[1], device=site.visible.device)
    later = keys[site.first_query :][: site.visible.shape[-2], None] > keys
    return (later.any(dim=-2) & ~(later & site.visible).any(dim=-2))[:, 0]


@dataclass(frozen=True, kw_only=True)
class Chunks:
    """N consecutive chunks of C tokens, each with its turns merged; the last chunk is padded with idle tokens.

    Let W be the directions, L the strictly lower part of beta W W^T, and T = (I + L)^-1. Within a chunk,
    H[i] .. H[j+1] is then I - W[..i]^T T beta W[j+1..].
    """

    keys: Tensor  # K, [B, H, N, C, D]
    ways: Tensor  # W, [B, H, N, C, D]
    merged: Tensor  # T beta W, [B, H, N, C, D]
    met: Tensor  # T beta times the strictly lower part of W K^T, [B, H, N, C, C]
    latest: dict[int, Tensor] = field(default_factory=dict)

    @cached_property
    def passing(self) -> Tensor:
        """The matrix that carries a later query back across each chunk, [B, H, N, D, D]."""
        return self.stay - self.ways.transpose(-1, -2) @ self.merged

    @cached_property
    def turned(self) -> Tensor:
        """The keys of each chunk as the first token after it sees them, [B, H, N, C, D]."""
        return self.keys - self.met.transpose(-1, -2) @ self.ways

    def before(self, chunk: int) -> Tensor:
        """All keys before a chunk, as its first token sees them, [B, H, chunk * C, D].

        The latest are kept: the next block of queries in the same chunk reuses them, and the next chunk builds on them.
        """
        if chunk - 1 in self.latest:
            carried = self.latest.pop(chunk - 1) @ self.passing[..., chunk - 1, :, :].transpose(-1, -2)
            self.latest[chunk] = torch.cat((carried, self.turned[..., chunk - 1, :, :]), dim=-2)
        elif chunk not in self.latest:
            way = [self.stay.expand_as(self.passing[..., 0, :, :])]
            for between in reversed(range(1, chunk)):
                way.append(way[-1] @ self.passing[..., between, :, :])
            keys = self.turned[..., :chunk, :, :] @ torch.stack(way[::-1], dim=-3).transpose(-1, -2)
            self.latest.clear()
            self.latest[chunk] = keys.flatten(-3, -2)
        return self.latest[chunk]

    @property
    def stay(self) -> Tensor:
        """The identity, [D, D]."""
        return torch.eye(self.ways.shape[-1], dtype=self.ways.dtype, device=self.ways.device)


def chunked(k: Tensor, w: Tensor, beta: Tensor) -> Chunks:
    """Build chunks from keys k and directions w, both [B, H, K, D], and strengths beta [B, H, K, 1]."""
    count = max(1, math.ceil(k.shape[-2] / CHUNK))
    size = max(1, math.ceil(k.shape[-2] / count))
    if idle := count * size - k.shape[-2]:
        k, w, beta = (F.pad(each, (0, 0, 0, idle)) for each in (k, w, beta))
    keys, ways, strength = (each.reshape(*each.shape[:2], count, size, each.shape[-1]) for each in (k, w, beta))
    system = strength * (ways @ ways.transpose(-1, -2)).tril(-1)
    right = strength * torch.cat((ways, (ways @ keys.transpose(-1, -2)).tril(-1)), dim=-1)
    solved = torch.linalg.solve_triangular(system, right, upper=False, unitriangular=True)
    merged, met = solved.split((ways.shape[-1], size), dim=-1)
    return Chunks(keys=keys, ways=ways, merged=merged, met=met)


def turned(scores: Tensor, q: Tensor, k: Tensor, chunks: Chunks, first: int) -> Tensor:
    """Scores [B, H, Q, K] of q and k with the turns between them; those of keys ahead are always masked.

    Queries are handled chunk by chunk: each is carried back to the start of its chunk, where it meets all earlier keys.
    """
    scale, size, end = 1 / math.sqrt(q.shape[-1]), chunks.ways.shape[-2], first + q.shape[-2]
    own = range(first // size, math.ceil(end / size))
    counts = [min((chunk + 1) * size, end) - max(chunk * size, first) for chunk in own]
    if not counts:
        return scores
    rows = []
    parts_of_q, parts_of_scores = torch.split(q, counts, dim=-2), torch.split(scores, counts, dim=-2)
    for chunk, asked, asking in zip(own, parts_of_q, parts_of_scores, strict=True):
        start, stop = chunk * size, min((chunk + 1) * size, k.shape[-2])
        passed = (asked @ chunks.ways[..., chunk, :, :].transpose(-1, -2)).tril(max(0, first - start))
        near = torch.sub(asking[..., start:stop], passed @ chunks.met[..., chunk, :, : stop - start], alpha=scale)
        parts = [near]
        if chunk:
            carried = asked - passed @ chunks.merged[..., chunk, :, :]
            left = torch.cat((carried, -asked), dim=-1)
            right = torch.cat((chunks.before(chunk), k[..., :start, :]), dim=-1)
            parts.insert(0, added(asking[..., :start], left, right, scale))
        if stop < k.shape[-2]:
            parts.append(asking[..., stop:])
        rows.append(torch.cat(parts, dim=-1) if len(parts) > 1 else near)
    return torch.cat(rows, dim=-2) if len(rows) > 1 else rows[0]


def added(scores: Tensor, left: Tensor, right: Tensor, scale: float) -> Tensor:
    """Scores [B, H, Q, K] + scale * left [B, H, Q, W] right^T [B, H, K, W], in two passes over the scores."""
    flat, left, right = scores.flatten(0, 1), left.flatten(0, 1), right.flatten(0, 1)
    return torch.baddbmm(flat, left, right.transpose(-1, -2), alpha=scale).view(scores.shape)
