"""Selective RoPE against the paper's formula, one score at a time."""

from dataclasses import replace

import pytest
import torch
from oracle import BATCH, HEADS, LENGTH, agree, both_precisions, build, draw, per_head, products, table, turned_apart
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model.attention import attend


def selective(width: int, settings: str = "", dtype: torch.dtype = torch.float64) -> Encoding:
    """Selective RoPE with weights large enough to matter, and a constant other than 1."""
    encoding = build(f"selective-rope:rank=2{settings}", width).to(dtype)
    draws = torch.Generator().manual_seed(5)
    for weight in encoding.parameters():
        torch.nn.init.normal_(weight, generator=draws)
    return encoding


def site(hidden: Tensor, **options: object) -> Site:
    return Site.of(hidden, torch.arange(hidden.shape[1])[None], **options)


def steps_of(x: Tensor, encoding: Encoding, base: float) -> Tensor:
    """How far each token of one row x [T, C] turns each pair of each head, one by one; [H, pairs, T]."""
    width = x.shape[-1] // HEADS
    pairs = width // 2
    units = [torch.cat([part / part.square().sum().sqrt() for part in token.split(width)]) for token in x]
    narrow = [torch.stack([(row * unit).sum() for row in encoding.narrow.weight]) for unit in units]
    found = []
    for h in range(HEADS):
        for m in range(pairs):
            channel = h * pairs + m
            for t, unit in enumerate(units):
                total = x.new_zeros(())
                for back in range(min(t, 3) + 1):
                    mixed = (encoding.widen.weight[channel] * narrow[t - back]).sum()
                    total = total + encoding.taps[3 - back, channel] * mixed
                if encoding.constant is not None:
                    total = total + torch.exp(encoding.constant[h, m])
                if encoding.gate is not None:
                    total = total / (1 + torch.exp(-(encoding.gate.weight[h] * unit).sum() - encoding.gate.bias[h]))
                found.append(total / base ** (m / pairs))
    return torch.stack(found).view(HEADS, pairs, len(x))


def loop(q: Tensor, k: Tensor, x: Tensor, encoding: Encoding, base: float) -> Tensor:
    """Products of every query and key, turned by the steps of the tokens between them."""
    steps = torch.stack([steps_of(row, encoding, base) for row in x])

    def score(i: int, j: int) -> Tensor:
        angle = steps[..., min(i, j) + 1 : max(i, j) + 1].sum(-1) * (1 if i > j else -1)
        return turned_apart(q[:, :, i], k[:, :, j], angle)

    return table(score)


@pytest.mark.parametrize(
    "width, settings, base",
    [(5, "", 500000.0), (4, ":gate=false:base=97", 97.0), (5, ":constant=false", 500000.0)],
)
@both_precisions
def test_scores_and_their_gradients_are_the_papers(
    width: int, settings: str, base: float, dtype: torch.dtype, tolerance: float
) -> None:
    encoding = selective(width, settings, dtype)
    q, k = (per_head(width, dtype, seed) for seed in range(2))
    x = draw(BATCH, LENGTH, HEADS * width, dtype=dtype, seed=2)
    here = site(x, causal=False)
    ours, theirs = products(encoding, q, k, here), loop(q, k, x, encoding, base)
    agree(
        ours,
        theirs,
        (q, k, x, *encoding.parameters()),
        tolerance,
        gradient_tolerance=lambda expected: tolerance * expected.abs().amax().item(),
    )


def test_steps_of_one_are_rope() -> None:
    """Only the constant, at its initial value: every token turns a pair by the pair's own frequency."""
    encoding = build("selective-rope:gate=false", 7).double()
    torch.nn.init.zeros_(encoding.widen.weight)
    q, k = (per_head(7, seed=seed) for seed in range(2))
    here = site(draw(BATCH, LENGTH, HEADS * 7, seed=2))
    ours, theirs = (products(each, q, k, here) for each in (encoding, build("rope:base=500000", 7)))
    torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=1e-9)


def test_a_closed_gate_turns_nothing() -> None:
    encoding = selective(5)
    torch.nn.init.zeros_(encoding.gate.weight)
    torch.nn.init.constant_(encoding.gate.bias, -800)
    q, k = (per_head(5, seed=seed) for seed in range(2))
    turned = encoding.rotate(q, k, site(draw(BATCH, LENGTH, HEADS * 5, seed=2)))
    torch.testing.assert_close(turned, (q, k), atol=0, rtol=0)


def test_angles_depend_on_content_up_to_their_token_but_not_on_its_norm() -> None:
    encoding, x = selective(4), draw(BATCH, LENGTH, HEADS * 4).detach()
    before = encoding.steps(site(x), torch.float64)
    changed = x.clone()
    changed[:, 5] = x[:, 6]
    after = encoding.steps(site(changed), torch.float64)
    differs = (after - before).abs().amax(dim=(0, 2, 3)) > 1e-6
    assert differs.tolist() == [5 <= place <= 8 for place in range(LENGTH)]
    torch.testing.assert_close(encoding.steps(site(3 * x), torch.float64), before, atol=1e-12, rtol=0)


def test_padding_on_the_left_changes_nothing() -> None:
    """Tokens before the text see only themselves, and no other token sees them."""
    encoding, padding = selective(5), 3
    q, k, v = (per_head(5, seed=seed, length=padding + LENGTH).detach() for seed in range(3))
    x = draw(BATCH, padding + LENGTH, HEADS * 5, seed=3).detach()
    padded = site(x)
    visible = padded.visible.clone()
    visible[..., :padding] = False
    visible[0, 0].fill_diagonal_(True)
    padded = replace(padded, mask=visible)
    ours, _ = attend(*encoding.rotate(q, k, padded), v, padded, encoding, scale=1.0)
    alone = site(x[:, padding:])
    q, k, v = (each[..., padding:, :] for each in (q, k, v))
    theirs, _ = attend(*encoding.rotate(q, k, alone), v, alone, encoding, scale=1.0)
    torch.testing.assert_close(ours[..., padding:, :], theirs, atol=1e-9, rtol=1e-9)


def test_bfloat16_steps_are_summed_in_float32() -> None:
    length = 2048
    shape = Shape(width=2, heads=1, layers=1, train_length=LENGTH)
    encoding = make("selective-rope:gate=false", shape).bfloat16()
    torch.nn.init.zeros_(encoding.widen.weight)
    cos, sin = encoding.table(site(torch.ones(1, length, 2, dtype=torch.bfloat16)), torch.bfloat16)
    exact = torch.arange(1, length + 1).double()
    assert cos.dtype == sin.dtype == torch.bfloat16
    assert (cos[0, 0, :, 0].double() - exact.cos()).abs().amax() < 0.01
    assert (sin[0, 0, :, 0].double() - exact.sin()).abs().amax() < 0.01


@pytest.mark.parametrize("setting", ["base=1", "rank=0"])
def test_a_value_out_of_range_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match=f"selective-rope: {setting.partition('=')[0]} is "):
        build(f"selective-rope:{setting}", 5)
