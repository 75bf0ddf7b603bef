"""DAPE against loops over the paper's formula, and against KERPLE, which it adapts."""

import math
from dataclasses import replace
from unittest import mock

import pytest
import torch
from oracle import BATCH, HEADS, both_masks, both_precisions, draw, hold_attention
from torch import Tensor

from benchmark.encodings import dape, make
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model.attention import attend, scores

LENGTH, WIDTH = 7, 5
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=1, train_length=LENGTH)
PLACES = [2, 3, 5, 11, 13, 29, 31]
SCALE = 1 / math.sqrt(WIDTH)


def per_head(seed: int) -> Tensor:
    return draw(BATCH, HEADS, LENGTH, WIDTH, dtype=torch.float32, seed=seed)


def site(dtype: torch.dtype = torch.float32, causal: bool = True) -> Site:
    return Site.of(torch.zeros(BATCH, LENGTH, SHAPE.width, dtype=dtype), torch.tensor([PLACES]), causal=causal)


def loop(q: Tensor, k: Tensor, encoding: Encoding, causal: bool) -> Tensor:
    """Every pair by itself: its H scores, its H biases, then one hidden unit after the other; [B, H, Q, K]."""
    r1, r2 = encoding.kerple.r1, encoding.kerple.r2
    attention = torch.zeros(BATCH, HEADS, LENGTH, LENGTH, dtype=q.dtype)
    for b in range(BATCH):
        for i in range(LENGTH):
            columns = []
            for j in range(i + 1 if causal else LENGTH):
                content = [(q[b, h, i] * k[b, h, j]).sum() / math.sqrt(WIDTH) for h in range(HEADS)]
                bias = [-r1[h] * torch.log(1 + r2[h] * abs(PLACES[i] - PLACES[j])) for h in range(HEADS)]
                both, final = torch.stack(content + bias), torch.stack(content) + torch.stack(bias)
                for into, offset, out in zip(
                    encoding.widen.weight, encoding.widen.bias, encoding.narrow.weight.T, strict=True
                ):
                    unit = (into * both).sum() + offset
                    final = final + out * (unit if unit > 0 else unit / 100)
                columns.append(final)
            rows = torch.stack(columns, dim=-1).softmax(-1)
            attention[b, :, i, : rows.shape[-1]] = rows
    return attention


@both_masks
@pytest.mark.parametrize("setting", ["", ":hidden=2"])
@both_precisions
def test_attention_and_its_gradients_are_the_papers(
    dtype: torch.dtype, tolerance: float, setting: str, causal: bool
) -> None:
    encoding = make(f"dape{setting}", SHAPE).to(dtype)
    here, inputs = site(dtype, causal), [*encoding.parameters()]
    hold_attention(encoding, lambda q, k: loop(q, k, encoding, causal), WIDTH, here, dtype, tolerance, inputs=inputs)


def test_a_silent_network_leaves_kerple() -> None:
    encoding, kerple = make("dape", SHAPE), make("kerple-log", SHAPE)
    encoding.narrow.weight.data.zero_()
    kerple.load_state_dict(encoding.kerple.state_dict())
    q, k = (per_head(seed) for seed in range(2))
    ours, theirs = (scores(q, k, site(), each, SCALE) for each in (encoding, kerple))
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("padding", [0.0, 1e4])
def test_hidden_keys_change_neither_outputs_nor_gradients(padding: float) -> None:
    """Two padding keys on the left, and all keys ahead, against a row without them."""
    encoding, whole = make("dape", SHAPE), site()
    own = torch.eye(LENGTH, dtype=torch.bool)
    padded = replace(whole, mask=whole.visible & ((torch.arange(LENGTH) >= 2) | own))
    q, k, v = (per_head(seed).detach() for seed in range(3))
    short = Site.of(whole.hidden[:, 2:], whole.key_positions[:, 2:])
    wanted, _ = attend(q[:, :, 2:], k[:, :, 2:], v[:, :, 2:], short, encoding, scale=SCALE)
    mixed, _ = attend(q, k.index_fill(2, torch.arange(2), padding), v, padded, encoding, scale=SCALE)
    torch.testing.assert_close(mixed[:, :, 2:], wanted)
    mine, theirs = (
        torch.autograd.grad(each.square().sum(), list(encoding.parameters())) for each in (mixed[:, :, 2:], wanted)
    )
    torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("heads", [1, 3, 37])
def test_it_has_as_many_parameters_as_documented(heads: int) -> None:
    encoding = make("dape", Shape(width=heads, heads=heads, layers=1, train_length=LENGTH))
    assert sum(weight.numel() for weight in encoding.parameters()) == 98 * heads + 32


def test_kerples_parameters_return_to_their_range_between_steps() -> None:
    encoding = make("dape", SHAPE)
    encoding.kerple.r1.data.fill_(-1)
    encoding.schedule(0.5)
    torch.testing.assert_close(encoding.kerple.r1.detach(), torch.full((HEADS,), 0.01))


def test_a_model_in_bfloat16_adapts_in_float32() -> None:
    rounded, content = (
        make("dape", SHAPE).bfloat16(),
        draw(BATCH, HEADS, LENGTH, LENGTH, dtype=torch.float32).bfloat16(),
    )
    final = rounded.rescore(content, content, content, site(torch.bfloat16))
    assert final.dtype == torch.float32
    wanted = rounded.float().rescore(content.float(), content, content, site())
    torch.testing.assert_close(final, wanted, atol=0, rtol=0)


def test_a_network_without_units_is_refused() -> None:
    with pytest.raises(ValueError, match="dape: hidden is 0, but must be at least 1"):
        make("dape:hidden=0", SHAPE)


@pytest.mark.parametrize("shared", [True, False], ids=["one-for-all", "of-each-row"])
@pytest.mark.parametrize("pairs", [1, 5, 4096])
def test_without_gradients_pairs_are_scored_in_parts_to_the_same_values(
    pairs: int, shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dape, "PAIRS", pairs)
    encoding = make("dape", SHAPE)
    q, k = (per_head(seed) for seed in range(2))
    positions = torch.tensor([PLACES] if shared else [PLACES, list(range(LENGTH))])
    place = Site.of(torch.zeros(BATCH, LENGTH, SHAPE.width), positions)
    together = scores(q, k, place, encoding, SCALE)
    with torch.no_grad(), mock.patch.object(torch, "addmm", wraps=torch.addmm) as parts:
        torch.testing.assert_close(scores(q, k, replace(place, shared={}), encoding, SCALE), together)
    assert parts.call_count == BATCH * math.ceil(LENGTH * LENGTH / pairs)


@pytest.mark.parametrize("grad", [True, False])
def test_under_autocast_the_network_stays_float32(grad: bool) -> None:
    encoding, content = make("dape", SHAPE), draw(BATCH, HEADS, LENGTH, LENGTH, dtype=torch.float32)
    with torch.set_grad_enabled(grad):
        wanted = encoding.rescore(content, content, content, site())
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert torch.equal(encoding.rescore(content, content, content, site()), wanted)
