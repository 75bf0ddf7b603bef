"""Position interpolation against its formula in complex numbers, and against transformers."""

import math

import pytest
import torch
from oracle import (
    BATCH,
    HEADS,
    LENGTH,
    both_precisions,
    build,
    hold_angles_to_float32,
    hold_rotation,
    site,
    turned,
)

TRAINED = LENGTH
TOKENS = torch.zeros(BATCH, LENGTH, dtype=torch.int64)


def speeds(width: int, base: float) -> list[float]:
    return [math.exp(-2 * pair / (width // 2 * 2) * math.log(base)) for pair in range(width // 2)]


CASES = [
    *((width, "", 10000.0, 4.0) for width in (1, 2, 7, 10, 16)),
    (10, ":base=500000:factor=2", 500000.0, 2.0),
    (10, ":factor=1", 10000.0, 1.0),
]


@pytest.mark.parametrize("width, settings, base, factor", CASES)
@both_precisions
def test_rotation_and_its_gradients_are_the_papers(
    width: int, settings: str, base: float, factor: float, dtype: torch.dtype, tolerance: float
) -> None:
    encoding, wanted = build(f"pi{settings}", width), speeds(width, base)
    squeezed = [place / factor for place in range(LENGTH)]
    here = site(encoding.positions(TOKENS))
    hold_rotation(encoding, width, here, lambda x: turned(x, squeezed, wanted), dtype, tolerance)


@pytest.mark.parametrize("factor", [2.0, 3.0, 4.0])
def test_angles_are_those_of_transformers(factor: float) -> None:
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    rope = {"rope_type": "linear", "rope_theta": 10000.0, "factor": factor}
    config = LlamaConfig(hidden_size=HEADS * 10, num_attention_heads=HEADS, rope_parameters=rope)
    theirs, temperature = ROPE_INIT_FUNCTIONS["linear"](config)
    encoding = build(f"pi:factor={factor}", 10)
    positions = encoding.positions(TOKENS)
    ours = positions[0, :, None] * encoding.theta(torch.float32, site(positions))
    torch.testing.assert_close(ours, torch.arange(LENGTH)[:, None] * theirs, atol=1e-5, rtol=1e-5)
    assert temperature == encoding.temperature == 1


def test_longer_rows_stay_among_the_trained_positions() -> None:
    positions = build("pi", 10).positions(torch.zeros(1, 4 * TRAINED, dtype=torch.int64))
    assert positions.dtype == torch.float32
    assert positions.tolist() == [[place / 4 for place in range(4 * TRAINED)]]
    assert positions.max() < TRAINED


def test_angles_are_float32_in_a_bfloat16_model() -> None:
    hold_angles_to_float32(build("pi", 10), lambda places: speeds(10, 10000.0))


@pytest.mark.parametrize("setting, error", [("base=1", "base is 1"), ("factor=0.5", "factor is 0.5")])
def test_bad_values_are_refused(setting: str, error: str) -> None:
    with pytest.raises(ValueError, match=f"pi: {error}"):
        build(f"pi:{setting}", 10)
