"""Wall attention against loops that multiply gates, one token at a time."""

import math
from unittest import mock

import pytest
import torch
from oracle import BATCH, HEADS, LENGTH, agree, attention_weights, both_precisions, build, draw, per_head
from torch import Tensor

from benchmark.encodings import wall
from benchmark.encodings.encoding import Encoding, Site
from benchmark.model.attention import attend

WIDTH = 5


def walled(dtype: torch.dtype = torch.float64, settings: str = ":start=1") -> Encoding:
    return build(f"wall{settings}", WIDTH).to(dtype)


def site(hidden: Tensor, queries: int | None = None) -> Site:
    return Site.of(hidden, torch.arange(hidden.shape[1])[None], queries=queries)


def loop(q: Tensor, k: Tensor, x: Tensor, encoding: Encoding) -> Tensor:
    """From the query back: each token multiplies what is left of every channel by its gate; [B, H, Q, K]."""
    weight, offset = encoding.gate.weight, encoding.gate.bias
    rows = []
    for b in range(BATCH):
        gates = [
            [1 / (1 + torch.exp(-(row * each).sum() - c)) for row, c in zip(weight, offset, strict=True)]
            for each in x[b]
        ]
        kept = [torch.stack(gate).view(HEADS, WIDTH) for gate in gates]
        for h in range(HEADS):
            for i in range(LENGTH):
                scores, left = [], q[b, h, i]
                for j in range(i, -1, -1):
                    scores.append((left * k[b, h, j]).sum() / math.sqrt(WIDTH))
                    left = left * kept[j][h]
                row = torch.stack(scores[::-1]).softmax(0)
                rows.append(torch.cat((row, row.new_zeros(LENGTH - i - 1))))
    return torch.stack(rows).view(BATCH, HEADS, LENGTH, LENGTH)


def hold_to_the_paper(dtype: torch.dtype, tolerance: float, queries: int, block: int) -> None:
    encoding, x = walled(dtype), draw(BATCH, LENGTH, HEADS * WIDTH, dtype=dtype, seed=3)
    q, k = (per_head(WIDTH, dtype, seed) for seed in (0, 1))
    with mock.patch.object(wall, "BLOCK", block):
        ours = attention_weights(encoding, q[:, :, LENGTH - queries :], k, site(x, queries))
    theirs = loop(q, k, x, encoding)[:, :, LENGTH - queries :]
    agree(ours, theirs, (q, k, x, *encoding.parameters()), tolerance)


@both_precisions
@pytest.mark.parametrize("queries", [1, 5, LENGTH])
@pytest.mark.parametrize("block", [1, 3, 64])
def test_attention_and_its_gradients_are_the_papers(
    block: int, queries: int, dtype: torch.dtype, tolerance: float
) -> None:
    hold_to_the_paper(dtype, tolerance, queries, block)


def unsplit(q: Tensor, of_query: Tensor, k: Tensor, of_key: Tensor) -> Tensor:
    """Fading in two factors that are not split at a token in between."""
    return (q * of_query.exp()) @ (k * (-of_key).exp()).transpose(-1, -2)


def wrong_direction(q: Tensor, of_query: Tensor, k: Tensor, of_key: Tensor) -> Tensor:
    """Channels that grow with distance."""
    return unsplit(q, -of_query, k, -of_key)


def test_planted_faults_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wall, "across", wrong_direction)
    with pytest.raises(AssertionError, match="not close"):
        hold_to_the_paper(torch.float64, 1e-9, LENGTH, 64)
    monkeypatch.setattr(wall, "across", unsplit)
    hold_to_the_paper(torch.float64, 1e-9, LENGTH, 64)  # a short row does not tell
    with pytest.raises(AssertionError):
        hold_a_long_row(-3.0)


@pytest.mark.parametrize("start", [-9.0, -3.0, 1.0, 8.0])
def test_a_long_row_neither_underflows_nor_overflows(start: float) -> None:
    """Over 331 tokens a channel fades by up to e^-2980: the exponential of that is 0, and its inverse infinite."""
    hold_a_long_row(start)


def hold_a_long_row(start: float) -> None:
    length = 331
    encoding = walled(torch.float32, f":start={start}")
    x = draw(1, length, HEADS * WIDTH, dtype=torch.float32, seed=3)
    q, k = (draw(1, HEADS, length, WIDTH, dtype=torch.float32, seed=seed) for seed in range(2))
    zeros = torch.zeros(1, HEADS, length, length)
    ours = encoding.rescore(zeros, q, k, site(x)).tril()
    assert ours.isfinite().all()
    (reached,) = torch.autograd.grad(ours.square().sum(), x)
    assert reached.isfinite().all() and reached.abs().amax() > 0
    levels = torch.nn.functional.logsigmoid(encoding.gate(x)).double().cumsum(1)[0].view(length, HEADS, WIDTH)
    for i in (0, 63, 64, 65, 200, 330):
        fading = torch.exp(levels[i] - levels[: i + 1])  # [j, H, D]
        wanted = torch.einsum("hd,hjd,jhd->hj", q[0, :, i].double(), k[0, :, : i + 1].double(), fading) / math.sqrt(
            WIDTH
        )
        torch.testing.assert_close(ours[0, :, i, : i + 1].double(), wanted, atol=1e-4, rtol=1e-3)


def test_an_open_wall_is_no_encoding() -> None:
    encoding, none = walled(settings=":start=60"), build("none", WIDTH)
    q, k = (per_head(WIDTH, seed=seed) for seed in range(2))
    here = site(draw(BATCH, LENGTH, HEADS * WIDTH, seed=3))
    ours, theirs = (attention_weights(each, q, k, here) for each in (encoding, none))
    torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=1e-12)


def test_levels_are_computed_once_for_all_blocks_of_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    encoding, length = walled(), 41
    x = torch.randn(BATCH, length, HEADS * WIDTH, dtype=torch.float64)
    q, k, v = torch.randn(3, BATCH, HEADS, length, WIDTH, dtype=torch.float64).unbind()
    with torch.inference_mode():
        whole, _ = attend(q, k, v, site(x), encoding, scale=0.5)
        monkeypatch.setattr("benchmark.model.attention.BLOCK_SCORES", 7 * BATCH * HEADS * length)
        with mock.patch.object(encoding, "levels", wraps=encoding.levels) as computed:
            parts, _ = attend(q, k, v, site(x), encoding, scale=0.5)
    assert computed.call_count == 1
    torch.testing.assert_close(parts, whole, atol=1e-12, rtol=1e-12)
