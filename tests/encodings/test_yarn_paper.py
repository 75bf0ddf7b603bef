"""YaRN as in the paper against its formula in wavelengths, with pairs as complex numbers, and against its code."""

import math

import pytest
import torch
from rotary import HEADS, LENGTH, PLACES, PRECISIONS, draw, site, turned

from benchmark.encodings import make
from benchmark.encodings.encoding import Rotation, Shape

TRAINED = 509


def build(width: int, settings: str = "", trained: int = TRAINED) -> Rotation:
    return make(f"yarn-paper{settings}", Shape(width=HEADS * width, heads=HEADS, layers=1, train_length=trained))


def speeds(width: int, base: float, factor: float, trained: int = TRAINED) -> list[float]:
    """By wavelengths, in the paper's three cases."""
    rotated = width // 2 * 2
    found = []
    for pair in range(rotated // 2):
        wavelength = 2 * math.pi * base ** (2 * pair / rotated)
        ratio = trained / wavelength
        kept = 0.0 if ratio < 1 else 1.0 if ratio > 32 else (ratio - 1) / 31
        found.append((1 - kept) * 2 * math.pi / (factor * wavelength) + kept * 2 * math.pi / wavelength)
    return found


CASES = [
    *((width, "", 10000.0, 4.0) for width in (1, 2, 3, 7, 10, 16, 64)),
    (22, ":factor=7", 10000.0, 7.0),
    (22, ":base=500000:factor=2.5", 500000.0, 2.5),
]


@pytest.mark.parametrize("width, settings, base, factor", CASES)
@pytest.mark.parametrize("dtype, tolerance", PRECISIONS)
def test_rotation_and_its_gradients_are_the_papers(
    width: int, settings: str, base: float, factor: float, dtype: torch.dtype, tolerance: float
) -> None:
    q, k = draw(width, dtype).requires_grad_(), draw(width, dtype, seed=1).requires_grad_()
    ours = torch.stack(build(width, settings).rotate(q, k, site(torch.tensor([PLACES]))))
    theirs = torch.stack([turned(x, PLACES, speeds(width, base, factor), 0.1 * math.log(factor) + 1) for x in (q, k)])
    torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=tolerance)
    downstream = torch.stack((draw(width, dtype, seed=2), draw(width, dtype, seed=3)))
    mine, wanted = (torch.autograd.grad(each, (q, k), downstream) for each in (ours, theirs))
    torch.testing.assert_close(mine, wanted, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("trained", [1, 5, 61, 8191])
def test_every_trained_length_has_its_frequencies(trained: int) -> None:
    ours = build(22, "", trained).theta(torch.float64, site(torch.tensor([PLACES])))
    assert ours.tolist() == pytest.approx(speeds(22, 10000.0, 4.0, trained), rel=1e-12)


def test_pairs_that_turn_32_times_stay_and_those_that_do_not_turn_once_are_slowed_by_the_factor() -> None:
    here = site(torch.tensor([PLACES]))
    plain = make("rope", build(64).shape).theta(torch.float64, here)
    ratio = plain / build(64).theta(torch.float64, here)
    turns = TRAINED * plain / (2 * math.pi)
    assert ratio[turns > 32].unique().tolist() == [1]
    assert ratio[turns < 1].tolist() == pytest.approx([4] * int((turns < 1).sum()), rel=1e-12)
    middle = ratio[(turns > 1) & (turns < 32)]
    assert 1 < middle.min() < middle.max() < 4


@pytest.mark.parametrize("factor, apart", [(4, 1.80), (32, 4.45)])
def test_its_middle_pairs_are_slower_than_those_of_its_code(factor: int, apart: float) -> None:
    here = site(torch.tensor([PLACES]))
    ours = build(64, f":factor={factor}", 2048)
    code = make(f"yarn:factor={factor}", ours.shape)
    ratio = code.theta(torch.float64, here) / ours.theta(torch.float64, here)
    assert ratio.min().item() == pytest.approx(1, abs=1e-12)
    assert ratio.max().item() == pytest.approx(apart, abs=0.005)
    assert ours.temperature == code.temperature


def test_angles_are_float32_in_a_bfloat16_model() -> None:
    far = list(range(4001, 4001 + LENGTH))
    q = draw(10, torch.bfloat16)
    ours, _ = build(10).bfloat16().rotate(q, q, site(torch.tensor([far])))
    assert ours.dtype == torch.bfloat16
    torch.testing.assert_close(
        ours.double(), turned(q.double(), far, speeds(10, 10000.0, 4.0), 0.1 * math.log(4) + 1), atol=0.05, rtol=0.05
    )


@pytest.mark.parametrize("setting, error", [("base=1", "base is 1"), ("factor=0.5", "factor is 0.5")])
def test_bad_values_are_refused(setting: str, error: str) -> None:
    with pytest.raises(ValueError, match=f"yarn-paper: {error}"):
        build(10, f":{setting}")
