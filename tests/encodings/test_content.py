"""What positions that come from content have in common: the encodings that count, add or multiply along a row.

The contract tests cover every encoding at 11 tokens. These rows are long enough to cross blocks of tokens, and for
rounding errors to add up.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest import mock

import pytest
import torch
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model import attention

BATCH, HEADS, WIDTH = 2, 3, 7
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=2, train_length=64)
LONG = 131  # tokens: two whole blocks of 64 and a part
# By what moves a position: the layer's input, or queries and keys.
BY_INPUT = ["carope", "fox", "grape-ap", "grape-m:context=true", "path", "repo", "selective-rope", "wall:start=1"]
BY_SCORES = ["cope:places=97", "dape", "dape-v2", "grape-a", "grape-a:queries=true", "stick-breaking"]
SUMS = ["carope", "cope:places=1601", "fox", "grape-ap", "grape-m:context=true", "selective-rope", "wall:start=1"]
SUMS += ["stick-breaking"]

every_encoding = pytest.mark.parametrize("choice", BY_INPUT + BY_SCORES)


def build(choice: str) -> Encoding:
    """An encoding whose weights are moved off their initial values."""
    encoding, draws = make(choice, SHAPE), torch.Generator().manual_seed(3)
    with torch.no_grad():
        for weight in encoding.parameters():
            weight.add_(torch.randn(weight.shape, generator=draws) / 4)
    return encoding.eval()


def site(hidden: Tensor, queries: int | None = None) -> Site:
    """The last queries of a row, in the second layer: RePo leaves the first to RoPE."""
    return replace(Site.of(hidden, torch.arange(hidden.shape[1])[None], queries=queries), layer=1)


def drawn(length: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The layer's input [B, T, C], and queries, keys and values [B, H, T, D]."""
    draws = torch.Generator().manual_seed(seed)
    hidden = torch.randn(BATCH, length, SHAPE.width, generator=draws)
    return hidden, *torch.randn(3, BATCH, HEADS, length, WIDTH, generator=draws).unbind()


@torch.inference_mode()
def mixed(encoding: Encoding, parts: tuple[Tensor, ...], queries: int | None = None) -> Tensor:
    """What the last queries read, [B, H, Q, D], by whichever kernel the encoding allows."""
    hidden, q, k, v = parts
    here = site(hidden, queries)
    turned = encoding.rotate(q[..., here.first_query :, :], k, here)
    return attention.attend(*turned, v, here, encoding, scale=WIDTH**-0.5)[0]


@torch.inference_mode()
def weights(encoding: Encoding, parts: tuple[Tensor, ...], queries: int) -> Tensor:
    """The attention weights of the last queries, [B, H, Q, K]."""
    hidden, q, k, _ = parts
    here = site(hidden, queries)
    turned = encoding.rotate(q[..., here.first_query :, :], k, here)
    return attention.attention_weights(*turned, here, encoding, WIDTH**-0.5).float()


@every_encoding
@pytest.mark.parametrize("place", [1, 63, 64, 130])
def test_no_token_is_read_by_an_earlier_one(choice: str, place: int) -> None:
    """Nor does anything else of it reach them, through whichever input of the attention."""
    encoding, parts, others = build(choice), drawn(LONG), drawn(LONG, seed=1)
    before = mixed(encoding, parts)
    changed = tuple(part.clone() for part in parts)
    for part, other in zip(changed, others, strict=True):
        part[..., place, :] = other[..., place, :]
    after = mixed(encoding, changed)
    torch.testing.assert_close(after[..., :place, :], before[..., :place, :], atol=1e-6, rtol=0)
    assert (after - before)[..., place : place + 2, :].abs().amax() > 1e-2


@every_encoding
@pytest.mark.parametrize("queries", [1, 5, 70])
def test_decoding_gives_what_the_full_pass_gave(choice: str, queries: int) -> None:
    encoding, parts = build(choice), drawn(LONG)
    whole = mixed(encoding, parts)
    torch.testing.assert_close(mixed(encoding, parts, queries), whole[..., -queries:, :], atol=1e-5, rtol=1e-4)


@every_encoding
@pytest.mark.parametrize("at_once", [1, 50, 100])
def test_blocks_of_queries_give_what_the_full_pass_gave(
    choice: str, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoding, parts = build(choice), drawn(LONG)
    whole = mixed(encoding, parts)
    monkeypatch.setattr(attention, "BLOCK_SCORES", at_once * BATCH * HEADS * LONG)
    torch.testing.assert_close(mixed(encoding, parts), whole, atol=1e-5, rtol=1e-4)


def added(choice: str, parts: tuple[Tensor, ...]) -> Tensor:
    """What an encoding adds to the scores of earlier keys for the last query, up to a constant, [B, H, 1, K - 1]."""
    own, plain = (weights(build(each), parts, 1)[..., :-1].log() for each in (choice, "none"))
    return own - plain


@pytest.mark.parametrize("choice", BY_INPUT)
def test_rows_with_other_inputs_have_other_positions(choice: str) -> None:
    """Both rows have the same queries and keys, which only the layer's input could tell apart."""
    hidden, q, k, v = drawn(23)
    q, k = (each[:1].expand(BATCH, -1, -1, -1) for each in (q, k))
    assert difference(added(choice, (hidden, q, k, v))) > 1e-2
    assert difference(added(choice, (hidden[:1].expand(BATCH, -1, -1), q, k, v))) < 1e-5


@pytest.mark.parametrize("choice", BY_SCORES)
def test_rows_with_other_keys_have_other_positions(choice: str) -> None:
    """Normalised by softmax, a bias shows in the difference of two keys."""
    parts = drawn(23)
    assert difference(added(choice, parts).diff(dim=-1)) > 1e-2


@pytest.mark.parametrize("choice", ["alibi", "kerple-log", "t5"])
def test_rows_with_other_content_have_the_same_positions_otherwise(choice: str) -> None:
    """The measure of the two tests above is 0 where a bias depends on distance only."""
    assert difference(added(choice, drawn(23)).diff(dim=-1)) < 1e-5


def difference(rows: Tensor) -> float:
    return float((rows[0] - rows[1]).abs().amax())


@contextmanager
def sums(dtype: torch.dtype) -> Iterator[list[torch.dtype]]:
    """Round every cumulative sum to a dtype and return at least float32; yields the dtypes that were to be summed."""
    plain, met = Tensor.cumsum, []

    def other(self: Tensor, *args: object, **options: object) -> Tensor:
        met.append(self.dtype)
        return plain(self.to(dtype), *args, **options).to(torch.promote_types(self.dtype, torch.float32))

    with mock.patch.object(Tensor, "cumsum", other):
        yield met


@pytest.mark.parametrize("choice", SUMS)
@pytest.mark.parametrize("autocast", [False, True], ids=["cast", "autocast"])
def test_sums_are_float32_however_long_the_row(choice: str, autocast: bool) -> None:
    """In float64 they change next to nothing; in bfloat16, which cannot count past 256, they would.

    Most where the sum starts with the row. Where it starts at the query, far keys, which have the large sums, have
    hardly any weight: 0.001 of the attention moves with grape-ap, and 0.8 with fox.
    """
    encoding, parts = build(choice), drawn(1511)
    if not autocast:
        encoding, parts = encoding.bfloat16(), tuple(part.bfloat16() for part in parts)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        ours = weights(encoding, parts, 3)
        with sums(torch.float64) as met:
            exact = weights(encoding, parts, 3)
        with sums(torch.bfloat16):
            rounded = weights(encoding, parts, 3)
    assert set(met) == {torch.float32}
    assert moved(ours, exact) < 1e-5
    assert moved(rounded, exact) > 5e-4


def moved(a: Tensor, b: Tensor) -> float:
    """The largest share of a query's attention that goes elsewhere."""
    return float((a - b).abs().sum(-1).amax() / 2)
