"""Remap: maps of a user's own, and evaluation, where each piece of the map is a fused call."""

import subprocess
import sys
from unittest import mock

import pytest
import torch
from oracle import HEADS, LENGTH, agree, at_mapped_distances, attention_weights, both_masks, per_head, site
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Piece, Remap, Shape, Site
from benchmark.model import attention, parts

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


class Halves(Remap):
    """Three pieces, and queries without a key in the last: distances are halved twice, past 3 and past 11."""

    name = "halves"

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, base=97.0, window=1)

    def pieces(self, site: Site) -> tuple[Piece, ...]:
        queries, keys = site.query_positions.float(), site.key_positions.float()
        return (
            Piece(queries=queries / 4, keys=keys / 4),
            Piece(queries=queries / 2, keys=keys / 2, after=queries - 12),
            Piece(queries=queries, keys=keys, after=torch.where(queries % 5 == 0, queries, queries - 4)),
        )


def chunked(i: float, j: float) -> float:
    return i - j if i // 4 == j // 4 else 9


def halves(i: float, j: float) -> float:
    if i - j >= 12:
        return (i - j) / 4
    return (i - j) / 2 if i - j >= 4 or i % 5 == 0 else i - j


@pytest.mark.parametrize("encoding, mapped", [(Chunked, chunked), (Halves, halves)])
def test_a_map_in_pieces_of_a_users_own(encoding, mapped) -> None:
    q, k, here = per_head(WIDTH), per_head(WIDTH, seed=1), site(dtype=torch.float64)
    theirs = at_mapped_distances(q, k, here, 97.0, mapped)
    agree(attention_weights(encoding(SHAPE), q, k, here), theirs, (q, k), 1e-9)


def made(name: str) -> Remap:
    own = {"chunked": Chunked, "halves": Halves}
    return own[name](SHAPE) if name in own else make(name, SHAPE)


REGISTERED = ("rerope:window=3", "leaky-rerope:window=2", "self-extend:window=5:group=3", "dca", "string")


@pytest.mark.parametrize("name", [*REGISTERED, "chunked", "halves"])
@pytest.mark.parametrize("queries", [97, 13, 1])
@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-9), (torch.float32, 1e-5), (torch.bfloat16, 0.05)])
def test_evaluation_in_parts_gives_the_values_of_all_scores(
    name: str, queries: int, dtype: torch.dtype, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, encoding = 97, made(name)
    here = site(range(5, 5 + count), dtype=dtype, queries=queries)
    q, k, v = (per_head(WIDTH, dtype, seed, count).detach() for seed in range(3))
    monkeypatch.setattr(parts, "BLOCK_QUERIES", 11)
    with torch.inference_mode():
        turned = encoding.rotate(q[..., count - queries :, :], k, here)
        whole, _ = attention.attend(*turned, v, here, encoding, scale=WIDTH**-0.5, weights=True)
        with mock.patch.object(encoding, "rescore", side_effect=AssertionError("all scores were made")):
            merged, _ = attention.attend(*turned, v, here, encoding, scale=WIDTH**-0.5)
    assert merged.dtype == dtype
    torch.testing.assert_close(merged, whole, atol=tolerance, rtol=tolerance)


def test_many_keys_are_evaluated_with_more_queries_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    count, encoding, sizes = 97, made("self-extend:window=5:group=3"), []
    here = site(range(count), dtype=torch.float64)
    q, k, v = (per_head(WIDTH, torch.float64, seed, count).detach() for seed in range(3))

    def mixed(many: int) -> Tensor:
        monkeypatch.setattr(parts, "MANY_KEYS", many)
        with torch.inference_mode():
            return attention.attend(*encoding.rotate(q, k, here), v, here, encoding, scale=WIDTH**-0.5)[0]

    call = parts._call
    monkeypatch.setattr(parts, "_call", lambda q, *others: sizes.append(q.shape[-2]) or call(q, *others))
    few = mixed(count)
    assert max(sizes) == parts.BLOCK_QUERIES
    torch.testing.assert_close(mixed(count - 1), few, atol=1e-9, rtol=0)
    assert max(sizes) == count


@both_masks
@pytest.mark.parametrize("kernel", [parts.KERNEL, "missing"])
def test_rows_that_cannot_be_evaluated_in_parts_have_the_same_values(
    kernel: str, causal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a mask, with positions that leave gaps, and with a torch that has no such kernel."""
    monkeypatch.setattr(parts, "KERNEL", kernel)
    encoding = made("rerope:window=3")
    for places in (range(LENGTH), range(0, 2 * LENGTH, 2)):
        here = site(places, causal=causal)
        q, k, v = (per_head(WIDTH, torch.float32, seed).detach() for seed in range(3))
        with torch.inference_mode():
            mixed, _ = attention.attend(*encoding.rotate(q, k, here), v, here, encoding, scale=WIDTH**-0.5)
        expected = at_mapped_distances(q, k, here, 1e4, lambda i, j: max(-3, min(3, i - j))) @ v
        torch.testing.assert_close(mixed, expected, atol=1e-5, rtol=1e-5)


class Largest(torch.utils._python_dispatch.TorchDispatchMode):
    """The number of elements of the largest tensor made."""

    elements = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        result = function(*args, **(kwargs or {}))
        made = [result] if isinstance(result, Tensor) else result if isinstance(result, tuple | list) else []
        self.elements = max([self.elements, *(each.numel() for each in made if isinstance(each, Tensor))])
        return result


@pytest.mark.parametrize("name", REGISTERED)
@pytest.mark.parametrize("trained", [16, 256])
def test_no_tensor_of_all_pairs_is_made_at_16_times_the_trained_length(name: str, trained: int) -> None:
    """The largest tensor is that of queries or keys, however short the row."""
    count, width = 16 * trained, 2
    encoding = make(name.partition(":")[0], Shape(width=width, heads=1, layers=1, train_length=trained))
    here = Site.of(torch.zeros(1, count, width), torch.arange(count)[None], counted=True)
    q = torch.randn(1, 1, count, width)
    with torch.no_grad(), Largest() as largest:
        attention.attend(*encoding.rotate(q, q, here), q, here, encoding, scale=0.25)
    assert largest.elements <= max(4 * count, count**2 // 8)


LONG = """
import sys
import torch
from benchmark.encodings import make
from benchmark.encodings.encoding import Shape
from benchmark.model.transformer import Transformer

torch.set_num_threads(1)
shape = Shape(width=8, heads=1, layers=1, train_length=1024)
model = Transformer(11, shape, lambda own, layer: make(sys.argv[1], own, layer=layer)).eval()
for length in (4096, 65536):
    with torch.inference_mode():
        assert model(torch.zeros(1, length, dtype=torch.int64)).isfinite().all()
    # Not `ru_maxrss`, which begins at the peak of the process that started this one.
    (peak,) = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
    print(peak)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("name", ["rerope", "dca"])
def test_a_row_of_65536_tokens_is_evaluated_in_little_memory(name: str) -> None:
    """A score for each pair would take 16 GiB, and a bit 0.5."""
    done = subprocess.run([sys.executable, "-c", LONG, name], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    short, long = (int(peak) * 1024 for peak in done.stdout.split())
    assert long - short < 128 * 1024**2, (short, long)
