"""PaTH against keys that are updated one token at a time."""

import math
from dataclasses import replace
from unittest import mock

import pytest
import torch
from oracle import BATCH, HEADS, LENGTH, agree, attention_weights, both_precisions, draw, per_head
from torch import Tensor

from benchmark.encodings import make, path
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model import attention
from benchmark.model.attention import attend

WIDTH = 5
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=1, train_length=LENGTH)


def build(dtype: torch.dtype) -> Encoding:
    encoding = make("path:rank=2", SHAPE).to(dtype)
    torch.nn.init.normal_(encoding.gate.bias, generator=torch.Generator().manual_seed(5))
    return encoding


def site_of(x: Tensor, queries: int = LENGTH) -> Site:
    return Site.of(x, torch.arange(x.shape[1])[None], queries=queries)


def turn(encoding: Encoding, x: Tensor, t: int, h: int) -> tuple[Tensor, Tensor]:
    """Direction and strength of token t of one row x [K, C] in head h."""
    mixed = torch.zeros(SHAPE.width, dtype=x.dtype)
    for back in range(min(t, 2) + 1):
        mixed = mixed + encoding.taps[2 - back] * (encoding.up.weight @ (encoding.down.weight @ x[t - back]))
    own = (mixed / (1 + torch.exp(-mixed)))[h * WIDTH : (h + 1) * WIDTH]
    strength = 2 / (1 + torch.exp(-(encoding.gate.weight[h] * x[t]).sum() - encoding.gate.bias[h]))
    return own / own.square().sum().sqrt(), strength


def loop(encoding: Encoding, q: Tensor, k: Tensor, x: Tensor, absent: int | None = None) -> Tensor:
    """Each query meets the keys so far, which its own token turns first, as in decoding; [B, H, Q, K].

    The absent token turns nothing.
    """
    length = x.shape[1]
    rows = []
    for b in range(BATCH):
        for h in range(HEADS):
            keys: list[Tensor] = []
            for i in range(length):
                w, strength = turn(encoding, x[b], i, h)
                turning = torch.eye(WIDTH, dtype=x.dtype) - strength * torch.outer(w, w)
                keys = [key if i == absent else turning @ key for key in keys] + [k[b, h, i]]
                row = torch.stack([(q[b, h, i] * key).sum() / math.sqrt(WIDTH) for key in keys]).softmax(0)
                rows.append(torch.cat((row, row.new_zeros(length - i - 1))))
    return torch.stack(rows).view(BATCH, HEADS, length, length)


@both_precisions
@pytest.mark.parametrize("queries", [1, 5, LENGTH])
@pytest.mark.parametrize("chunk", [1, 3, 5, 64])
def test_attention_and_its_gradients_are_the_papers(
    chunk: int, queries: int, dtype: torch.dtype, tolerance: float
) -> None:
    encoding, x = build(dtype), draw(BATCH, LENGTH, SHAPE.width, dtype=dtype, seed=3)
    q, k = (per_head(WIDTH, dtype, seed) for seed in (0, 1))
    with mock.patch.object(path, "CHUNK", chunk):
        ours = attention_weights(encoding, q[:, :, LENGTH - queries :], k, site_of(x, queries))
    theirs = loop(encoding, q, k, x)[:, :, LENGTH - queries :]
    agree(
        ours,
        theirs,
        (q, k, x, *encoding.parameters()),
        tolerance,
        gradient_tolerance=lambda expected: tolerance * max(1, expected.abs().amax().item()),
    )


def left_padded(site: Site, padding: int) -> Site:
    """The first tokens see only themselves, and no other token sees them."""
    visible = site.visible.clone()
    visible[..., :padding] = False
    for place in range(site.first_query, padding):
        visible[:, :, place - site.first_query, place] = True
    return replace(site, mask=visible)


@pytest.mark.parametrize("queries", [1, 5, LENGTH])
@pytest.mark.parametrize("padding", [1, 3])
def test_padding_on_the_left_changes_neither_outputs_nor_gradients(padding: int, queries: int) -> None:
    encoding = build(torch.float64)
    count = min(queries, LENGTH - padding)
    x = draw(BATCH, LENGTH, SHAPE.width, dtype=torch.float64, seed=3)
    q, k = (per_head(WIDTH, seed=seed) for seed in (0, 1))
    padded = attention_weights(encoding, q[:, :, LENGTH - queries :], k, left_padded(site_of(x, queries), padding))
    alone = attention_weights(encoding, q[:, :, LENGTH - count :], k[:, :, padding:], site_of(x[:, padding:], count))
    kept = padded[:, :, queries - count :, padding:]
    agree(kept, alone, (q, k, x, *encoding.parameters()), 1e-12)


def test_a_token_that_no_later_query_may_see_turns_nothing() -> None:
    """Even in the middle of a row; the convolution reads it as zero."""
    encoding, place = build(torch.float64), 4
    x = draw(BATCH, LENGTH, SHAPE.width, dtype=torch.float64, seed=3).detach()
    q, k = (per_head(WIDTH, seed=seed).detach() for seed in (0, 1))
    site = site_of(x)
    visible = site.visible.clone()
    visible[..., place + 1 :, place] = False
    ours = attention_weights(encoding, q, k, replace(site, mask=visible))[:, :, place + 1 :]
    x[:, place] = 0
    every = loop(encoding, q, k, x, absent=place)[:, :, place + 1 :]
    every[..., place] = 0
    torch.testing.assert_close(ours, every / every.sum(-1, keepdim=True), atol=1e-9, rtol=1e-9)


def change(encoding: Encoding, x: Tensor, q: Tensor, k: Tensor) -> Tensor:
    return encoding.rescore(torch.zeros(1, HEADS, x.shape[1], x.shape[1], dtype=x.dtype), q, k, site_of(x, x.shape[1]))


def test_a_closed_gate_turns_nothing_and_an_open_one_reflects() -> None:
    """beta = 0 is no encoding at all; with beta = 2 two equal turns undo each other."""
    encoding = build(torch.float64)
    x = torch.ones(1, LENGTH, SHAPE.width, dtype=torch.float64)  # equal tokens: equal turns from the third on
    q, k = (draw(1, HEADS, LENGTH, WIDTH, dtype=torch.float64, seed=seed).detach() for seed in (0, 1))
    torch.nn.init.zeros_(encoding.gate.weight)
    torch.nn.init.constant_(encoding.gate.bias, -50)
    assert change(encoding, x, q, k).abs().amax() < 1e-12
    torch.nn.init.constant_(encoding.gate.bias, 50)
    reflected = change(encoding, x, q, k)
    for query in range(2, LENGTH):
        for key in range(2, query + 1):
            assert (reflected[0, :, query, key].abs().amax() < 1e-12) == ((query - key) % 2 == 0)


def test_a_fresh_gate_projects_a_turns_direction_out() -> None:
    """beta starts at 1: H is a projection, so H H = H."""
    w, beta = make("path", SHAPE).turns(site_of(torch.zeros(1, LENGTH, SHAPE.width)), torch.float32)
    assert w.shape == (1, HEADS, LENGTH, WIDTH)
    assert torch.equal(beta, torch.ones(1, HEADS, LENGTH, 1))


def test_chunks_are_made_once_for_all_blocks_of_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    """And anew for each call: the same site may be given other keys."""
    encoding, length, batch = build(torch.float64), 41, 2
    x = torch.randn(batch, length, SHAPE.width, dtype=torch.float64)
    q, k, other, v = torch.randn(4, batch, HEADS, length, WIDTH, dtype=torch.float64).unbind()
    place = site_of(x, length)
    monkeypatch.setattr(path, "CHUNK", 7)
    with torch.inference_mode():
        wanted = [attend(q, keys, v, place, encoding, scale=0.5)[0] for keys in (k, other)]
        monkeypatch.setattr(attention, "BLOCK_SCORES", 10 * batch * HEADS * length)
        with mock.patch.object(path, "chunked", wraps=path.chunked) as made:
            ours = [attend(q, keys, v, place, encoding, scale=0.5)[0] for keys in (k, other)]
    assert made.call_count == 2
    torch.testing.assert_close(ours, wanted, atol=1e-12, rtol=1e-12)


def test_the_rank_defaults_to_32() -> None:
    assert make("path", SHAPE).down.weight.shape == (32, SHAPE.width)
    assert build(torch.float32).down.weight.shape == (2, SHAPE.width)


@pytest.mark.parametrize("mixed", [False, True], ids=["cast", "autocast"])
def test_bfloat16_turns_are_merged_in_float32(mixed: bool) -> None:
    """Only the inputs are rounded: the same turns in float64 give the same scores."""
    length = 211
    encoding = build(torch.float32).bfloat16()
    x = draw(1, length, SHAPE.width, dtype=torch.float32, seed=3).detach().bfloat16()
    q, k = (draw(1, HEADS, length, WIDTH, dtype=torch.float32, seed=seed).detach().bfloat16() for seed in (0, 1))
    w, beta = encoding.turns(site_of(x, length), torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=mixed), torch.no_grad():
        added = change(encoding, x, q, k)
    q, k, w, beta = (each.double() for each in (q, k, w, beta))
    exact = path.turned(q.new_zeros(1, HEADS, length, length), q, k, path.chunked(k, w, beta), first=0)
    assert added.dtype == torch.float32
    visible = torch.ones(length, length, dtype=torch.bool).tril()
    torch.testing.assert_close(added[..., visible].double(), exact[..., visible], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("rank", [0, -1])
def test_a_rank_below_one_is_refused(rank: int) -> None:
    with pytest.raises(ValueError, match=f"path: rank is {rank}, but must be at least 1"):
        make(f"path:rank={rank}", SHAPE)
