"""Attention on a GPU by a kernel that computes the bias on the fly: no Q x K bias is held, whole or in blocks.

The kernel is torch's FlexAttention, compiled for an encoding at its first long row. That takes seconds, so it pays only
for many scores. Where compilation fails, queries go in blocks, as on a CPU.
"""

import warnings
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from benchmark.encodings.bias import Bias, Pairwise
from benchmark.encodings.encoding import Encoding, Site
from benchmark.errors import first_line
from benchmark.model.bias import pairwise

PAYS = 2**31  # scores of a call over all rows and heads; with fewer, blocks finish before the kernel is compiled
TILE = 128  # queries, and keys, in a tile of the mask

Kernel = Callable[..., Tensor]


def pays(q: Tensor, k: Tensor, site: Site) -> bool:
    """True if the kernel, where the bias is known pair by pair, is worth compiling."""
    return q.is_cuda and site.causal and q.shape[:-1].numel() * k.shape[-2] >= PAYS


def mix(
    q: Tensor, k: Tensor, v: Tensor, site: Site, encoding: Encoding, bias: Bias | None, scale: float
) -> Tensor | None:
    """Values mixed by causal attention with the encoding's bias, [B, H, T, D]; None if no kernel can compute it."""
    at_pair, kind = pairwise(bias, site), (type(encoding), q.dtype, q.shape[-1])
    if at_pair is None or kind in _refused:
        return None
    try:
        return by(_compiled(), q, k, v, at_pair, scale)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # a compiler may raise anything
        _refused.add(kind)
        warnings.warn(
            f"{encoding.name}: FlexAttention refused, so queries go in blocks: {first_line(error)}", stacklevel=2
        )
        return None


def by(kernel: Kernel, q: Tensor, k: Tensor, v: Tensor, at_pair: Pairwise, scale: float) -> Tensor:
    """The same, with any kernel that has FlexAttention's interface."""

    def biased(score: Tensor, batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return score + at_pair(head, query, key)

    return kernel(q, k, v, score_mod=biased, block_mask=causal_tiles(q.shape[-2], q.device), scale=scale)


def causal_tiles(tokens: int, device: torch.device) -> object:
    """The causal mask in tiles: tiles on the diagonal are masked pair by pair, earlier tiles not at all."""
    from torch.nn.attention.flex_attention import BlockMask

    count = -(-tokens // TILE)
    each = torch.arange(count, dtype=torch.int32, device=device)
    cut = torch.zeros(1, 1, count, count, dtype=torch.int32, device=device)
    cut[..., 0] = each
    return BlockMask.from_kv_blocks(
        kv_num_blocks=torch.ones_like(each)[None, None],
        kv_indices=cut,
        full_kv_num_blocks=each[None, None],
        full_kv_indices=each.expand(1, 1, count, count).contiguous(),
        BLOCK_SIZE=TILE,
        mask_mod=_up_to_itself,
        seq_lengths=(tokens, tokens),
    )


def _up_to_itself(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
    return query >= key


@cache
def _compiled() -> Kernel:
    from torch.nn.attention.flex_attention import flex_attention

    # fullgraph: an uncompiled part would make all scores at once.
    return torch.compile(flex_attention, dynamic=True, fullgraph=True)


_refused: set[object] = set()  # (encoding class, dtype, head width) not to be tried again in this process
