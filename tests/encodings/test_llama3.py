"""Llama 3.1's RoPE against its rule in wavelengths, in complex numbers, and against transformers."""

import math

import pytest
import torch
from oracle import HEADS, PLACES, both_precisions, build, hold_angles_to_float32, hold_rotation, site, turned

TRAINED = 509


def speeds(width: int, base: float, factor: float) -> list[float]:
    """By wavelengths, in the three cases of the code, with its default ends of 1 and 4 turns."""
    rotated = width // 2 * 2
    found = []
    for pair in range(rotated // 2):
        wavelength = 2 * math.pi * base ** (2 * pair / rotated)
        speed = 2 * math.pi / wavelength
        smooth = (TRAINED / wavelength - 1) / (4 - 1)
        if wavelength > TRAINED:
            speed /= factor
        elif wavelength >= TRAINED / 4:
            speed = (1 - smooth) * speed / factor + smooth * speed
        found.append(speed)
    return found


CASES = [
    *((width, "", 10000.0, 8.0) for width in (1, 2, 3, 7, 10, 16, 64)),
    (22, ":factor=7", 10000.0, 7.0),
    (22, ":base=500000:factor=2.5", 500000.0, 2.5),
]


@pytest.mark.parametrize("width, settings, base, factor", CASES)
@both_precisions
def test_rotation_and_its_gradients_are_the_papers(
    width: int, settings: str, base: float, factor: float, dtype: torch.dtype, tolerance: float
) -> None:
    encoding, wanted = build(f"llama3{settings}", width, trained=TRAINED), speeds(width, base, factor)
    hold_rotation(encoding, width, site(PLACES), lambda x: turned(x, PLACES, wanted), dtype, tolerance)


@pytest.mark.parametrize("trained", [5, 61, 509, 8191])
@pytest.mark.parametrize("factor, low, high, base", [(8.0, 1.0, 4.0, 500000.0), (5.0, 2.0, 7.0, 10000.0)])
def test_frequencies_are_those_of_transformers(
    trained: int, factor: float, low: float, high: float, base: float
) -> None:
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    rope = {"rope_type": "llama3", "rope_theta": base, "factor": factor, "low_freq_factor": low}
    config = LlamaConfig(
        hidden_size=HEADS * 64,
        num_attention_heads=HEADS,
        max_position_embeddings=16 * trained,
        rope_parameters={**rope, "high_freq_factor": high, "original_max_position_embeddings": trained},
    )
    theirs, temperature = ROPE_INIT_FUNCTIONS["llama3"](config)
    encoding = build(f"llama3:base={base}:factor={factor}:low={low}:high={high}", 64, trained=trained)
    torch.testing.assert_close(encoding.theta(torch.float32, site(PLACES)), theirs, atol=1e-7, rtol=1e-5)
    assert temperature == encoding.temperature == 1


def test_it_is_the_ramp_of_yarns_paper_with_other_ends() -> None:
    items = ("llama3:low=1:high=32:factor=4", "yarn-paper:factor=4")
    ours, theirs = (build(item, 64, trained=TRAINED).theta(torch.float64, site(PLACES)) for item in items)
    assert torch.equal(ours, theirs)


def test_angles_are_float32_in_a_bfloat16_model() -> None:
    hold_angles_to_float32(build("llama3", 10, trained=TRAINED), lambda places: speeds(10, 10000.0, 8.0))


@pytest.mark.parametrize(
    "setting, error",
    [
        ("base=1", "base is 1"),
        ("factor=0.5", "factor is 0.5"),
        ("low=4", "high is 4.0, but must be greater than low = 4.0"),
    ],
)
def test_bad_values_are_refused(setting: str, error: str) -> None:
    with pytest.raises(ValueError, match=f"llama3: {error}"):
        build(f"llama3:{setting}", 10)
