"""Selective RoPE against plain loops over the paper's formula."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model.attention import attend, scores

BATCH, HEADS, LENGTH = 2, 3, 11
PRECISIONS = [(torch.float64, 1e-9), (torch.float32, 1e-5)]


def draw(*sizes: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> Tensor:
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed), dtype=dtype).requires_grad_()


def selective(width: int, settings: str = "", dtype: torch.dtype = torch.float64) -> Encoding:
    """With weights that are large enough to tell, and a constant that is not 1."""
    shape = Shape(width=HEADS * width, heads=HEADS, layers=1, train_length=LENGTH)
    encoding = make(f"selective-rope:rank=2{settings}", shape).to(dtype)
    draws = torch.Generator().manual_seed(5)
    for weight in encoding.parameters():
        torch.nn.init.normal_(weight, generator=draws)
    return encoding


def site(hidden: Tensor, **options: object) -> Site:
    return Site.of(hidden, torch.arange(hidden.shape[1])[None], **options)


def loop_step(x: Tensor, t: int, h: int, m: int, encoding: Encoding) -> Tensor:
    """How far token t of one row x [T, C] turns pair m of head h, before its temperature."""
    width = x.shape[-1] // HEADS
    channel = h * (width // 2) + m

    def unit(s: int) -> Tensor:
        return torch.cat([part / part.square().sum().sqrt() for part in x[s].split(width)])

    total = x.new_zeros(())
    for back in range(4):
        if t - back >= 0:
            narrow = torch.stack([(row * unit(t - back)).sum() for row in encoding.narrow.weight])
            total = total + encoding.taps[3 - back, channel] * (encoding.widen.weight[channel] * narrow).sum()
    if encoding.constant is not None:
        total = total + torch.exp(encoding.constant[h, m])
    if encoding.gate is not None:
        total = total / (1 + torch.exp(-(encoding.gate.weight[h] * unit(t)).sum() - encoding.gate.bias[h]))
    return total


def loop(q: Tensor, k: Tensor, x: Tensor, encoding: Encoding, base: float) -> Tensor:
    """Products of every query and key, turned by the steps of the tokens between them, one pair at a time."""
    width = q.shape[-1]
    pairs = width // 2
    entries = []
    for b in range(BATCH):
        for h in range(HEADS):
            steps = [
                [loop_step(x[b], t, h, m, encoding) / base ** (m / pairs) for t in range(LENGTH)] for m in range(pairs)
            ]
            for i in range(LENGTH):
                for j in range(LENGTH):
                    query, key = q[b, h, i], k[b, h, j]
                    score = (query[2 * pairs :] * key[2 * pairs :]).sum()
                    for m in range(pairs):
                        between = steps[m][min(i, j) + 1 : max(i, j) + 1]
                        angle = sum(between, x.new_zeros(())) * (1 if i > j else -1)
                        even = query[m] * key[m] + query[m + pairs] * key[m + pairs]
                        odd = query[m] * key[m + pairs] - query[m + pairs] * key[m]
                        score = score + even * torch.cos(angle) + odd * torch.sin(angle)
                    entries.append(score)
    return torch.stack(entries).view(BATCH, HEADS, LENGTH, LENGTH)


@pytest.mark.parametrize(
    "width, settings, base",
    [(5, "", 500000.0), (4, ":gate=false:base=97", 97.0), (5, ":constant=false", 500000.0)],
)
@pytest.mark.parametrize("dtype, tolerance", PRECISIONS)
def test_scores_and_their_gradients_are_the_papers(
    width: int, settings: str, base: float, dtype: torch.dtype, tolerance: float
) -> None:
    encoding = selective(width, settings, dtype)
    q, k = (draw(BATCH, HEADS, LENGTH, width, dtype=dtype, seed=seed) for seed in range(2))
    x = draw(BATCH, LENGTH, HEADS * width, dtype=dtype, seed=2)
    here = site(x, causal=False)
    ours = scores(*encoding.rotate(q, k, here), here, encoding, 1.0)
    theirs = loop(q, k, x, encoding, base)
    torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=tolerance)
    inputs = (q, k, x, *encoding.parameters())
    downstream = draw(*ours.shape, dtype=dtype, seed=3).detach()
    mine, wanted = (torch.autograd.grad(each, inputs, downstream) for each in (ours, theirs))
    for each, expected in zip(mine, wanted, strict=True):
        torch.testing.assert_close(each, expected, atol=tolerance * expected.abs().amax().item(), rtol=tolerance)


def test_steps_of_one_are_rope() -> None:
    """The constant alone, at its start: every token turns a pair by its temperature."""
    shape = Shape(width=HEADS * 7, heads=HEADS, layers=1, train_length=LENGTH)
    encoding = make("selective-rope:gate=false", shape).double()
    torch.nn.init.zeros_(encoding.widen.weight)
    q, k = (draw(BATCH, HEADS, LENGTH, 7, seed=seed) for seed in range(2))
    here = site(draw(BATCH, LENGTH, shape.width, seed=2))
    ours = scores(*encoding.rotate(q, k, here), here, encoding, 1.0)
    rope = make("rope:base=500000", shape)
    theirs = scores(*rope.rotate(q, k, here), here, rope, 1.0)
    torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=1e-9)


def test_a_closed_gate_turns_nothing() -> None:
    encoding = selective(5)
    torch.nn.init.zeros_(encoding.gate.weight)
    torch.nn.init.constant_(encoding.gate.bias, -800)
    q, k = (draw(BATCH, HEADS, LENGTH, 5, seed=seed) for seed in range(2))
    turned = encoding.rotate(q, k, site(draw(BATCH, LENGTH, HEADS * 5, seed=2)))
    torch.testing.assert_close(turned, (q, k), atol=0, rtol=0)


def test_angles_know_content_up_to_their_token_and_not_its_length() -> None:
    encoding, x = selective(4), draw(BATCH, LENGTH, HEADS * 4).detach()
    before = encoding.steps(site(x), torch.float64)
    changed = x.clone()
    changed[:, 5] = x[:, 6]
    after = encoding.steps(site(changed), torch.float64)
    differs = (after - before).abs().amax(dim=(0, 2, 3)) > 1e-6
    assert differs.tolist() == [5 <= place <= 8 for place in range(LENGTH)]
    torch.testing.assert_close(encoding.steps(site(3 * x), torch.float64), before, atol=1e-12, rtol=0)


def test_padding_on_the_left_changes_nothing() -> None:
    """Tokens before the text see themselves alone, and nobody sees them."""
    encoding, padding = selective(5), 3
    q, k, v = (draw(BATCH, HEADS, padding + LENGTH, 5, seed=seed).detach() for seed in range(3))
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
    shape = Shape(width=HEADS * 5, heads=HEADS, layers=1, train_length=LENGTH)
    with pytest.raises(ValueError, match=f"selective-rope: {setting.partition('=')[0]} is "):
        make(f"selective-rope:{setting}", shape)
