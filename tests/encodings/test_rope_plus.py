"""RoPE++ against real and imaginary parts of products of complex numbers, and the authors' identity for the turn."""

import cmath

import pytest
import torch
from oracle import (
    HEADS,
    LENGTH,
    PLACES,
    agree,
    both_precisions,
    build,
    per_head,
    products,
    site,
    table,
)
from torch import Tensor

from benchmark.encodings.encoding import Site

WIDTH = 7


def scores(q: Tensor, k: Tensor, here: Site, base: float) -> Tensor:
    """The paper's two parts, pair by pair of queries and keys, for three heads: real, imaginary, real."""
    half = WIDTH // 2
    queries, keys = (torch.complex(each[..., :half], each[..., half : 2 * half]) for each in (q, k))
    at = here.key_positions[0].tolist()

    def score(i: int, j: int) -> Tensor:
        distance = at[len(at) - q.shape[2] + i] - at[j]
        spin = torch.tensor(
            [cmath.exp(1j * distance * base ** (-n / half)) for n in range(half)], dtype=q.dtype.to_complex()
        )
        of_head = [(queries[:, h, i] * keys[:, h, j].conj() * spin).sum(-1) for h in range(HEADS)]
        odd = (q[:, :, i, 2 * half :] * k[:, :, j, 2 * half :]).sum(-1)
        return torch.stack((of_head[0].real + odd[:, 0], of_head[0].imag, of_head[2].real + odd[:, 2]), dim=-1)

    return table(score, q.shape[2], k.shape[2])


@both_precisions
@pytest.mark.parametrize("queries", [2, LENGTH])
@pytest.mark.parametrize("places", [range(9, 9 + LENGTH), PLACES], ids=["from-9", "gaps"])
@pytest.mark.parametrize("settings, base", [("", 1e4), (":base=97", 97.0)])
def test_products_and_their_gradients_are_real_and_imaginary_parts(
    settings: str, base: float, places: list[int], queries: int, dtype: torch.dtype, tolerance: float
) -> None:
    here = site(places, dtype=dtype, queries=queries)
    q, k = per_head(WIDTH, dtype, 0, queries), per_head(WIDTH, dtype, 1)
    agree(products(build(f"rope-plus{settings}", WIDTH), q, k, here), scores(q, k, here, base), (q, k), tolerance)


def test_an_imaginary_head_is_rope_for_a_query_turned_back_by_a_quarter() -> None:
    here, q, k = site(dtype=torch.float64), per_head(6), per_head(6, seed=1)
    back = torch.cat((q[:, 0, :, 3:], -q[:, 0, :, :3]), dim=-1)
    expected = products(build("rope", 6), back[:, None], k[:, :1], here)
    torch.testing.assert_close(products(build("rope-plus", 6), q, k, here)[:, 1:2], expected)


def test_real_heads_are_those_of_rope_and_odd_ones_give_neither_queries_nor_keys() -> None:
    here, q, k = site(dtype=torch.float64), per_head(WIDTH), per_head(WIDTH, seed=1)
    ours, ropes = (products(build(each, WIDTH), q, k, here) for each in ("rope-plus", "rope"))
    torch.testing.assert_close(ours[:, ::2], ropes[:, ::2])
    for gradient in torch.autograd.grad(ours.sum(), (q, k)):
        assert (gradient[:, 1] == 0).all()
        assert (gradient[:, ::2] != 0).any()


def test_a_single_head_is_rope() -> None:
    here, q, k = site(dtype=torch.float64), per_head(WIDTH)[:, :1], per_head(WIDTH, seed=1)[:, :1]
    ours, rope = (products(build(each, WIDTH, heads=1), q, k, here) for each in ("rope-plus", "rope"))
    torch.testing.assert_close(ours, rope)


def test_an_equal_key_has_no_imaginary_part_at_its_own_place_and_a_growing_one_nearby() -> None:
    here, q = site(dtype=torch.float64), torch.ones(1, HEADS, LENGTH, 6, dtype=torch.float64)
    last = products(build("rope-plus:base=1000000", 6), q, q, here)[0, 1, -1]
    assert abs(last[-1].item()) < 1e-12
    assert last[-1] < last[-2] < last[-3]


def test_angles_are_float32_in_a_bfloat16_model() -> None:
    """At positions that bfloat16 cannot hold."""
    here, q = site(range(4001, 4001 + LENGTH)), per_head(10, torch.bfloat16)
    ours, _ = build("rope-plus", 10).bfloat16().rotate(q, q, here)
    exact, _ = build("rope-plus", 10).rotate(q.double(), q.double(), here)
    assert ours.dtype == torch.bfloat16
    torch.testing.assert_close(ours.double(), exact, atol=0.05, rtol=0.05)


def test_a_base_of_1_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rope-plus: base is 1.0, but must be greater than 1"):
        build("rope-plus:base=1", WIDTH)
