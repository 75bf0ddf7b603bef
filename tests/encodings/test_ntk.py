"""NTK-aware RoPE against the paper's formula, with pairs as complex numbers, and against what it must leave alone."""

import pytest
import torch
from rotary import HEADS, LENGTH, PLACES, PRECISIONS, draw, site, turned

from benchmark.encodings import make
from benchmark.encodings.encoding import Rotation, Shape

TRAINED = 11


def build(width: int, settings: str = "", trained: int = TRAINED) -> Rotation:
    return make(f"ntk{settings}", Shape(width=HEADS * width, heads=HEADS, layers=1, train_length=trained))


def speeds(width: int, base: float, factor: float) -> list[float]:
    """RoPE's frequencies of the larger base; a single pair has none to be slowed to."""
    rotated = width // 2 * 2
    larger = base * factor ** (rotated / (rotated - 2)) if rotated > 2 else base
    return [larger ** (-2 * pair / rotated) for pair in range(rotated // 2)]


CASES = [
    *((width, "", 10000.0, 4.0) for width in (1, 2, 3, 7, 10, 16)),
    (10, ":factor=7", 10000.0, 7.0),
    (10, ":base=500000:factor=2.5", 500000.0, 2.5),
]


@pytest.mark.parametrize("width, settings, base, factor", CASES)
@pytest.mark.parametrize("dtype, tolerance", PRECISIONS)
def test_rotation_and_its_gradients_are_the_papers(
    width: int, settings: str, base: float, factor: float, dtype: torch.dtype, tolerance: float
) -> None:
    q, k = draw(width, dtype).requires_grad_(), draw(width, dtype, seed=1).requires_grad_()
    ours = torch.stack(build(width, settings).rotate(q, k, site(torch.tensor([PLACES]))))
    theirs = torch.stack([turned(x, PLACES, speeds(width, base, factor)) for x in (q, k)])
    torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=tolerance)
    downstream = torch.stack((draw(width, dtype, seed=2), draw(width, dtype, seed=3)))
    mine, wanted = (torch.autograd.grad(each, (q, k), downstream) for each in (ours, theirs))
    torch.testing.assert_close(mine, wanted, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("width", [5, 7, 10, 64])
@pytest.mark.parametrize("factor", [1, 3, 32])
def test_the_fastest_pair_stays_and_the_slowest_is_slowed_by_exactly_the_factor(width: int, factor: int) -> None:
    here = site(torch.tensor([PLACES]))
    plain = make("rope", build(width).shape).theta(torch.float64, here)
    slowed = build(width, f":factor={factor}").theta(torch.float64, here)
    assert slowed[0] == plain[0] == 1
    assert slowed[-1].item() == pytest.approx(plain[-1].item() / factor, rel=1e-12)
    assert (slowed / plain).diff().sign().unique().tolist() == [0 if factor == 1 else -1]


def test_nothing_depends_on_the_trained_length() -> None:
    here = site(torch.tensor([PLACES]))
    assert torch.equal(build(10, trained=3).theta(torch.float64, here), build(10).theta(torch.float64, here))


def test_angles_are_float32_in_a_bfloat16_model() -> None:
    far = list(range(4001, 4001 + LENGTH))
    q = draw(10, torch.bfloat16)
    ours, _ = build(10).bfloat16().rotate(q, q, site(torch.tensor([far])))
    assert ours.dtype == torch.bfloat16
    torch.testing.assert_close(ours.double(), turned(q.double(), far, speeds(10, 10000.0, 4.0)), atol=0.05, rtol=0.05)


@pytest.mark.parametrize("setting, error", [("base=1", "base is 1"), ("factor=0.5", "factor is 0.5")])
def test_bad_values_are_refused(setting: str, error: str) -> None:
    with pytest.raises(ValueError, match=f"ntk: {error}"):
        build(10, f":{setting}")
