"""Dual chunk attention against complex numbers turned by distances read from the paper's three matrices."""

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


def mapped(i: float, j: float, chunk: int, farthest: int) -> float:
    """The paper's equation 8, with the positions of queries laid out as lists, as in equations 2, 5 and 7."""
    if i < j:
        return -mapped(j, i, chunk, farthest)
    intra, inter = list(range(chunk)), [farthest] * chunk
    succ = [min(place, farthest) for place in range(chunk, 2 * chunk)]
    apart = int(i // chunk - j // chunk)
    of_query = intra if apart == 0 else succ if apart == 1 else inter
    return of_query[int(i) % chunk] - intra[int(j) % chunk]


@both_precisions
@both_masks
@pytest.mark.parametrize("queries", [2, LENGTH])
@pytest.mark.parametrize("places", ROWS.values(), ids=ROWS.keys())
@pytest.mark.parametrize(
    "settings, base, chunk, farthest",
    [("", 1e4, 8, 10), (":base=97:chunk=3:farthest=4", 97.0, 3, 4), (":chunk=2:farthest=7", 1e4, 2, 7)],
)
def test_attention_and_its_gradients_are_those_of_the_papers_distances(
    settings: str,
    base: float,
    chunk: int,
    farthest: int,
    places: list[list[int]],
    queries: int,
    causal: bool,
    dtype: torch.dtype,
    tolerance: float,
) -> None:
    here = site(torch.tensor(places), dtype=dtype, queries=queries, causal=causal)
    q, k = per_head(WIDTH, dtype, 0, queries), per_head(WIDTH, dtype, 1)
    ours = attention_weights(build(f"dca{settings}", WIDTH), q, k, here)
    theirs = at_mapped_distances(q, k, here, base, lambda i, j: mapped(i, j, chunk, farthest))
    agree(ours, theirs, (q, k), tolerance)


def test_the_papers_example() -> None:
    """Figure 2: chunks of 6, trained on 10 tokens. The numbers are read off the figure and its text."""
    assert [mapped(6 + i, 5, 6, 9) for i in range(6)] == [1, 2, 3, 4, 4, 4]
    assert [mapped(12, j, 6, 9) for j in range(6)] == [9, 8, 7, 6, 5, 4]


def test_a_chunk_as_long_as_the_row_is_rope() -> None:
    q, k, here = per_head(WIDTH), per_head(WIDTH, seed=1), site(dtype=torch.float64)
    ours, rope = (attention_weights(build(each, WIDTH), q, k, here) for each in (f"dca:chunk={LENGTH}", "rope"))
    torch.testing.assert_close(ours, rope, atol=1e-9, rtol=1e-9)


def test_mapped_distances_stay_within_the_trained_length_at_any_length() -> None:
    encoding = make("dca", Shape(width=2, heads=1, layers=1, train_length=64))
    assert (encoding.chunk, encoding.farthest) == (48, 63)
    distances = {mapped(i, j, encoding.chunk, encoding.farthest) for i in range(300) for j in range(i + 1)}
    assert distances == set(range(64))
    assert make("dca", Shape(width=2, heads=1, layers=1, train_length=1)).chunk == 1


def test_the_model_is_trained_with_rope_of_the_same_base() -> None:
    assert trained_with(CATALOGUE.choice("dca:base=97:chunk=3")).label == "rope:base=97"


@pytest.mark.parametrize("setting", ["base=1", "chunk=-1", "chunk=12"])
def test_a_parameter_out_of_range_is_refused(setting: str) -> None:
    name, _, value = setting.partition("=")
    with pytest.raises(ValueError, match=f"dca: {name} is {value}[.0]*, but must be "):
        build(f"dca:{setting}", WIDTH)
