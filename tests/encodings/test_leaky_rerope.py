"""Leaky ReRoPE against complex numbers turned by distances that grow slowly past a window."""

import math

import pytest
import torch
from oracle import (
    LENGTH,
    PLACES,
    agree,
    at_mapped_distances,
    attention_weights,
    both_masks,
    both_precisions,
    build,
    per_head,
    site,
)

from benchmark.encodings import CATALOGUE, make
from benchmark.encodings.encoding import Shape
from benchmark.experiments.plan import trained_with

WIDTH = 7
ROWS = {"from-9": [list(range(9, 9 + LENGTH))], "by-row": [list(range(LENGTH)), PLACES]}


def mapped(i: float, j: float, window: int, slope: float) -> float:
    """The distance, of which all that exceeds the window counts 1/slope."""
    distance = i - j
    beyond = max(0, abs(distance) - window)
    return math.copysign(abs(distance) - beyond + beyond / slope, distance)


@both_precisions
@both_masks
@pytest.mark.parametrize("queries", [2, LENGTH])
@pytest.mark.parametrize("places", ROWS.values(), ids=ROWS.keys())
@pytest.mark.parametrize(
    "settings, base, window, slope", [("", 1e4, 1, 16.0), (":base=97:window=3:slope=3", 97.0, 3, 3.0)]
)
def test_attention_and_its_gradients_are_those_of_leaking_distances(
    settings: str,
    base: float,
    window: int,
    slope: float,
    places: list[list[int]],
    queries: int,
    causal: bool,
    dtype: torch.dtype,
    tolerance: float,
) -> None:
    here = site(torch.tensor(places), dtype=dtype, queries=queries, causal=causal)
    q, k = per_head(WIDTH, dtype, 0, queries), per_head(WIDTH, dtype, 1)
    ours = attention_weights(build(f"leaky-rerope{settings}", WIDTH), q, k, here)
    theirs = at_mapped_distances(q, k, here, base, lambda i, j: mapped(i, j, window, slope))
    agree(ours, theirs, (q, k), tolerance)


def test_a_slope_of_one_is_rope_and_a_steep_one_nearly_rerope() -> None:
    q, k, here = per_head(WIDTH), per_head(WIDTH, seed=1), site(dtype=torch.float64)
    rope, leaky, clipped, steep = (
        attention_weights(build(each, WIDTH), q, k, here)
        for each in ("rope", "leaky-rerope:slope=1", "rerope:window=3", "leaky-rerope:window=3:slope=1e9")
    )
    torch.testing.assert_close(leaky, rope, atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(steep, clipped, atol=1e-6, rtol=1e-6)


def test_mapped_distances_stay_within_the_trained_length_up_to_fourteen_times_it() -> None:
    trained = 64
    leaky = make("leaky-rerope", Shape(width=2, heads=1, layers=1, train_length=trained))
    assert leaky.window == 8
    farthest = leaky.far(torch.tensor(14 * trained - 1)) - leaky.far(torch.tensor(0)) + leaky.offset
    assert trained - 1 < farthest < trained
    assert make("leaky-rerope", Shape(width=2, heads=1, layers=1, train_length=1)).window == 1


def test_the_model_is_trained_with_rope_of_the_same_base() -> None:
    assert trained_with(CATALOGUE.choice("leaky-rerope:base=97:slope=3")).label == "rope:base=97"


@pytest.mark.parametrize("setting", ["base=1", "window=-1", "slope=0.5"])
def test_a_parameter_out_of_range_is_refused(setting: str) -> None:
    name, _, value = setting.partition("=")
    with pytest.raises(ValueError, match=f"leaky-rerope: {name} is {value}[.0]*, but must be "):
        build(f"leaky-rerope:{setting}", WIDTH)
