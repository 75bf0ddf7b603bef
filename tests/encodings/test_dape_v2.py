"""DAPE V2 against a loop over pairs of tokens and the keys beside them."""

import math
from dataclasses import replace
from unittest import mock

import pytest
import torch
from oracle import BATCH, HEADS, both_masks, both_precisions, draw, hold_attention, per_head
from torch import Tensor
from torch.nn import functional

from benchmark.encodings import dape_v2, make
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model.attention import attend, scores

LENGTH, WIDTH = 7, 5
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=1, train_length=LENGTH)
PLACES = [2, 3, 5, 11, 13, 29, 31]
SCALE = 1 / math.sqrt(WIDTH)


def site(dtype: torch.dtype = torch.float32, causal: bool = True) -> Site:
    return Site.of(torch.zeros(BATCH, LENGTH, SHAPE.width, dtype=dtype), torch.tensor([PLACES]), causal=causal)


def loop(q: Tensor, k: Tensor, encoding: Encoding, causal: bool) -> Tensor:
    """Each query by itself, over the keys that it sees: three keys make a unit, three units a score; [B, H, Q, K]."""
    r1, r2 = encoding.kerple.r1, encoding.kerple.r2
    w1, b1, w2 = encoding.widen.weight[:, :, 0], encoding.widen.bias, encoding.narrow.weight[:, :, 0]
    attention = torch.zeros(BATCH, HEADS, LENGTH, LENGTH, dtype=q.dtype)
    for b in range(BATCH):
        for i in range(LENGTH):
            seen = i + 1 if causal else LENGTH
            content = torch.stack([(q[b, :, i] * k[b, :, j]).sum(-1) / math.sqrt(WIDTH) for j in range(seen)])
            far = [abs(PLACES[i] - PLACES[j]) for j in range(seen)]
            bias = torch.stack([-r1 * torch.log(1 + r2 * distance) for distance in far])
            given = torch.cat((content, bias), dim=-1)  # [keys, 2H]
            units = []
            for j in range(seen):
                read = b1 + sum(w1[:, :, tap] @ given[j + tap - 1] for tap in range(3) if 0 <= j + tap - 1 < seen)
                units.append(torch.where(read > 0, read, read / 100))
            final = [
                content[j] + bias[j] + sum(w2[:, :, n] @ units[j + n - 1] for n in range(3) if 0 <= j + n - 1 < seen)
                for j in range(seen)
            ]
            attention[b, :, i, :seen] = torch.stack(final, dim=-1).softmax(-1)
    return attention


@both_masks
@pytest.mark.parametrize("setting", ["", ":hidden=2"])
@both_precisions
def test_attention_and_its_gradients_are_the_papers(
    dtype: torch.dtype, tolerance: float, setting: str, causal: bool
) -> None:
    encoding = make(f"dape-v2{setting}", SHAPE).to(dtype)
    here, inputs = site(dtype, causal), [*encoding.parameters()]
    hold_attention(encoding, lambda q, k: loop(q, k, encoding, causal), WIDTH, here, dtype, tolerance, inputs=inputs)


def test_equals_the_papers_code_where_it_does_not_depend_on_the_end_of_the_row() -> None:
    """The code pads a square of scores, whose upper half is 0. Its last row has no unit past the query; others do."""
    encoding = make("dape-v2", SHAPE).double()
    q, k = (per_head(WIDTH, seed=seed, length=LENGTH) for seed in range(2))
    visible = site().visible
    content = (q @ k.transpose(-1, -2) * SCALE).masked_fill(~visible, 0)
    bias = encoding.kerple.at(site().distance[:, 0]).transpose(0, 1).masked_fill(~visible, 0).double()
    together = torch.cat((content, bias.expand_as(content)), dim=1)
    theirs = content + bias + encoding.narrow(functional.leaky_relu(encoding.widen(together)))
    ours = scores(q, k, site(torch.float64), encoding, SCALE)
    differs = ((ours - theirs).abs().amax(dim=(0, 1)) > 1e-9) & visible[0, 0]
    own = torch.eye(LENGTH, dtype=torch.bool)
    own[-1] = False
    assert torch.equal(differs, own)  # only the query's own key, one place from where units are hidden


@pytest.mark.parametrize("padding", [0.0, 1e4])
def test_hidden_keys_change_neither_outputs_nor_gradients(padding: float) -> None:
    """Two padding keys on the left, and all keys ahead, against a row without them."""
    encoding, whole = make("dape-v2", SHAPE), site()
    own = torch.eye(LENGTH, dtype=torch.bool)
    padded = replace(whole, mask=whole.visible & ((torch.arange(LENGTH) >= 2) | own))
    q, k, v = (per_head(WIDTH, torch.float32, seed, LENGTH).detach() for seed in range(3))
    short = Site.of(whole.hidden[:, 2:], whole.key_positions[:, 2:])
    wanted, _ = attend(q[:, :, 2:], k[:, :, 2:], v[:, :, 2:], short, encoding, scale=SCALE)
    mixed, _ = attend(q, k.index_fill(2, torch.arange(2), padding), v, padded, encoding, scale=SCALE)
    torch.testing.assert_close(mixed[:, :, 2:], wanted)
    mine, theirs = (
        torch.autograd.grad(each.square().sum(), list(encoding.parameters())) for each in (mixed[:, :, 2:], wanted)
    )
    torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-5)


def test_a_network_that_outputs_zero_leaves_kerple() -> None:
    encoding, kerple = make("dape-v2", SHAPE), make("kerple-log", SHAPE)
    encoding.narrow.weight.data.zero_()
    kerple.load_state_dict(encoding.kerple.state_dict())
    q, k = (per_head(WIDTH, torch.float32, seed, LENGTH) for seed in range(2))
    ours, theirs = (scores(q, k, site(), each, SCALE) for each in (encoding, kerple))
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("pairs, parts", [(1, LENGTH), (3 * BATCH * LENGTH, 3), (65536, 1)])
def test_without_gradients_queries_are_scored_in_parts_to_the_same_values(
    pairs: int, parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dape_v2, "PAIRS", pairs)
    encoding = make("dape-v2", SHAPE)
    q, k = (per_head(WIDTH, torch.float32, seed, LENGTH) for seed in range(2))
    together = scores(q, k, site(), encoding, SCALE)
    with torch.no_grad(), mock.patch.object(encoding, "adapted", wraps=encoding.adapted) as adapted:
        torch.testing.assert_close(scores(q, k, site(), encoding, SCALE), together)
    assert adapted.call_count == parts


def test_kerples_parameters_return_to_their_range_between_steps() -> None:
    encoding = make("dape-v2", SHAPE)
    encoding.kerple.r1.data.fill_(-1)
    encoding.schedule(0.5)
    torch.testing.assert_close(encoding.kerple.r1.detach(), torch.full((HEADS,), 0.01))


@pytest.mark.parametrize("mixed", [False, True], ids=["cast", "autocast"])
def test_a_model_in_bfloat16_adapts_in_float32(mixed: bool) -> None:
    rounded = make("dape-v2", SHAPE).bfloat16()
    content = draw(BATCH, HEADS, LENGTH, LENGTH, dtype=torch.float32).detach().bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=mixed):
        final = rounded.rescore(content, content, content, site(torch.bfloat16))
    assert final.dtype == torch.float32
    wanted = rounded.float().rescore(content.float(), content, content, site())
    torch.testing.assert_close(final, wanted, atol=1e-6, rtol=1e-6)


def test_a_network_without_units_is_refused() -> None:
    with pytest.raises(ValueError, match="dape-v2: hidden is 0, but must be at least 1"):
        make("dape-v2:hidden=0", SHAPE)
