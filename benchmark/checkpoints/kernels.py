"""Fused attention of a block of queries to every key up to each query. No tensor of queries x keys is made.

The queries are the last of the keys. On a CPU, the keys before the block and the block itself take one fused call
each, and their results are weighed by the sums of their exponentials; a mask would cost 12 to 15 % more (measured).
Torch's fused kernel multiplies bfloat16 no faster than float32, so in bfloat16 plain products of chunks of keys take
its place, in half its time (measured).

Shapes: B batch, H heads, G heads of keys, S = H / G heads that share keys, n queries, K keys, D head width.
"""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention.bias import causal_lower_right

CHUNK = 512  # queries and keys at a time in bfloat16: their scores stay in cache
SINKS = 16  # first keys of a row, where many models send attention that is not needed


def attend_to_all(q: Tensor, k: Tensor, v: Tensor, *, scale: float) -> Tensor:
    """Values [B, H, n, D] mixed for the queries [B, H, n, D], the last of the keys [B, G, K, D]."""
    queries, keys = q.shape[-2], k.shape[-2]
    if q.device.type == "cpu" and q.dtype == torch.bfloat16:
        mixed = [
            _in_chunks(part, k, v, keys - queries + start, scale)
            for start, part in zip(range(0, queries, CHUNK), torch.split(q, CHUNK, dim=2), strict=True)
        ]
        return torch.cat(mixed, dim=2)
    return _fused(q, k, v, scale)


def _fused(q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
    queries, keys = q.shape[-2], k.shape[-2]
    if queries == keys:
        return F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scale, enable_gqa=True)
    if q.device.type == "cpu":
        return _in_two_parts(q, k, v, keys - queries, scale)
    if q.device.type == "cuda":
        lower = causal_lower_right(queries, keys)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=lower, scale=scale, enable_gqa=True)
    visible = torch.ones(queries, keys, dtype=torch.bool, device=q.device).tril_(keys - queries)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=visible, scale=scale, enable_gqa=True)


def attend_in_window(q: Tensor, k: Tensor, v: Tensor, visible: Tensor, *, scale: float) -> Tensor:
    """The same where only the pairs `visible` [.., n, K] count."""
    return F.scaled_dot_product_attention(q, k, v, attn_mask=visible, scale=scale, enable_gqa=True)


def _in_two_parts(q: Tensor, k: Tensor, v: Tensor, before: int, scale: float) -> Tensor:
    """The keys before the block, then the block itself, weighed by their shares of attention."""
    shared = q.shape[1] // k.shape[1]
    asking = q.reshape(-1, shared, *q.shape[2:])
    # The heads that share keys are the inner of two batch dimensions, along which keys have stride 0: none is copied.
    keys, values = (x.flatten(0, 1)[:, None].expand(-1, shared, -1, -1) for x in (k, v))
    past, past_sum = _flash(asking, keys[..., :before, :], values[..., :before, :], False, scale)
    own, own_sum = _flash(asking, keys[..., before:, :], values[..., before:, :], True, scale)
    share = torch.sigmoid(past_sum - own_sum).unsqueeze(-1).to(own.dtype)
    return torch.lerp(own, past, share).view(*q.shape[:-1], v.shape[-1])


def _flash(q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float) -> tuple[Tensor, Tensor]:
    """Mixed values, and the logarithm of the sum of exponentials of each query, which F.sdpa does not hand out."""
    mixed, sums = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(q, k, v, 0.0, causal, scale=scale)
    return mixed, sums


def _in_chunks(q: Tensor, k: Tensor, v: Tensor, before: int, scale: float) -> Tensor:
    """The same by products of bfloat16, for queries that come after some keys; `k` may hold later ones too.

    A score is rounded to bfloat16 once, after a shift by a value near the query's largest score: those that matter are
    then near 0, where bfloat16 is fine. That value is the largest score among the first keys and the block itself.
    """
    shared, queries = q.shape[1] // k.shape[1], q.shape[2]
    k, v = k[:, :, : before + queries], v[:, :, : before + queries]
    asking = q.reshape(-1, shared * queries, q.shape[-1])
    keys, values = k.flatten(0, 1), v.flatten(0, 1)
    ahead = torch.ones(queries, queries, dtype=torch.bool).triu_(1).repeat(shared, 1)
    first = torch.bmm(asking, keys[:, : min(SINKS, before)].transpose(1, 2))
    own = torch.bmm(asking, keys[:, before:].transpose(1, 2)).masked_fill_(ahead, -torch.inf)
    shift = torch.cat((first, own), -1).amax(-1, keepdim=True).mul_(-scale)
    mixed, sums = torch.zeros(*asking.shape[:-1], v.shape[-1]), torch.zeros_like(shift, dtype=torch.float32)
    for start in range(0, before, CHUNK):
        chunk = slice(start, min(start + CHUNK, before))
        powers = torch.baddbmm(shift, asking, keys[:, chunk].transpose(1, 2), alpha=scale).exp_()
        sums += powers.sum(-1, keepdim=True)
        mixed += torch.bmm(powers, values[:, chunk])
    powers = torch.baddbmm(shift, asking, keys[:, before:].transpose(1, 2), alpha=scale)
    powers.masked_fill_(ahead, -torch.inf).exp_()
    sums += powers.sum(-1, keepdim=True)
    mixed += torch.bmm(powers, values[:, before:])
    if not sums.isfinite().all():  # a score lay so far above those two that its exponential overflowed
        return _fused(q, k, v, scale)
    return (mixed / sums).to(q.dtype).view(*q.shape[:-1], v.shape[-1])
