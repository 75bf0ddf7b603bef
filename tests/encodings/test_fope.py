"""FoPE against the paper's formula, one score at a time."""

import cmath
import math

import pytest
import torch
from oracle import BATCH, HEADS, LENGTH, PLACES, agree, both_precisions, build, per_head, products, site, table
from torch import Tensor


def series_at(distance: int, m: int, thetas: list[float], coefficients: Tensor) -> complex:
    """F[m] of a distance: the pair's own frequency, and the others with their coefficients."""
    own = cmath.exp(1j * thetas[m] * distance)
    return own + sum(
        coefficient * cmath.exp(1j * theta * distance)
        for coefficient, theta in zip(coefficients.tolist(), thetas, strict=True)
    )


def loop(q: Tensor, k: Tensor, trained: int, base: float, coefficients: Tensor) -> Tensor:
    """Every pair of a query as one complex number, its product with the key's, times a series of their distance."""
    pairs, whole = q.shape[-1] // 2, q.dtype.to_complex()
    thetas = [base ** (-m / pairs) for m in range(pairs)]
    moving = [theta for theta in thetas if theta >= 2 * math.pi / trained]

    def score(i: int, j: int) -> Tensor:
        query, key = q[..., i, :], k[..., j, :]
        total = (query[..., 2 * pairs :] * key[..., 2 * pairs :]).sum(-1)
        for m in range(pairs):
            pair = torch.complex(query[..., m], query[..., m + pairs]) * torch.complex(
                key[..., m], -key[..., m + pairs]
            )
            if m < len(moving):
                series = [series_at(PLACES[i] - PLACES[j], m, moving, coefficients[h, m]) for h in range(HEADS)]
                pair = pair * torch.tensor(series, dtype=whole)
            total = total + pair.real
        return total

    return table(score)


@pytest.mark.parametrize(
    "width, trained, settings, base, moving",
    [
        (10, 67, "", 10000.0, 2),
        (7, 211, "", 10000.0, 2),
        (10, 67, ":sigma=0.9:base=97", 97.0, 3),
        (4, 5, "", 10000.0, 0),  # nothing turns
    ],
)
@both_precisions
def test_scores_and_their_gradients_are_the_papers(
    width: int, trained: int, settings: str, base: float, moving: int, dtype: torch.dtype, tolerance: float
) -> None:
    encoding = build(f"fope{settings}", width, trained=trained).to(dtype)
    assert encoding.series.shape == (HEADS, moving, moving)
    q, k = per_head(width, dtype), per_head(width, dtype, seed=1)
    ours = products(encoding, q, k, site(PLACES))
    theirs = loop(q, k, trained, base, encoding.series - torch.eye(moving, dtype=dtype))
    agree(ours, theirs, (q, k), tolerance, gradient_tolerance=lambda expected: 10 * tolerance)


@pytest.mark.parametrize("width", [7, 10])
def test_without_other_frequencies_it_is_hope(width: int) -> None:
    q, k = per_head(width), per_head(width, seed=1)
    ours, theirs = (products(build(item, width, trained=211), q, k, site(PLACES)) for item in ("fope:sigma=0", "hope"))
    torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("shift", [1, 97, 4096])
def test_scores_depend_only_on_distance(shift: int) -> None:
    """A series on each side, as in the authors' code, would fail here."""
    q, k, encoding = per_head(10), per_head(10, seed=1), build("fope", 10, trained=67)
    before, after = (products(encoding, q, k, site(range(by, by + LENGTH))) for by in (0, shift))
    assert (after - before).abs().amax() < 1e-9


def test_each_row_may_have_positions_of_its_own() -> None:
    positions = torch.tensor([range(11), range(100, 133, 3)])
    q, k, encoding = per_head(7), per_head(7, seed=1), build("fope", 7, trained=211)
    whole = products(encoding, q, k, site(positions))
    for row in range(BATCH):
        alone = products(encoding, q, k, site(positions[row]))
        torch.testing.assert_close(whole[row], alone[row], atol=1e-12, rtol=0)


def test_the_width_grows_as_documented() -> None:
    turned, _ = build("fope", 10, trained=67).rotate(per_head(10), per_head(10, seed=1), site(PLACES))
    assert turned.shape == (BATCH, HEADS, LENGTH, 10 - 2 * 2 + 2 * 2 * 2)


def test_coefficients_are_fixed_saved_and_of_the_documented_size() -> None:
    encoding = build("fope", 128, heads=11, trained=10**6)
    assert list(encoding.parameters()) == []
    assert encoding.state_dict().keys() == {"series"}
    others = encoding.series - torch.eye(64)
    assert others.mean().abs() < 0.01
    assert others.std().item() == pytest.approx(0.3 / math.sqrt(64), rel=0.05)
    assert (others**2).sum(-1).mean().sqrt().item() == pytest.approx(0.3, rel=0.05)  # below the dominant 1


def test_heads_have_series_of_their_own() -> None:
    first, second, third = build("fope", 10, trained=67).series
    assert not torch.equal(first, second)
    assert not torch.equal(second, third)


def test_bfloat16_queries_are_turned_by_float32_angles() -> None:
    q, k = (per_head(10, seed=seed).bfloat16() for seed in range(2))
    encoding, far = build("fope", 10, trained=67), site(range(4096, 4096 + LENGTH))
    turned, _ = encoding.rotate(q, k, far)
    exact, _ = encoding.rotate(q.double(), k.double(), far)
    assert turned.dtype == torch.bfloat16
    assert (turned.double() - exact).abs().amax() < 0.05


@pytest.mark.parametrize("setting", ["sigma=-0.1", "base=1"])
def test_a_value_out_of_range_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match=f"fope: {setting.partition('=')[0]} is "):
        build(f"fope:{setting}", 10)
