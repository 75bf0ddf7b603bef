"""The shared attention interface: one attention for every encoding, through the hooks of the contract.

    rotate -> scores / sqrt(D) -> + bias -> mask -> rescore -> mask -> softmax -> values

The kernel is chosen by what the encoding's hooks return, never by its name:

    no bias, no rescore      fused causal attention
    bias                     fused attention with the bias as its mask
    bias of distance alone   the same, and without gradients the mask is a view: no Q x K of it is made
    bias known pair by pair  on a GPU, of long rows without gradients, the kernel makes it as it goes (`flex`)
    rescore, or weights      the scores themselves (eager)

Shapes: B batch, H heads, Q queries, K keys, D head width, C model width.
"""

import math
from dataclasses import replace

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model import flex

# Scores held at once when no gradient is needed, in elements (float32: 8 MiB); past it, queries go in blocks. On a
# processor blocks are faster, too. The five lengths of `corpus` with blocks of 4, 2 and 1 million scores: CoPE 4.6, 3.7
# and 3.5 s, PaTH 4.7, 4.6 and 4.7, Shaw 2.9, 2.5 and 2.5, Transformer-XL 2.9, 2.8 and 3.0.
BLOCK_SCORES = 2 * 1024 * 1024
BLOCK_QUERIES = 256  # queries of a block whose mask is a view: keys ahead of the block are left out
GPU_BLOCK = 32  # times as many on a GPU, which small blocks would leave idle


class Attention(nn.Module):
    """Multi-head attention with the position encoding as an argument, so that all encodings share these weights."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.head_width = shape.head_width
        self.qkv = nn.Linear(shape.width, 3 * shape.width, bias=False)
        self.out = nn.Linear(shape.width, shape.width, bias=False)

    def project(self, hidden: Float[Tensor, "batch time width"], first: int = 0) -> tuple[Tensor, Tensor, Tensor]:
        """Queries from token `first` on, [B, H, T - first, D], and keys and values of every token, [B, H, T, D]."""
        if first:
            of_query, of_both = self.qkv.weight.tensor_split((self.qkv.in_features,))
            parts = (F.linear(hidden[:, first:], of_query), *F.linear(hidden, of_both).chunk(2, dim=-1))
        else:
            # Split along the width: their gradients come back as rows, put together in one copy instead of two.
            parts = self.qkv(hidden).chunk(3, dim=-1)
        q, k, v = (part.view(*part.shape[:2], self.heads, self.head_width).transpose(1, 2) for part in parts)
        return q, k, v

    def forward(
        self, q: Tensor, k: Tensor, v: Tensor, site: Site, encoding: Encoding, *, weights: bool = False
    ) -> tuple[Float[Tensor, "batch query width"], Tensor | None]:
        """Attend from q [B, H, Q, D] to k, v [B, H, K, D]; also the weights [B, H, Q, K] if asked for."""
        scale = 1 / math.sqrt(self.head_width)  # of the model's head width, also where `rotate` widens q and k
        q, k = encoding.rotate(q, k, site)
        mixed, attended = attend(q, k, v, site, encoding, scale=scale, weights=weights)
        return self.out(mixed.transpose(1, 2).flatten(-2)), attended


def attend(
    q: Tensor, k: Tensor, v: Tensor, site: Site, encoding: Encoding, *, scale: float, weights: bool = False
) -> tuple[Tensor, Tensor | None]:
    """Values mixed by attention, [B, H, Q, D]; the weights too if asked for."""
    if weights:
        attention = scores(q, k, site, encoding, scale).softmax(dim=-1).to(v.dtype)
        return attention @ v, attention
    if site.causal and not (encoding.biases or encoding.rescores):
        return fused(q, k, v, scale=scale), None
    if not torch.is_grad_enabled() and (diagonals := _diagonals(q, site, encoding)) is not None:
        return _mix_along(q, k, v, site, diagonals, scale), None
    if not torch.is_grad_enabled() and not encoding.rescores and flex.pays(q, k, site):
        mixed = flex.mix(q, k, v, site, encoding, scale)
        if mixed is not None:
            return mixed, None
    held = BLOCK_SCORES * (GPU_BLOCK if q.is_cuda else 1)
    rows = held // max(1, q.shape[:-2].numel() * k.shape[-2])
    if torch.is_grad_enabled() or rows >= q.shape[-2]:
        return _mix(q, k, v, site, encoding, scale), None
    return _mix_in_blocks(q, k, v, site, encoding, scale, max(1, rows)), None


def _mix(q: Tensor, k: Tensor, v: Tensor, site: Site, encoding: Encoding, scale: float) -> Tensor:
    if encoding.rescores:
        return scores(q, k, site, encoding, scale).softmax(dim=-1).to(v.dtype) @ v
    mask = fused_mask(site, encoding.bias(site), q.dtype)
    return fused(q, k, v, scale=scale, mask=mask)


def fused(q: Tensor, k: Tensor, v: Tensor, *, scale: float, mask: Tensor | None = None) -> Tensor:
    """Fused attention, causal without a mask. Values as narrow as a head are filled up where q and k are wider.

    The kernels that hold no Q x K take one width alone: FoPE at 1,024 tokens took 690 ms without that, and 86 with it.
    """
    wide = F.pad(v, (0, q.shape[-1] - v.shape[-1])) if q.shape[-1] > v.shape[-1] else v
    mixed = F.scaled_dot_product_attention(q, k, wide, attn_mask=mask, is_causal=mask is None, scale=scale)
    return mixed[..., : v.shape[-1]]


def _diagonals(q: Tensor, site: Site, encoding: Encoding) -> Tensor | None:
    """The bias by distance, -inf ahead, [H, Q + K - 1]; None unless the encoding has one, and nothing else is hidden.

    None also for few queries, where a mask that is laid out costs less than turning them round, and on a GPU, whose
    kernels have not been tried on such a view.
    """
    if site.mask is not None or encoding.rescores or q.device.type != "cpu" or q.shape[-2] <= BLOCK_QUERIES:
        return None
    diagonals = encoding.diagonals(site)
    if diagonals is None:
        return None
    queries, keys = site.pairs
    # The diagonals themselves are part of the key, so that their identity cannot be reused while the mask is kept.
    _, masked = site.once(
        ("mask", id(diagonals), q.dtype),
        lambda: (diagonals, F.pad(diagonals[:, :keys], (0, queries - 1), value=-torch.inf).to(q.dtype)),
    )
    return masked


def _mix_along(q: Tensor, k: Tensor, v: Tensor, site: Site, diagonals: Tensor, scale: float) -> Tensor:
    """The same values by a mask that is a view: from the last query to the first, each row is one place further on."""
    mixed, queries = [], q.shape[-2]
    for start in range(0, queries, BLOCK_QUERIES):
        stop = min(start + BLOCK_QUERIES, queries)
        keys = site.first_query + stop
        mask = diagonals[:, queries - stop :].unfold(-1, keys, 1)[None, :, : stop - start]
        backwards = fused(q[..., start:stop, :].flip(-2), k[..., :keys, :], v[..., :keys, :], scale=scale, mask=mask)
        mixed.append(backwards.flip(-2))
    return torch.cat(mixed, dim=-2)


def _mix_in_blocks(q: Tensor, k: Tensor, v: Tensor, site: Site, encoding: Encoding, scale: float, rows: int) -> Tensor:
    """The same values, `rows` queries at a time: memory grows with K, not with Q x K.

    The last block, which sees most keys, goes first: what it needed, and gave back, is enough for all others. In the
    other order each block is a little larger than any hole that is left, and memory grows by all of them.
    """
    mixed, site = [], replace(site, between_blocks={})
    k, v = k.contiguous(), v.contiguous()  # so that no block copies its keys
    for start in reversed(range(0, q.shape[-2], rows)):
        part = site.block(start, min(start + rows, q.shape[-2]))
        keys = part.key_positions.shape[1]
        mixed.append(_mix(q[..., start : start + rows, :], k[..., :keys, :], v[..., :keys, :], part, encoding, scale))
    return torch.cat(mixed[::-1], dim=-2)


def scores(q: Tensor, k: Tensor, site: Site, encoding: Encoding, scale: float) -> Tensor:
    """Final scores [B, H, Q, K] of rotated q and k by the plain road, which every encoding can take."""
    product = q @ k.transpose(-1, -2)
    plain = product * scale if torch.is_grad_enabled() else product.mul_(scale)
    bias = encoding.bias(site)
    masked = _hide(plain if bias is None else plain + bias, site, own=True)
    if not encoding.rescores:
        return masked
    rescored = encoding.rescore(masked, q, k, site)
    return rescored if _hidden(rescored, site) else _hide(rescored, site)


def _hide(scores: Tensor, site: Site, *, own: bool = False) -> Tensor:
    """-inf where a key is not visible; without gradients in place, where the scores are nobody else's, or in a copy."""
    if torch.is_grad_enabled():
        return scores.masked_fill(~site.visible, -torch.inf)
    if not own:
        shape = torch.broadcast_shapes(scores.shape, site.visible.shape)  # type: ignore[no-untyped-call]
        scores = scores.expand(shape).clone(memory_format=torch.contiguous_format)
    ahead = _ahead(site)
    scores[..., ahead:].masked_fill_(~site.visible[..., ahead:], -torch.inf)
    return scores


def _hidden(scores: Tensor, site: Site) -> bool:
    """Whether they are known to be -inf where no key is visible, as scores are to which something was added.

    Looked at without gradients alone, where it spares a copy; and not on a GPU, which would have to be waited for.
    """
    if torch.is_grad_enabled() or scores.is_cuda:
        return False
    ahead = _ahead(site)
    return bool(((scores[..., ahead:] == -torch.inf) | site.visible[..., ahead:]).all())


def _ahead(site: Site) -> int:
    """The first key that may be hidden from a query: what stands before all queries is not, unless a mask says so."""
    return site.first_query if site.mask is None else 0


def fused_mask(site: Site, bias: Tensor | None, dtype: torch.dtype) -> Tensor:
    """What the fused kernel adds to the scores; made once a forward where all layers share the bias."""
    if bias is None:
        return site.visible
    # The bias itself is part of the key, so that its identity cannot be reused while the mask is kept.
    _, mask = site.once(("mask", id(bias), dtype), lambda: (bias, _hide(bias, site).to(dtype)))
    return mask
