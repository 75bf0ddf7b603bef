"""STRING against complex numbers turned by shifted distances, pair by pair."""

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


def mapped(i: float, j: float, window: int, local: int) -> float:
    """From `window` tokens on, distances begin again at `local`."""
    distance = abs(i - j)
    shifted = distance if distance < window else distance - window + local
    return shifted if i > j else -shifted


@both_precisions
@both_masks
@pytest.mark.parametrize("queries", [2, LENGTH])
@pytest.mark.parametrize("places", ROWS.values(), ids=ROWS.keys())
@pytest.mark.parametrize("settings, base, window, local", [("", 1e4, 3, 1), (":base=97:window=5:local=2", 97.0, 5, 2)])
def test_attention_and_its_gradients_are_those_of_shifted_distances(
    settings: str,
    base: float,
    window: int,
    local: int,
    places: list[list[int]],
    queries: int,
    causal: bool,
    dtype: torch.dtype,
    tolerance: float,
) -> None:
    here = site(torch.tensor(places), dtype=dtype, queries=queries, causal=causal)
    q, k = per_head(WIDTH, dtype, 0, queries), per_head(WIDTH, dtype, 1)
    ours = attention_weights(build(f"string{settings}", WIDTH), q, k, here)
    theirs = at_mapped_distances(q, k, here, base, lambda i, j: mapped(i, j, window, local))
    agree(ours, theirs, (q, k), tolerance)


def test_the_authors_example() -> None:
    """The matrix in the README of HKUNLP/STRING: 128K tokens, shifted by 42K with a local window of 128."""
    thousand = 1024
    last = 128 * thousand - 1
    wanted = {
        0: 86 * thousand + 127,
        1: 86 * thousand + 126,
        last - 42 * thousand: 128,
        last - 42 * thousand + 1: 43007,
    }
    assert {j: mapped(last, j, 42 * thousand, 128) for j in wanted} == wanted


def test_defaults_are_the_authors_shares_of_the_trained_length() -> None:
    encoding = make("string", Shape(width=2, heads=1, layers=1, train_length=131072))
    assert (encoding.window, encoding.offset) == (43253, 128 - 43253)
    short = make("string", Shape(width=2, heads=1, layers=1, train_length=1))
    assert (short.window, short.offset) == (1, 0)


def test_mapped_distances_stay_within_the_trained_length_up_to_1_3_times_it() -> None:
    encoding = make("string", Shape(width=2, heads=1, layers=1, train_length=1000))
    local = encoding.window + encoding.offset
    assert mapped(1299, 0, encoding.window, local) < 1000
    assert mapped(1399, 0, encoding.window, local) > 1000


def test_the_model_is_trained_with_rope_of_the_same_base() -> None:
    assert trained_with(CATALOGUE.choice("string:base=97:local=2")).label == "rope:base=97"


@pytest.mark.parametrize("setting", ["base=1", "window=-1", "local=-1", "local=4"])
def test_a_parameter_out_of_range_is_refused(setting: str) -> None:
    name, _, value = setting.partition("=")
    with pytest.raises(ValueError, match=f"string: {name} is {value}[.0]*, but must be "):
        build(f"string:{setting}", WIDTH)
