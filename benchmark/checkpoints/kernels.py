"""Fused attention of a block of queries to every key up to each query. No tensor of queries x keys is made.

The queries are the last of the keys. On a CPU, the keys before the block and the block itself take one fused call
each, and their results are weighed by the sums of their exponentials; a mask would cost 12 to 15 % more (measured).
Torch's fused kernel multiplies bfloat16 no faster than float32, so in bfloat16 plain products of chunks of keys take
its place, in half its time (measured). They are written into memory that is used again: where the system takes freed
memory back, fresh memory for each chunk costs more than the product itself.

A block may also hold several continuations of the same row. `own` then says which of its tokens each one sees, itself
included; all of them see every key before the block.

Shapes: B batch, H heads, G heads of keys, S = H / G heads that share keys, n queries, K keys, D head width.
"""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention.bias import causal_lower_right

CHUNK = 512  # queries and keys at a time in bfloat16: their scores stay in cache
SINKS = 16  # first keys of a row, where many models send attention that is not needed


def attend_to_all(q: Tensor, k: Tensor, v: Tensor, *, scale: float, own: Tensor | None = None) -> Tensor:
    """Values [B, H, n, D] mixed for the queries [B, H, n, D], the last of the keys [B, G, K, D].

    `own` [n, n] is True where a query sees a key of the block; without it, each sees those up to itself.
    """
    queries, keys = q.shape[-2], k.shape[-2]
    if q.device.type == "cpu" and q.dtype == torch.bfloat16:
        size = CHUNK if own is None else queries
        mixed = [
            _in_chunks(part, k, v, keys - queries + start, scale, own)
            for start, part in zip(range(0, queries, size), torch.split(q, size, dim=2), strict=True)
        ]
        return torch.cat(mixed, dim=2)
    return _fused(q, k, v, scale, own)


def _fused(q: Tensor, k: Tensor, v: Tensor, scale: float, own: Tensor | None) -> Tensor:
    queries, before = q.shape[-2], k.shape[-2] - q.shape[-2]
    if q.device.type == "cpu" and before:
        return _in_two_parts(q, k, v, before, scale, own)
    if own is None and not before:
        return F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scale, enable_gqa=True)
    if own is None and q.device.type == "cuda":
        lower = causal_lower_right(queries, k.shape[-2])
        return F.scaled_dot_product_attention(q, k, v, attn_mask=lower, scale=scale, enable_gqa=True)
    visible = F.pad(up_to_itself(queries, q.device) if own is None else own, (before, 0), value=True)
    return attend_in_window(q, k, v, visible, scale=scale)


def up_to_itself(tokens: int, device: torch.device) -> Tensor:
    """True where a token of a block sees another in a plain row, [n, n]."""
    return torch.ones(tokens, tokens, dtype=torch.bool, device=device).tril_()


def attend_in_window(q: Tensor, k: Tensor, v: Tensor, visible: Tensor, *, scale: float) -> Tensor:
    """The same where only the pairs `visible` [.., n, K] count."""
    return F.scaled_dot_product_attention(q, k, v, attn_mask=visible, scale=scale, enable_gqa=True)


def _in_two_parts(q: Tensor, k: Tensor, v: Tensor, before: int, scale: float, own: Tensor | None) -> Tensor:
    """The keys before the block, then the block itself, weighed by their shares of attention."""
    shared = q.shape[1] // k.shape[1]
    asking = q.reshape(-1, shared, *q.shape[2:])
    # The heads that share keys are the inner of two batch dimensions, along which keys have stride 0: none is copied.
    keys, values = (x.flatten(0, 1)[:, None].expand(-1, shared, -1, -1) for x in (k, v))
    past, past_sum = _flash(asking, keys[..., :before, :], values[..., :before, :], scale)
    hidden = None if own is None else torch.zeros_like(own, dtype=q.dtype).masked_fill_(~own, -torch.inf)
    near, near_sum = _flash(
        asking, keys[..., before:, :], values[..., before:, :], scale, causal=own is None, mask=hidden
    )
    share = torch.sigmoid(past_sum - near_sum).unsqueeze(-1).to(near.dtype)
    return torch.lerp(near, past, share).view(*q.shape[:-1], v.shape[-1])


def _flash(
    q: Tensor, k: Tensor, v: Tensor, scale: float, *, causal: bool = False, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Mixed values, and the logarithm of the sum of exponentials of each query, which F.sdpa does not hand out."""
    mixed, sums = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
        q, k, v, 0.0, causal, attn_mask=mask, scale=scale
    )
    return mixed, sums


def _in_chunks(q: Tensor, k: Tensor, v: Tensor, before: int, scale: float, own: Tensor | None) -> Tensor:
    """The same by products of bfloat16, for queries that come after some keys; `k` may hold later ones too.

    A score is rounded to bfloat16 once, after a shift by a value near the query's largest score: those that matter are
    then near 0, where bfloat16 is fine. That value is the largest score among the first keys and the block itself.
    """
    shared, queries = q.shape[1] // k.shape[1], q.shape[2]
    k, v = k[:, :, : before + queries], v[:, :, : before + queries]
    asking = q.reshape(-1, shared * queries, q.shape[-1])
    keys, values = k.flatten(0, 1), v.flatten(0, 1)
    unseen = ~(up_to_itself(queries, q.device) if own is None else own).repeat(shared, 1)
    first = torch.bmm(asking, keys[:, : min(SINKS, before)].transpose(1, 2))
    near = torch.bmm(asking, keys[:, before:].transpose(1, 2)).masked_fill_(unseen, -torch.inf)
    shift = torch.cat((first, near), -1).amax(-1, keepdim=True).mul_(-scale)
    mixed, sums = torch.zeros(*asking.shape[:-1], v.shape[-1]), torch.zeros_like(shift, dtype=torch.float32)
    rows = asking.shape[:-1]
    space, part = asking.new_empty(rows.numel() * max(CHUNK, queries)), torch.empty_like(mixed, dtype=q.dtype)
    for start in (*range(0, before, CHUNK), before):
        chunk = slice(start, min(start + CHUNK, before) if start < before else None)
        powers = space[: rows.numel() * keys[:, chunk].shape[1]].view(*rows, -1)
        torch.baddbmm(shift, asking, keys[:, chunk].transpose(1, 2), alpha=scale, out=powers)
        if start == before:
            powers.masked_fill_(unseen, -torch.inf)
        sums += powers.exp_().sum(-1, keepdim=True)
        mixed += torch.bmm(powers, values[:, chunk], out=part)
    if not sums.isfinite().all():  # a score lay so far above those two that its exponential overflowed
        return _fused(q, k, v, scale, own)
    return (mixed / sums).to(q.dtype).view(*q.shape[:-1], v.shape[-1])
