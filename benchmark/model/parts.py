"""Attention to keys in parts, each with queries and keys of its own: one fused call a part, merged by log-sum-exp.

    values = sum over parts of share[p] values[p],   share = softmax over parts of log sum over keys of exp(score)

The kernel is the one behind fused attention on a CPU, called by its own name, since only then does it return the
logarithms. Nothing of size Q x K is made: a call covers a block of queries, and a mask only the keys that some of those
queries see and others do not.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from benchmark.encodings.encoding import Encoding, Part, Site
from benchmark.model.hooks import offers_parts

KERNEL = "_scaled_dot_product_flash_attention_for_cpu"  # an internal name of torch: if it goes, queries go in blocks
# Queries in a call: fewer make more calls, and more make a larger mask. A forward pass with rerope took 1.40 times as
# long as with rope with 64, 1.50 with 128 and 1.57 with 256 (width 64, 16 rows of 1,024 tokens, trained to 64).
BLOCK_QUERIES = 64
# On many keys the calls count for more than the masks: self-extend read 12,288 tokens of a checkpoint of 30 layers in
# .85 of the time with 256.
MANY_KEYS, OF_MANY = 4096, 256


def possible(q: Tensor, site: Site, encoding: Encoding) -> bool:
    """True if a call may be computed in parts, if the encoding gives some."""
    if q.numel() == 0 or q.device.type != "cpu" or site.mask is not None or torch.is_grad_enabled():
        return False
    return hasattr(torch.ops.aten, KERNEL) and offers_parts(encoding)


def mix(parts: Sequence[Part], v: Tensor, site: Site, scale: float) -> Tensor:
    """Values mixed by causal attention, [B, H, Q, D]."""
    v = v.contiguous()  # otherwise each call would copy its values
    queries, keys = site.pairs
    size = OF_MANY if keys > MANY_KEYS else BLOCK_QUERIES
    blocks = (slice(start, min(start + size, queries)) for start in range(0, queries, size))
    return torch.cat([_mix_block(parts, v, site, rows, scale) for rows in blocks], dim=-2)


def _mix_block(parts: Sequence[Part], v: Tensor, site: Site, rows: slice, scale: float) -> Tensor:
    ends = torch.arange(rows.start, rows.stop, device=v.device) + site.first_query + 1
    merged: tuple[Tensor, Tensor] | None = None
    for part in reversed(parts):
        first = part.first[rows]
        for keys, mask in _cut(first, ends, part.queries.dtype):
            found = _call(part.queries[..., rows, :], part.keys[..., keys, :], v[..., keys, :], mask, scale)
            merged = found if merged is None else _merge(merged, found)
        ends = first
    assert merged is not None  # a query sees itself
    return merged[0].to(v.dtype)


def _cut(first: Tensor, ends: Tensor, dtype: torch.dtype) -> Iterator[tuple[slice, Tensor | None]]:
    """The keys that queries see from their `first` to their `ends`: those all see, and the rest with a mask."""
    start, alike, stop = int(first.amin()), int(ends.amin()), int(ends.amax())
    if int(first.amax()) == start < alike:
        yield slice(start, alike), None
        start = alike
    if start < stop:
        keys = torch.arange(start, stop, device=first.device)
        seen = (keys >= first[:, None]) & (keys < ends[:, None])
        # Not -inf: a query that sees none of the keys would make the kernel's logarithm undefined.
        yield slice(start, stop), torch.zeros(seen.shape, dtype=dtype).masked_fill_(~seen, torch.finfo(dtype).min)


def _call(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scale: float) -> tuple[Tensor, Tensor]:
    """Mixed values [B, H, Q, D], and the logarithm of the summed exponentials of the scores, [B, H, Q]."""
    mixed, logarithm = getattr(torch.ops.aten, KERNEL)(q, k, v.to(q.dtype), attn_mask=mask, scale=scale)
    return mixed, logarithm


def _merge(some: tuple[Tensor, Tensor], others: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Values mixed over two sets of keys, and their logarithm."""
    share = torch.sigmoid(others[1] - some[1])[..., None]
    exact = torch.promote_types(some[0].dtype, share.dtype)
    return torch.lerp(some[0].to(exact), others[0].to(exact), share.to(exact)), torch.logaddexp(some[1], others[1])
