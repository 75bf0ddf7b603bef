"""Attention on a GPU by a kernel that makes the bias as it goes: no bias of Q x K is held, in blocks or whole.

It is torch's FlexAttention, compiled for an encoding at its first long row, which takes seconds: worth it where the
scores are many. Where it cannot be compiled, queries go in blocks, as on a processor.
"""

import warnings
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from benchmark.encodings.encoding import Encoding, Pairwise, Site
from benchmark.errors import first_line

PAYS = 2**31  # scores of a call, all rows and heads: at fewer, blocks are over before the kernel is compiled
TILE = 128  # queries, and keys, of a tile of the mask

Kernel = Callable[..., Tensor]


def pays(q: Tensor, k: Tensor, site: Site) -> bool:
    """Whether the kernel is worth its making, where the bias is known pair by pair."""
    return q.is_cuda and site.causal and q.shape[:-1].numel() * k.shape[-2] >= PAYS


def mix(q: Tensor, k: Tensor, v: Tensor, site: Site, encoding: Encoding, scale: float) -> Tensor | None:
    """Values mixed by causal attention with a bias, [B, H, T, D]; None where there is no such bias, or no kernel."""
    pairwise, kind = encoding.pairwise(site), (type(encoding), q.dtype, q.shape[-1])
    if pairwise is None or kind in _refused:
        return None
    try:
        return by(_compiled(), q, k, v, pairwise, scale)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # of a compiler: it may be anything
        _refused.add(kind)
        warnings.warn(
            f"{encoding.name}: FlexAttention refused, so queries go in blocks: {first_line(error)}", stacklevel=2
        )
        return None


def by(kernel: Kernel, q: Tensor, k: Tensor, v: Tensor, pairwise: Pairwise, scale: float) -> Tensor:
    """The same by a kernel with FlexAttention's interface."""

    def biased(score: Tensor, batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return score + pairwise(head, query, key)

    return kernel(q, k, v, score_mod=biased, block_mask=causal_tiles(q.shape[-2], q.device), scale=scale)


def causal_tiles(tokens: int, device: torch.device) -> object:
    """The causal mask by tiles: those on the diagonal are masked pair by pair, those before it not at all."""
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

    # Whole or not at all: what is not compiled would make all scores at once.
    return torch.compile(flex_attention, dynamic=True, fullgraph=True)


_refused: set[object] = set()  # kinds of encoding, dtype and head width that are not tried again in this process
