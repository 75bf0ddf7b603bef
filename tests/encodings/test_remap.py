"""Remap: maps of a user's own, and long rows, where only near keys are rescored."""

from unittest import mock

import pytest
import torch
from oracle import BATCH, HEADS, LENGTH, agree, at_mapped_distances, attention_weights, per_head, site
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.bases import Piece
from benchmark.encodings.encoding import Remap, Shape, Site
from benchmark.model import attention

WIDTH = 7
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=1, train_length=LENGTH)


class Chunked(Remap):
    """A map that no window gives: within a chunk of 4 the distance itself, from an earlier chunk always 9."""

    name = "chunked"

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, base=97.0, window=1)

    def pieces(self, site: Site) -> tuple[Piece, ...]:
        queries, keys = site.query_positions, site.key_positions
        begins = queries // 4 * 4
        return (
            Piece(queries=torch.full_like(queries, 9), keys=torch.zeros_like(keys)),
            Piece(queries=queries, keys=keys, after=begins - 1),
        )


def chunked(i: float, j: float) -> float:
    return i - j if i // 4 == j // 4 else 9


def test_a_map_by_chunks_of_a_users_own() -> None:
    q, k, here = per_head(WIDTH), per_head(WIDTH, seed=1), site(dtype=torch.float64)
    theirs = at_mapped_distances(q, k, here, 97.0, chunked)
    agree(attention_weights(Chunked(SHAPE), q, k, here), theirs, (q, k), 1e-9)


def made(name: str) -> Remap:
    return Chunked(SHAPE) if name == "chunked" else make(name, SHAPE)


@pytest.mark.parametrize(
    "name", ["rerope:window=3", "leaky-rerope:window=2", "self-extend:window=5:group=3", "chunked"]
)
@pytest.mark.parametrize("queries", [97, 13])
@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-9), (torch.float32, 1e-5), (torch.bfloat16, 0.05)])
def test_in_long_rows_only_near_keys_are_rescored_and_values_are_the_same(
    name: str, queries: int, dtype: torch.dtype, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, encoding, seen = 97, made(name), []
    here = site(range(count), dtype=dtype, queries=queries)
    q, k, v = (per_head(WIDTH, dtype, seed, count).detach() for seed in range(3))
    rescore = encoding.rescore

    def watched(scores: Tensor, q: Tensor, k: Tensor, part: Site) -> Tensor:
        seen.append(scores.shape[-2:])
        return rescore(scores, q, k, part)

    with torch.inference_mode():
        turned = encoding.rotate(q[..., count - queries :, :], k, here)
        whole, _ = attention.attend(*turned, v, here, encoding, scale=WIDTH**-0.5)
        monkeypatch.setattr(attention, "BLOCK_SCORES", BATCH * HEADS * count)
        monkeypatch.setattr(attention, "RESCORED_QUERIES", 5)
        monkeypatch.setattr(encoding, "rescore", watched)
        parts, _ = attention.attend(*turned, v, here, encoding, scale=WIDTH**-0.5)
    torch.testing.assert_close(parts, whole, atol=tolerance, rtol=tolerance)
    assert max(rows for rows, _ in seen) <= 5
    assert max(keys for _, keys in seen) <= 5 + 5 + 3


def test_no_tensor_of_all_pairs_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """At 16 times the trained length, the largest tensor is a small share of all pairs."""
    shape = Shape(width=16, heads=1, layers=1, train_length=256)
    count, encoding, largest = 16 * 256, make("rerope", shape), 0
    here = Site.of(torch.zeros(1, count, 16), torch.arange(count)[None], counted=True)
    q = torch.randn(1, 1, count, 16)

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
            nonlocal largest
            result = function(*args, **(kwargs or {}))
            if isinstance(result, Tensor):
                largest = max(largest, result.numel())
            return result

    with torch.no_grad(), Watch(), mock.patch.object(attention, "BLOCK_SCORES", count):
        attention.attend(*encoding.rotate(q, q, here), q, here, encoding, scale=0.25)
    assert largest < count**2 / 50
