"""GRAPE-M against the paper's formula, one score at a time."""

import math

import pytest
import torch
from oracle import (
    BATCH,
    HEADS,
    LENGTH,
    agree,
    both_precisions,
    build,
    draw,
    per_head,
    products,
    table,
    turned_apart,
)
from torch import Tensor

from benchmark.encodings.encoding import Encoding, Site

WIDTH = 7
PLACES = [0, 1, 2, 3, 5, 6, 8, 9, 11, 14, 17]  # with gaps; near enough for float32 angles to agree to 1e-5


def grape(settings: str, dtype: torch.dtype = torch.float64) -> Encoding:
    """GRAPE-M with weights large enough to matter."""
    encoding = build(f"grape-m{settings}", WIDTH).to(dtype)
    draws = torch.Generator().manual_seed(5)
    for weight in encoding.parameters():
        torch.nn.init.normal_(weight, generator=draws)
    return encoding


def site(hidden: Tensor, places: list[int] = PLACES) -> Site:
    return Site.of(hidden, torch.tensor([places]), causal=False)


def speeds_of(encoding: Encoding, base: float, scale: float) -> Tensor:
    """The frequency of every pair, as the exponential of a learned logarithm, which is how the code keeps it."""
    logarithms = [-2 * n / (WIDTH - 1) * math.log(base) + a / scale for n, a in enumerate(encoding.change)]
    return torch.stack([torch.exp(logarithm) for logarithm in logarithms])


@pytest.mark.parametrize("settings, base, scale", [("", 10000, 16), (":base=97:scale=3", 97, 3)])
@both_precisions
def test_scores_and_their_gradients_are_the_papers(
    settings: str, base: float, scale: float, dtype: torch.dtype, tolerance: float
) -> None:
    encoding = grape(settings, dtype)
    q, k = (per_head(WIDTH, dtype, seed) for seed in range(2))
    speeds = speeds_of(encoding, base, scale)
    theirs = table(lambda i, j: turned_apart(q[:, :, i], k[:, :, j], (PLACES[i] - PLACES[j]) * speeds))
    ours = products(encoding, q, k, site(draw(BATCH, LENGTH, HEADS * WIDTH, dtype=dtype)))
    hold(ours, theirs, (q, k, encoding.change), tolerance)


@both_precisions
def test_with_context_tokens_set_the_clock(dtype: torch.dtype, tolerance: float) -> None:
    """A token moves the clock for later tokens only; positions play no part."""
    encoding = grape(":context=true:scale=3", dtype)
    q, k = (per_head(WIDTH, dtype, seed) for seed in range(2))
    x = draw(BATCH, LENGTH, HEADS * WIDTH, dtype=dtype, seed=2)
    speeds = speeds_of(encoding, 10000, 3)
    logits = [(encoding.step.weight[0] * x[:, t]).sum(-1) + encoding.step.bias for t in range(LENGTH)]
    steps = [1 / (1 + torch.exp(-logit / 3)) for logit in logits]

    def score(i: int, j: int) -> Tensor:
        passed = sum(steps[min(i, j) : max(i, j)], start=x.new_zeros(BATCH)) * (1 if i > j else -1)
        return turned_apart(q[:, :, i], k[:, :, j], passed[:, None, None] * speeds)

    hold(products(encoding, q, k, site(x)), table(score), (q, k, x, *encoding.parameters()), tolerance)


def hold(ours: Tensor, theirs: Tensor, inputs: tuple[Tensor, ...], tolerance: float) -> None:
    agree(
        ours,
        theirs,
        inputs,
        tolerance,
        gradient_tolerance=lambda expected: tolerance * max(1, expected.abs().amax().item()),
    )


@pytest.mark.parametrize("settings, pace", [("", 1), (":context=true", 1 / (1 + math.expm1(0.001) ** (-1 / 16)))])
def test_a_fresh_layer_is_rope_and_with_context_at_two_fifths_of_its_speed(settings: str, pace: float) -> None:
    q, k = (per_head(WIDTH, seed=seed) for seed in range(2))
    here = site(draw(BATCH, LENGTH, HEADS * WIDTH), [*range(LENGTH)])
    ours = products(build(f"grape-m{settings}", WIDTH).double(), q, k, here)
    slower = Site.of(here.hidden, here.key_positions * pace, causal=False)
    torch.testing.assert_close(ours, products(build("rope", WIDTH), q, k, slower), atol=1e-5, rtol=1e-5)
    assert pace == 1 or 0.39 < pace < 0.4


@pytest.mark.parametrize("setting", ["base=1", "scale=0"])
def test_a_value_out_of_range_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match=f"grape-m: {setting.partition('=')[0]} is "):
        build(f"grape-m:{setting}", 5)
