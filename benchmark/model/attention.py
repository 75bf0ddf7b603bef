"""The one attention that all encodings share, through the hooks of the contract.

    rotate -> scores / sqrt(D) -> + bias -> mask -> rescore -> mask -> weigh -> values

The encoding's hooks decide which kernel runs, never its name:

    no bias                  fused causal attention
    bias                     fused attention with the bias as its mask
    bias by distance         the same; without gradients the mask is a view, and no Q x K tensor is made
    bias pair by pair        the kernel computes it on the fly: on a GPU, for long rows without gradients (`flex`)
    rescore in parts         without gradients: each part fused, and the parts merged (`parts`)
    rescore, or weigh        eager: the scores themselves, as wherever the weights are requested

Shapes: B batch, H heads, Q queries, K keys, D head width, C model width.
"""

import math
from dataclasses import replace

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from benchmark.encodings.bias import Bias
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model import flex, parts
from benchmark.model.bias import dense, diagonals
from benchmark.model.blocks import block
from benchmark.model.hooks import needs_scores, overrides

# The most scores held at once without gradients (float32: 8 MiB); beyond that, queries go in blocks. On a CPU blocks
# are also faster. All five lengths of `corpus` with blocks of 4, 2 and 1 million scores: CoPE 4.6, 3.7 and 3.5 s, PaTH
# 4.7, 4.6 and 4.7, Shaw 2.9, 2.5 and 2.5, Transformer-XL 2.9, 2.8 and 3.0.
BLOCK_SCORES = 2 * 1024 * 1024
BLOCK_QUERIES = 256  # queries in a block whose mask is a view; keys ahead of the block are left out
GPU_BLOCK = 32  # times as many on a GPU, which small blocks would leave idle


class Attention(nn.Module):
    """Multi-head attention that takes the encoding as an argument, so that all encodings share the same weights."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.head_width = shape.head_width
        self.qkv = nn.Linear(shape.width, 3 * shape.width, bias=False)
        self.out = nn.Linear(shape.width, shape.width, bias=False)

    def project(self, hidden: Float[Tensor, "batch time width"], first: int = 0) -> tuple[Tensor, Tensor, Tensor]:
        """Queries of tokens from `first` on, [B, H, T - first, D], and keys and values of all tokens, [B, H, T, D]."""
        if first:
            of_query, of_both = self.qkv.weight.tensor_split((self.qkv.in_features,))
            parts = (F.linear(hidden[:, first:], of_query), *F.linear(hidden, of_both).chunk(2, dim=-1))
        else:
            # Split along the width: the gradients then come back as rows and are joined in one copy instead of two.
            parts = self.qkv(hidden).chunk(3, dim=-1)
        q, k, v = (part.view(*part.shape[:2], self.heads, self.head_width).transpose(1, 2) for part in parts)
        return q, k, v

    def forward(
        self, q: Tensor, k: Tensor, v: Tensor, site: Site, encoding: Encoding, *, weights: bool = False
    ) -> tuple[Float[Tensor, "batch query width"], Tensor | None]:
        """Attend from q [B, H, Q, D] to k, v [B, H, K, D]; also return the weights [B, H, Q, K] if requested."""
        scale = 1 / math.sqrt(self.head_width)  # the model's head width, even where `rotate` widens q and k
        q, k = encoding.rotate(q, k, site)
        mixed, attended = attend(q, k, v, site, encoding, scale=scale, weights=weights)
        return self.out(mixed.transpose(1, 2).flatten(-2)), attended


def attend(
    q: Tensor, k: Tensor, v: Tensor, site: Site, encoding: Encoding, *, scale: float, weights: bool = False
) -> tuple[Tensor, Tensor | None]:
    """Values mixed by attention, [B, H, Q, D], and the weights if requested."""
    if weights:
        attention = attention_weights(q, k, site, encoding, scale).to(v.dtype)
        return attention @ v, attention
    held = BLOCK_SCORES * (GPU_BLOCK if q.is_cuda else 1)
    rows = held // max(1, q.shape[:-2].numel() * k.shape[-2])
    whole = torch.is_grad_enabled() or rows >= q.shape[-2]
    if parts.possible(q, site, encoding) and (own := encoding.rotated_parts(q, k, site)):
        return parts.mix(own, v, site, scale), None
    if not needs_scores(encoding):
        bias = _bias(site, encoding, whole)
        if bias is None and site.causal:
            return fused(q, k, v, scale=scale), None
        if not torch.is_grad_enabled() and (along := _mask_along(q, site, bias)) is not None:
            return _mix_along(q, k, v, site, along, scale), None
        if whole:
            return fused(q, k, v, scale=scale, mask=fused_mask(site, bias, q.dtype)), None
        if flex.pays(q, k, site) and (mixed := flex.mix(q, k, v, site, encoding, bias, scale)) is not None:
            return mixed, None
    if whole:
        return _mix(q, k, v, site, encoding, scale), None
    return _mix_in_blocks(q, k, v, site, encoding, scale, max(1, rows)), None


def _bias(site: Site, encoding: Encoding, whole: bool) -> Bias | None:
    """The encoding's bias. Unless the `whole` of it fits in memory, a tensor covers the last query only.

    Descriptions cost nothing, but whether an encoding returns a tensor is known only after asking it.
    """
    if not overrides(encoding, "bias"):
        return None
    if whole:
        return encoding.bias(site)
    sample = encoding.bias(block(site, site.pairs[0] - 1, site.pairs[0]))
    return sample if sample is None or isinstance(sample, Tensor) else encoding.bias(site)


def _mix(q: Tensor, k: Tensor, v: Tensor, site: Site, encoding: Encoding, scale: float) -> Tensor:
    if needs_scores(encoding):
        return attention_weights(q, k, site, encoding, scale).to(v.dtype) @ v
    return fused(q, k, v, scale=scale, mask=fused_mask(site, encoding.bias(site), q.dtype))


def fused(q: Tensor, k: Tensor, v: Tensor, *, scale: float, mask: Tensor | None = None) -> Tensor:
    """Fused attention, causal if there is no mask. Values narrower than q and k are padded to their width.

    The kernels that never hold Q x K scores need a single width: FoPE at 1,024 tokens took 690 ms without the padding
    and takes 86 with it.
    """
    wide = F.pad(v, (0, q.shape[-1] - v.shape[-1])) if q.shape[-1] > v.shape[-1] else v
    mixed = F.scaled_dot_product_attention(q, k, wide, attn_mask=mask, is_causal=mask is None, scale=scale)
    return mixed[..., : v.shape[-1]]


def _mask_along(q: Tensor, site: Site, bias: Bias | None) -> Tensor | None:
    """The bias by distance, -inf ahead, [H, Q + K - 1]; None unless distance and causality decide the whole mask.

    Also None for short blocks, where building the dense mask is cheaper than flipping the queries, and on a GPU, whose
    kernels have not been tried on such a view.
    """
    if site.mask is not None or q.device.type != "cpu" or q.shape[-2] <= BLOCK_QUERIES:
        return None
    values = diagonals(bias, site)
    if values is None:
        return None
    queries, keys = site.pairs
    return site.once(
        ("mask along", bias, q.dtype),
        lambda: F.pad(values[:, :keys], (0, queries - 1), value=-torch.inf).to(q.dtype),
    )


def _mix_along(q: Tensor, k: Tensor, v: Tensor, site: Site, along: Tensor, scale: float) -> Tensor:
    """The same values, with a view as the mask: from the last query to the first, each row starts one place later."""
    mixed, queries = [], q.shape[-2]
    for start in range(0, queries, BLOCK_QUERIES):
        stop = min(start + BLOCK_QUERIES, queries)
        keys = site.first_query + stop
        mask = along[:, queries - stop :].unfold(-1, keys, 1)[None, :, : stop - start]
        backwards = fused(q[..., start:stop, :].flip(-2), k[..., :keys, :], v[..., :keys, :], scale=scale, mask=mask)
        mixed.append(backwards.flip(-2))
    return torch.cat(mixed, dim=-2)


def _mix_in_blocks(q: Tensor, k: Tensor, v: Tensor, site: Site, encoding: Encoding, scale: float, rows: int) -> Tensor:
    """The same values, `rows` queries at a time: memory grows with K, not with Q x K.

    The last block goes first. It sees the most keys, so the memory it frees is large enough for every other block. In
    the opposite order each block is slightly larger than any hole left behind, and memory grows by all of them.
    """
    mixed, site = [], replace(site, between_blocks={})
    k, v = k.contiguous(), v.contiguous()  # otherwise each block would copy its keys
    for start in reversed(range(0, q.shape[-2], rows)):
        part = block(site, start, min(start + rows, q.shape[-2]))
        keys = part.key_positions.shape[1]
        mixed.append(_mix(q[..., start : start + rows, :], k[..., :keys, :], v[..., :keys, :], part, encoding, scale))
    return torch.cat(mixed[::-1], dim=-2)


def attention_weights(q: Tensor, k: Tensor, site: Site, encoding: Encoding, scale: float) -> Tensor:
    """Attention weights [B, H, Q, K] of rotated q and k, computed eagerly."""
    return encoding.weigh(scores(q, k, site, encoding, scale), site)


def scores(q: Tensor, k: Tensor, site: Site, encoding: Encoding, scale: float) -> Tensor:
    """Final scores [B, H, Q, K] of rotated q and k, computed eagerly: this works for every encoding."""
    product = q @ k.transpose(-1, -2)
    plain = product * scale if torch.is_grad_enabled() else product.mul_(scale)
    bias = encoding.bias(site)
    masked = _hide(plain if bias is None else plain + dense(bias, site), site, own=True)
    if not overrides(encoding, "rescore"):
        return masked
    rescored = encoding.rescore(masked, q, k, site)
    return rescored if _hidden(rescored, site) else _hide(rescored, site)


def _hide(scores: Tensor, site: Site, *, own: bool = False) -> Tensor:
    """-inf where a key is not visible. Without gradients: in place if the scores are our `own`, else in a copy."""
    if torch.is_grad_enabled():
        return scores.masked_fill(~site.visible, -torch.inf)
    if not own:
        shape = torch.broadcast_shapes(scores.shape, site.visible.shape)  # type: ignore[no-untyped-call]
        scores = scores.expand(shape).clone(memory_format=torch.contiguous_format)
    ahead = _ahead(site)
    scores[..., ahead:].masked_fill_(~site.visible[..., ahead:], -torch.inf)
    return scores


def _hidden(scores: Tensor, site: Site) -> bool:
    """True if the scores are known to be -inf wherever a key is not visible, as they are if they were only added to.

    Checked only without gradients, where it saves a copy, and never on a GPU, where it would force a synchronisation.
    """
    if torch.is_grad_enabled() or scores.is_cuda:
        return False
    ahead = _ahead(site)
    return bool(((scores[..., ahead:] == -torch.inf) | site.visible[..., ahead:]).all())


def _ahead(site: Site) -> int:
    """The first key that may be hidden: without a mask, every query sees all keys before the first query."""
    return site.first_query if site.mask is None else 0


def fused_mask(site: Site, bias: Bias | None, dtype: torch.dtype) -> Tensor:
    """The mask that the fused kernel adds to the scores; made once per forward pass if layers share the bias."""
    if bias is None:
        return site.visible
    added = dense(bias, site)
    return site.once(("mask", added, dtype), lambda: _hide(added, site).to(dtype))
