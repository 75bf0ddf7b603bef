"""NTK-aware RoPE against the paper's formula in complex numbers, and against RoPE at the ends of its frequencies."""

import pytest
import torch
from oracle import PLACES, both_precisions, build, hold_angles_to_float32, hold_rotation, site, turned


def speeds(width: int, base: float, factor: float) -> list[float]:
    """RoPE's frequencies of the larger base; a single pair keeps its own."""
    rotated = width // 2 * 2
    larger = base * factor ** (rotated / (rotated - 2)) if rotated > 2 else base
    return [larger ** (-2 * pair / rotated) for pair in range(rotated // 2)]


CASES = [
    *((width, "", 10000.0, 4.0) for width in (1, 2, 3, 7, 10, 16)),
    (10, ":factor=7", 10000.0, 7.0),
    (10, ":base=500000:factor=2.5", 500000.0, 2.5),
]


@pytest.mark.parametrize("width, settings, base, factor", CASES)
@both_precisions
def test_rotation_and_its_gradients_are_the_papers(
    width: int, settings: str, base: float, factor: float, dtype: torch.dtype, tolerance: float
) -> None:
    wanted = speeds(width, base, factor)
    hold_rotation(
        build(f"ntk{settings}", width), width, site(PLACES), lambda x: turned(x, PLACES, wanted), dtype, tolerance
    )


@pytest.mark.parametrize("width", [5, 7, 10, 64])
@pytest.mark.parametrize("factor", [1, 3, 32])
def test_the_fastest_pair_is_unchanged_and_the_slowest_is_slowed_by_exactly_the_factor(width: int, factor: int) -> None:
    plain = build("rope", width).theta(torch.float64, site(PLACES))
    slowed = build(f"ntk:factor={factor}", width).theta(torch.float64, site(PLACES))
    assert slowed[0] == plain[0] == 1
    assert slowed[-1].item() == pytest.approx(plain[-1].item() / factor, rel=1e-12)
    assert (slowed / plain).diff().sign().unique().tolist() == [0 if factor == 1 else -1]


def test_frequencies_do_not_depend_on_the_trained_length() -> None:
    short, long = (build("ntk", 10, trained=trained).theta(torch.float64, site(PLACES)) for trained in (3, 11))
    assert torch.equal(short, long)


def test_angles_are_float32_in_a_bfloat16_model() -> None:
    hold_angles_to_float32(build("ntk", 10), lambda places: speeds(10, 10000.0, 4.0))


@pytest.mark.parametrize("setting, error", [("base=1", "base is 1"), ("factor=0.5", "factor is 0.5")])
def test_bad_values_are_refused(setting: str, error: str) -> None:
    with pytest.raises(ValueError, match=f"ntk: {error}"):
        build(f"ntk:{setting}", 10)
