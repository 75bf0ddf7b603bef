"""YaRN as in the paper, against its formula in wavelengths and complex rotations, and against its code."""

import math

import pytest
import torch
from oracle import PLACES, both_precisions, build, hold_angles_to_float32, hold_rotation, site, turned

TRAINED = 509


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
@both_precisions
def test_rotation_and_its_gradients_are_the_papers(
    width: int, settings: str, base: float, factor: float, dtype: torch.dtype, tolerance: float
) -> None:
    encoding, wanted = build(f"yarn-paper{settings}", width, trained=TRAINED), speeds(width, base, factor)
    temperature = 0.1 * math.log(factor) + 1
    hold_rotation(encoding, width, site(PLACES), lambda x: turned(x, PLACES, wanted, temperature), dtype, tolerance)


@pytest.mark.parametrize("trained", [1, 5, 61, 8191])
def test_every_trained_length_has_its_frequencies(trained: int) -> None:
    ours = build("yarn-paper", 22, trained=trained).theta(torch.float64, site(PLACES))
    assert ours.tolist() == pytest.approx(speeds(22, 10000.0, 4.0, trained), rel=1e-12)


def test_pairs_of_more_than_32_turns_are_unchanged_and_those_of_less_than_one_are_slowed_by_the_factor() -> None:
    plain, ours = (
        build(item, 64, trained=TRAINED).theta(torch.float64, site(PLACES)) for item in ("rope", "yarn-paper")
    )
    ratio, turns = plain / ours, TRAINED * plain / (2 * math.pi)
    assert ratio[turns > 32].unique().tolist() == [1]
    assert ratio[turns < 1].tolist() == pytest.approx([4] * int((turns < 1).sum()), rel=1e-12)
    middle = ratio[(turns > 1) & (turns < 32)]
    assert 1 < middle.min() < middle.max() < 4


@pytest.mark.parametrize("factor, apart", [(4, 1.80), (32, 4.45)])
def test_its_middle_pairs_are_slower_than_those_of_its_code(factor: int, apart: float) -> None:
    ours, code = (build(f"{name}:factor={factor}", 64, trained=2048) for name in ("yarn-paper", "yarn"))
    ratio = code.theta(torch.float64, site(PLACES)) / ours.theta(torch.float64, site(PLACES))
    assert ratio.min().item() == pytest.approx(1, abs=1e-12)
    assert ratio.max().item() == pytest.approx(apart, abs=0.005)
    assert ours.temperature == code.temperature


def test_angles_are_float32_in_a_bfloat16_model() -> None:
    encoding = build("yarn-paper", 10, trained=TRAINED)
    hold_angles_to_float32(encoding, lambda places: speeds(10, 10000.0, 4.0), 0.1 * math.log(4) + 1)


@pytest.mark.parametrize("setting, error", [("base=1", "base is 1"), ("factor=0.5", "factor is 0.5")])
def test_bad_values_are_refused(setting: str, error: str) -> None:
    with pytest.raises(ValueError, match=f"yarn-paper: {error}"):
        build(f"yarn-paper:{setting}", 10)
