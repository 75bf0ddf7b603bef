"""Fused attention of a block to all keys before it, against softmax worked out in float64 with every score at hand."""

import pytest
import torch
from torch import Tensor

from benchmark.checkpoints import kernels

GROUPS, SHARED, WIDTH = 3, 5, 22
SCALE = 0.31
PRECISIONS = {torch.float32: 1e-5, torch.bfloat16: 0.03}
BLOCKS = [(1, 1), (7, 7), (1, 31), (7, 31), (29, 61), (61, 61)]  # queries, keys


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "CHUNK", 13)  # divides neither queries nor keys
    monkeypatch.setattr(kernels, "SINKS", 5)


def drawn(queries: int, keys: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    draw = torch.Generator().manual_seed(41)
    shapes = (2, GROUPS * SHARED, queries, WIDTH), (2, GROUPS, keys, WIDTH), (2, GROUPS, keys, WIDTH)
    q, k, v = (torch.randn(shape, generator=draw).to(dtype) for shape in shapes)
    return q, k, v


def exact(q: Tensor, k: Tensor, v: Tensor, visible: Tensor) -> Tensor:
    """Softmax over the visible keys, a query at a time, in float64."""
    shared = q.shape[1] // k.shape[1]
    mixed = torch.empty(*q.shape[:-1], v.shape[-1], dtype=torch.float64)
    for head in range(q.shape[1]):
        for place in range(q.shape[2]):
            seen = visible[place].nonzero()[:, 0]
            keys, values = (x[:, head // shared, seen].double() for x in (k, v))
            weights = (keys @ q[:, head, place, :, None].double() * SCALE).softmax(1)
            mixed[:, head, place] = (weights * values).sum(1)
    return mixed


def up_to_itself(queries: int, keys: int) -> Tensor:
    return torch.arange(keys) <= torch.arange(keys - queries, keys)[:, None]


def close(ours: Tensor, theirs: Tensor, dtype: torch.dtype) -> None:
    assert ours.dtype == dtype
    torch.testing.assert_close(ours.double(), theirs, rtol=0, atol=PRECISIONS[dtype])


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize(("queries", "keys"), BLOCKS)
def test_a_query_sees_every_key_up_to_itself(queries: int, keys: int, dtype: torch.dtype) -> None:
    q, k, v = drawn(queries, keys, dtype)
    close(kernels.attend_to_all(q, k, v, scale=SCALE), exact(q, k, v, up_to_itself(queries, keys)), dtype)


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("before", [0, 3, 40])
def test_continuations_of_a_row_do_not_see_each_other(before: int, dtype: torch.dtype) -> None:
    lengths = (3, 1, 7, 5)
    q, k, v = drawn(sum(lengths), before + sum(lengths), dtype)
    own = torch.block_diag(*(torch.ones(length, length).tril() for length in lengths)).bool()
    visible = torch.cat((torch.ones(len(own), before, dtype=torch.bool), own), 1)
    close(kernels.attend_to_all(q, k, v, scale=SCALE, own=own), exact(q, k, v, visible), dtype)


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_only_visible_pairs_count_in_a_window(dtype: torch.dtype) -> None:
    q, k, v = drawn(11, 31, dtype)
    visible = up_to_itself(11, 31) & ~up_to_itself(11, 31).roll(-17, 1)
    close(kernels.attend_in_window(q, k, v, visible, scale=SCALE), exact(q, k, v, visible), dtype)


def test_a_score_far_above_those_that_were_looked_at_does_not_overflow() -> None:
    """It belongs to a key that is neither among the first nor in the block."""
    q, k, v = drawn(7, 40, torch.bfloat16)
    k[:, :, 20] = 60 * q[:, ::SHARED].mean(2).sign()
    visible = up_to_itself(7, 40)
    scores = (q[:, ::SHARED].double() @ k.double().transpose(-1, -2) * SCALE).masked_fill(~visible, -torch.inf)
    near = torch.cat((scores[..., :5], scores[..., 33:]), -1).amax(-1)
    assert (scores.amax(-1) - near).max() > 90  # beyond the exponent of a float
    close(kernels.attend_to_all(q, k, v, scale=SCALE), exact(q, k, v, visible), torch.bfloat16)


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_no_tensor_of_queries_by_keys_is_made(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest tensor made grows with the chunk and not with the keys."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Largest(TorchDispatchMode):
        def __init__(self) -> None:
            super().__init__()
            self.made = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
            result = func(*args, **(kwargs or {}))
            for each in result if isinstance(result, tuple) else (result,):
                if isinstance(each, Tensor):
                    self.made = max(self.made, each.untyped_storage().nbytes() // each.element_size())
            return result

    monkeypatch.setattr(kernels, "CHUNK", 8)
    q, k, v = drawn(64, 4096, dtype)
    with torch.inference_mode(), Largest() as seen:
        kernels.attend_to_all(q, k, v, scale=SCALE)
    assert seen.made <= max(k.numel(), 2 * q.numel())
    assert seen.made < q.numel() // WIDTH * 4096 / 4
