"""YaRN as in its code, against plain numbers and complex rotations, and against transformers."""

import math

import pytest
import torch
from oracle import HEADS, PLACES, both_precisions, build, hold_angles_to_float32, hold_rotation, per_head, site, turned

TRAINED = 509


def speeds(width: int, base: float, factor: float) -> list[float]:
    """Each pair on its own: a weighted mean of its speed and of that speed over the factor."""
    rotated = width // 2 * 2
    ends = [rotated * math.log(TRAINED / (2 * math.pi * turns), base) / 2 for turns in (32, 1)]
    low, high = max(math.floor(ends[0]), 0), min(math.ceil(ends[1]), rotated - 1)
    found = []
    for pair in range(rotated // 2):
        fast = base ** (-2 * pair / rotated)
        share = min(1.0, max(0.0, (pair - low) / (high - low)))
        found.append(share * fast / factor + (1 - share) * fast)
    return found


CASES = [
    *((width, "", 10000.0, 4.0) for width in (2, 3, 7, 10, 16, 64)),
    (22, ":factor=7", 10000.0, 7.0),
    (22, ":base=500000:factor=2.5", 500000.0, 2.5),
]


@pytest.mark.parametrize("width, settings, base, factor", CASES)
@both_precisions
def test_rotation_and_its_gradients_are_the_papers(
    width: int, settings: str, base: float, factor: float, dtype: torch.dtype, tolerance: float
) -> None:
    encoding, wanted = build(f"yarn{settings}", width, trained=TRAINED), speeds(width, base, factor)
    temperature = 0.1 * math.log(factor) + 1
    hold_rotation(encoding, width, site(PLACES), lambda x: turned(x, PLACES, wanted, temperature), dtype, tolerance)


@pytest.mark.parametrize("width", [10, 22, 64, 128])
@pytest.mark.parametrize("trained", [11, 61, 509, 8191])
@pytest.mark.parametrize("factor, base", [(1.0, 10000.0), (4.0, 10000.0), (16.0, 500000.0)])
def test_frequencies_and_temperature_are_those_of_transformers(
    width: int, trained: int, factor: float, base: float
) -> None:
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    rope = {"rope_type": "yarn", "rope_theta": base, "factor": factor, "original_max_position_embeddings": trained}
    config = LlamaConfig(
        hidden_size=HEADS * width, num_attention_heads=HEADS, max_position_embeddings=16 * trained, rope_parameters=rope
    )
    theirs, temperature = ROPE_INIT_FUNCTIONS["yarn"](config)
    encoding = build(f"yarn:factor={factor}:base={base}", width, trained=trained)
    torch.testing.assert_close(encoding.theta(torch.float32, site(PLACES)), theirs, atol=1e-7, rtol=1e-5)
    assert encoding.temperature == pytest.approx(temperature, abs=1e-12)


def test_without_stretching_it_is_rope() -> None:
    q, k = per_head(10), per_head(10, seed=1)
    ours, plain = (build(item, 10, trained=TRAINED).rotate(q, k, site()) for item in ("yarn:factor=1", "rope"))
    torch.testing.assert_close(ours, plain, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("trained", [1, 2, 5])
def test_rows_too_short_for_a_turn_slow_every_pair_but_the_first(trained: int) -> None:
    slowed = build("yarn", 10, trained=trained).theta(torch.float64, site(PLACES))
    assert slowed.tolist() == pytest.approx([1.0, *(10000.0 ** (-pair / 5) / 4 for pair in range(1, 5))])


def test_a_base_that_leaves_no_slow_pair_slows_none() -> None:
    items = ("yarn:base=1.01", "rope:base=1.01")
    ours, plain = (build(item, 10, trained=8191).theta(torch.float64, site(PLACES)) for item in items)
    assert torch.equal(ours, plain)


def test_angles_are_float32_in_a_bfloat16_model() -> None:
    encoding = build("yarn", 10, trained=TRAINED)
    hold_angles_to_float32(encoding, lambda places: speeds(10, 10000.0, 4.0), 0.1 * math.log(4) + 1)


@pytest.mark.parametrize("setting, error", [("base=1", "base is 1"), ("factor=0.5", "factor is 0.5")])
def test_bad_values_are_refused(setting: str, error: str) -> None:
    with pytest.raises(ValueError, match=f"yarn: {error}"):
        build(f"yarn:{setting}", 10)
