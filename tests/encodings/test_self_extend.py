"""Self-Extend against complex numbers turned by grouped distances, pair by pair."""

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


def mapped(i: float, j: float, window: int, group: int) -> float:
    """Near pairs keep their distance; far ones get that of their groups, moved up to where the window ends."""
    if abs(i - j) < window:
        return i - j
    shift = window - window // group
    return i // group - j // group + (shift if i > j else -shift)


@both_precisions
@both_masks
@pytest.mark.parametrize("queries", [2, LENGTH])
@pytest.mark.parametrize("places", ROWS.values(), ids=ROWS.keys())
@pytest.mark.parametrize(
    "settings, base, window, group",
    [("", 1e4, 2, 8), (":base=97:window=5:group=3", 97.0, 5, 3), (":group=2", 1e4, 2, 2)],
)
def test_attention_and_its_gradients_are_those_of_grouped_distances(
    settings: str,
    base: float,
    window: int,
    group: int,
    places: list[list[int]],
    queries: int,
    causal: bool,
    dtype: torch.dtype,
    tolerance: float,
) -> None:
    here = site(torch.tensor(places), dtype=dtype, queries=queries, causal=causal)
    q, k = per_head(WIDTH, dtype, 0, queries), per_head(WIDTH, dtype, 1)
    ours = attention_weights(build(f"self-extend{settings}", WIDTH), q, k, here)
    theirs = at_mapped_distances(q, k, here, base, lambda i, j: mapped(i, j, window, group))
    agree(ours, theirs, (q, k), tolerance)


def test_a_group_of_one_is_rope() -> None:
    q, k, here = per_head(WIDTH), per_head(WIDTH, seed=1), site(dtype=torch.float64)
    ours, rope = (attention_weights(build(each, WIDTH), q, k, here) for each in ("self-extend:group=1", "rope"))
    torch.testing.assert_close(ours, rope, atol=1e-9, rtol=1e-9)


def test_mapped_distances_stay_within_the_trained_length_up_to_six_times_it() -> None:
    trained = 64
    encoding = make("self-extend", Shape(width=2, heads=1, layers=1, train_length=trained))
    assert (encoding.window, encoding.group) == (16, 8)
    assert mapped(6 * trained - 1, 0, encoding.window, encoding.group) < trained
    assert mapped(7 * trained - 1, 0, encoding.window, encoding.group) > trained
    assert make("self-extend", Shape(width=2, heads=1, layers=1, train_length=3)).window == 1


def test_the_model_is_trained_with_rope_of_the_same_base() -> None:
    assert trained_with(CATALOGUE.choice("self-extend:base=97:group=3")).label == "rope:base=97"


@pytest.mark.parametrize("setting", ["base=1", "window=-1", "group=0"])
def test_a_parameter_out_of_range_is_refused(setting: str) -> None:
    name, _, value = setting.partition("=")
    with pytest.raises(ValueError, match=f"self-extend: {name} is {value}[.0]*, but must be "):
        build(f"self-extend:{setting}", WIDTH)
