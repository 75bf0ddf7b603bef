"""ReRoPE against complex numbers turned by clipped distances."""

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

from benchmark.catalogue import Choice
from benchmark.encodings import CATALOGUE, make
from benchmark.encodings.encoding import Shape
from benchmark.experiments.plan import trained_with
from benchmark.model.attention import scores

WIDTH = 7


ROWS = {"from-9": [list(range(9, 9 + LENGTH))], "by-row": [list(range(LENGTH)), PLACES]}


@both_precisions
@both_masks
@pytest.mark.parametrize("queries", [2, LENGTH])
@pytest.mark.parametrize("places", ROWS.values(), ids=ROWS.keys())
@pytest.mark.parametrize(
    "settings, base, window", [("", 10000.0, LENGTH // 2), (":base=97:window=3", 97.0, 3), (":window=1", 10000.0, 1)]
)
def test_attention_and_its_gradients_are_those_of_clipped_distances(
    settings: str,
    base: float,
    window: int,
    places: list[list[int]],
    queries: int,
    causal: bool,
    dtype: torch.dtype,
    tolerance: float,
) -> None:
    here = site(torch.tensor(places), dtype=dtype, queries=queries, causal=causal)
    q, k = per_head(WIDTH, dtype, 0, queries), per_head(WIDTH, dtype, 1)
    ours = attention_weights(build(f"rerope{settings}", WIDTH), q, k, here)
    theirs = at_mapped_distances(q, k, here, base, lambda i, j: max(-window, min(window, i - j)))
    agree(ours, theirs, (q, k), tolerance)


@both_masks
def test_up_to_the_window_it_is_rope_itself(causal: bool) -> None:
    q, k = per_head(WIDTH, torch.float32), per_head(WIDTH, torch.float32, 1)
    here = site(causal=causal)
    ours, ropes = (attention_weights(build(each, WIDTH), q, k, here) for each in (f"rerope:window={LENGTH}", "rope"))
    torch.testing.assert_close(ours, ropes, atol=1e-6, rtol=1e-6)


def test_no_pair_is_farther_apart_than_the_window() -> None:
    """Equal keys beyond it get equal scores."""
    here, rerope = site(queries=1), build("rerope:window=4", WIDTH)
    q, k = per_head(WIDTH, length=1), per_head(WIDTH, seed=1, length=1).expand(-1, -1, LENGTH, -1)
    last = scores(*rerope.rotate(q, k, here), here, rerope, 1 / math.sqrt(WIDTH))[..., 0, :]
    assert last[..., : LENGTH - 4].diff().abs().amax() < 1e-12
    assert (last[..., LENGTH - 5 :].diff().abs() > 1e-6).all()


def test_bfloat16_queries_and_keys_are_turned_on_in_float32() -> None:
    """Angles too: bfloat16 would round position 4095 to 4096, and most before it as well."""
    rerope, count = build("rerope:window=3", WIDTH), 4096
    q, k = (per_head(WIDTH, torch.float32, seed, length).detach().bfloat16() for seed, length in ((0, 1), (1, count)))
    here = site(range(count), queries=1)
    with torch.no_grad():
        rounded = scores(*rerope.rotate(q, k, here), here, rerope, 1 / math.sqrt(WIDTH))
        exact = scores(*rerope.rotate(q.double(), k.double(), here), here, rerope, 1 / math.sqrt(WIDTH))
    torch.testing.assert_close(rounded.double(), exact, atol=0.05, rtol=0.05)


def test_the_window_defaults_to_half_the_trained_length() -> None:
    assert build("rerope", WIDTH).window == 5
    assert make("rerope", Shape(width=2, heads=1, layers=1, train_length=1)).window == 1
    assert build("rerope:window=3", WIDTH).window == 3


def test_the_model_is_trained_with_rope_of_the_same_base() -> None:
    choice: Choice = CATALOGUE.choice("rerope:base=97:window=3")
    assert trained_with(choice).label == "rope:base=97"


@pytest.mark.parametrize("setting", ["base=1", "window=-1"])
def test_a_parameter_out_of_range_is_refused(setting: str) -> None:
    name, _, value = setting.partition("=")
    with pytest.raises(ValueError, match=f"rerope: {name} is {value}[.0]*, but must be "):
        build(f"rerope:{setting}", WIDTH)
