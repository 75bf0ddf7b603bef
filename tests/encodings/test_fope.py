"""FoPE against plain loops over the paper's formula."""

import cmath
import math

import pytest
import torch
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site

BATCH, HEADS, LENGTH = 2, 3, 11
PLACES = [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89]


def fope(width: int, trained: int, settings: str = "", heads: int = HEADS) -> Encoding:
    return make(f"fope{settings}", Shape(width=heads * width, heads=heads, layers=1, train_length=trained))


def site(positions: Tensor) -> Site:
    return Site.of(torch.zeros(BATCH, positions.shape[-1], 5), positions)


def draw(width: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> Tensor:
    draws = torch.Generator().manual_seed(seed)
    return torch.randn(BATCH, HEADS, LENGTH, width, generator=draws, dtype=dtype).requires_grad_()


def products(encoding: Encoding, q: Tensor, k: Tensor, positions: Tensor) -> Tensor:
    turned_q, turned_k = encoding.rotate(q, k, site(positions))
    return turned_q @ turned_k.transpose(-1, -2)


def series_at(distance: int, m: int, thetas: list[float], coefficients: Tensor) -> complex:
    """F[m] of a distance: the pair's own frequency, and the others with their coefficients."""
    own = cmath.exp(1j * thetas[m] * distance)
    return own + sum(
        coefficient * cmath.exp(1j * theta * distance)
        for coefficient, theta in zip(coefficients.tolist(), thetas, strict=True)
    )


def loop(q: Tensor, k: Tensor, trained: int, base: float, coefficients: Tensor) -> Tensor:
    """One score at a time: every pair as one complex number, its product with the key's, times a series of distance."""
    pairs, whole = q.shape[-1] // 2, q.dtype.to_complex()
    thetas = [base ** (-m / pairs) for m in range(pairs)]
    moving = [theta for theta in thetas if theta >= 2 * math.pi / trained]
    entries = []
    for h in range(HEADS):
        for i, its_place in enumerate(PLACES):
            for j, place in enumerate(PLACES):
                query, key = q[:, h, i], k[:, h, j]
                score = (query[:, 2 * pairs :] * key[:, 2 * pairs :]).sum(-1)
                for m in range(pairs):
                    product = torch.complex(query[:, m], query[:, m + pairs]) * torch.complex(
                        key[:, m], -key[:, m + pairs]
                    )
                    still = m >= len(moving)
                    factor = 1.0 if still else series_at(its_place - place, m, moving, coefficients[h, m])
                    score = score + (product * torch.tensor(factor, dtype=whole)).real
                entries.append(score)
    return torch.stack(entries, -1).view(BATCH, HEADS, LENGTH, LENGTH)


@pytest.mark.parametrize(
    "width, trained, settings, base, moving",
    [
        (10, 67, "", 10000.0, 2),
        (7, 211, "", 10000.0, 2),
        (10, 67, ":sigma=0.9:base=97", 97.0, 3),
        (4, 5, "", 10000.0, 0),  # nothing turns
    ],
)
@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-9), (torch.float32, 1e-5)])
def test_scores_and_their_gradients_are_the_papers(
    width: int, trained: int, settings: str, base: float, moving: int, dtype: torch.dtype, tolerance: float
) -> None:
    encoding = fope(width, trained, settings).to(dtype)
    assert encoding.series.shape == (HEADS, moving, moving)
    q, k = draw(width, dtype), draw(width, dtype, seed=1)
    ours = products(encoding, q, k, torch.tensor([PLACES]))
    theirs = loop(q, k, trained, base, encoding.series - torch.eye(moving, dtype=dtype))
    torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=tolerance)
    downstream = draw(LENGTH, dtype, seed=2).detach()
    mine, wanted = (torch.autograd.grad(each, (q, k), downstream) for each in (ours, theirs))
    torch.testing.assert_close(mine, wanted, atol=10 * tolerance, rtol=tolerance)


@pytest.mark.parametrize("width", [7, 10])
def test_without_other_frequencies_it_is_hope(width: int) -> None:
    hope = make("hope", Shape(width=HEADS * width, heads=HEADS, layers=1, train_length=211))
    q, k, positions = draw(width), draw(width, seed=1), torch.tensor([PLACES])
    ours = products(fope(width, 211, ":sigma=0"), q, k, positions)
    torch.testing.assert_close(ours, products(hope, q, k, positions), atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("shift", [1, 97, 4096])
def test_scores_depend_on_distance_alone(shift: int) -> None:
    """A series on each side, as in the authors' code, would fail here."""
    q, k, positions = draw(10), draw(10, seed=1), torch.arange(LENGTH)[None]
    before, after = (products(fope(10, 67), q, k, positions + by) for by in (0, shift))
    assert (after - before).abs().amax() < 1e-9


def test_each_row_may_have_positions_of_its_own() -> None:
    positions = torch.tensor([range(11), range(100, 133, 3)])
    q, k = draw(7), draw(7, seed=1)
    whole = products(fope(7, 211), q, k, positions)
    for row in range(BATCH):
        alone = products(fope(7, 211), q, k, positions[row : row + 1])
        torch.testing.assert_close(whole[row], alone[row], atol=1e-12, rtol=0)


def test_width_grows_as_is_said() -> None:
    turned, _ = fope(10, 67).rotate(draw(10), draw(10, seed=1), site(torch.tensor([PLACES])))
    assert turned.shape == (BATCH, HEADS, LENGTH, 10 - 2 * 2 + 2 * 2 * 2)


def test_coefficients_are_fixed_saved_and_of_the_size_that_is_said() -> None:
    encoding = fope(128, 10**6, heads=11)
    assert list(encoding.parameters()) == []
    assert encoding.state_dict().keys() == {"series"}
    others = encoding.series - torch.eye(64)
    assert others.mean().abs() < 0.01
    assert others.std().item() == pytest.approx(0.3 / math.sqrt(64), rel=0.05)
    assert (others**2).sum(-1).mean().sqrt().item() == pytest.approx(0.3, rel=0.05)  # below the dominant 1


def test_heads_have_series_of_their_own() -> None:
    first, second, third = fope(10, 67).series
    assert not torch.equal(first, second)
    assert not torch.equal(second, third)


def test_bfloat16_queries_are_turned_by_float32_angles() -> None:
    q, k = draw(10).detach().bfloat16(), draw(10, seed=1).detach().bfloat16()
    encoding, positions = fope(10, 67), torch.arange(4096, 4096 + LENGTH)[None]
    turned, _ = encoding.rotate(q, k, site(positions))
    exact, _ = encoding.rotate(q.double(), k.double(), site(positions))
    assert turned.dtype == torch.bfloat16
    assert (turned.double() - exact).abs().amax() < 0.05


@pytest.mark.parametrize("setting", ["sigma=-0.1", "base=1"])
def test_a_value_out_of_range_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match=f"fope: {setting.partition('=')[0]} is "):
        fope(10, LENGTH, f":{setting}")
