"""TUPE against loops over its three terms, with T5's bucket counted by hand."""

import math

import pytest
import torch
from oracle import HEADS, agree, both_kernels, both_masks, both_precisions, per_head, site
from oracle import attention as weighted
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, PastEndError, Shape
from benchmark.model.attention import attend

LENGTH, WIDTH = 7, 5
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=2, train_length=23)
PLACES = [[0, 1, 2, 3, 4, 5, 6], [0, 2, 3, 7, 11, 13, 22]]


def bucket(distance: int) -> int:
    """Of 32: each distance below 16 has its own, then they begin at 16 * 8 ** (n / 16); those ahead come after."""
    away = abs(distance)
    found = away if away < 16 else 15 + sum(away >= start for start in (16, 19, 21))
    return found + 32 * (distance < 0)


def loop(encoding: Encoding, q: Tensor, k: Tensor, places: list[list[int]], causal: bool) -> Tensor:
    root = math.sqrt(2 * WIDTH)

    def score(b: int, h: int, i: int, j: int) -> Tensor:
        here, there = places[b % len(places)][i], places[b % len(places)][j]
        own = slice(h * WIDTH, (h + 1) * WIDTH)
        asks = encoding.of_query[own] @ encoding.table[here]
        answers = encoding.of_key[own] @ encoding.table[there]
        near = encoding.near.table[bucket(here - there), h]
        return (q[b, h, i] @ k[b, h, j] + asks @ answers) / root + near

    return weighted(score, LENGTH, causal=causal)


@both_masks
@both_kernels
@both_precisions
@pytest.mark.parametrize("places", [PLACES[:1], PLACES[1:], PLACES], ids=["contiguous", "gaps", "by-row"])
def test_attention_and_its_gradients_are_the_papers(
    places: list[list[int]], dtype: torch.dtype, tolerance: float, weights: bool, causal: bool
) -> None:
    encoding = make("tupe", SHAPE).to(dtype)
    here = site(torch.tensor(places), dtype=dtype, causal=causal)

    q, k, v = (per_head(WIDTH, dtype, seed, LENGTH) for seed in range(3))
    turned_q, turned_k = encoding.rotate(q, k, here)
    ours, _ = attend(turned_q, turned_k, v, here, encoding, scale=1 / math.sqrt(WIDTH), weights=weights)
    inputs = (q, k, v, encoding.table, encoding.of_query, encoding.of_key, encoding.near.table)
    agree(ours, loop(encoding, q, k, places, causal) @ v, inputs, tolerance)


def test_past_its_end_it_says_so() -> None:
    with pytest.raises(PastEndError, match=r"position 23 is past the end of the table.*positions 0 to 22"):
        make("tupe", SHAPE).bias(site(range(17, 24)))


def test_all_layers_share_one_bias() -> None:
    encoding, here = make("tupe", SHAPE), site()
    assert encoding.bias(here) is encoding.bias(here)


def test_content_and_positions_start_on_equal_terms() -> None:
    encoding = make("tupe", Shape(width=97, heads=1, layers=1, train_length=101))
    assert encoding.placed(site(range(101))).std().item() == pytest.approx(math.sqrt(0.5), rel=0.1)
