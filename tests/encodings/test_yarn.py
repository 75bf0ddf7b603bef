"""YaRN as in its code against plain numbers, with pairs as complex numbers, and against transformers."""

import math

import pytest
import torch
from rotary import HEADS, LENGTH, PLACES, PRECISIONS, draw, site, turned

from benchmark.encodings import make
from benchmark.encodings.encoding import Rotation, Shape

TRAINED = 509


def build(width: int, settings: str = "", trained: int = TRAINED) -> Rotation:
    return make(f"yarn{settings}", Shape(width=HEADS * width, heads=HEADS, layers=1, train_length=trained))


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
    encoding = build(width, f":factor={factor}:base={base}", trained)
    ours = encoding.theta(torch.float32, site(torch.tensor([PLACES])))
    torch.testing.assert_close(ours, theirs, atol=1e-7, rtol=1e-5)
    assert encoding.temperature == pytest.approx(temperature, abs=1e-12)


def test_without_stretching_it_is_rope() -> None:
    q, k = draw(10, torch.float64), draw(10, torch.float64, seed=1)
    here = site(torch.arange(LENGTH)[None])
    plain = make("rope", build(10).shape).rotate(q, k, here)
    torch.testing.assert_close(build(10, ":factor=1").rotate(q, k, here), plain, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("trained", [1, 2, 5])
def test_rows_too_short_for_a_turn_slow_every_pair_but_the_first(trained: int) -> None:
    slowed = build(10, "", trained).theta(torch.float64, site(torch.tensor([PLACES])))
    assert slowed.tolist() == pytest.approx([1.0, *(10000.0 ** (-pair / 5) / 4 for pair in range(1, 5))])


def test_a_base_that_leaves_no_slow_pair_slows_none() -> None:
    here = site(torch.tensor([PLACES]))
    fast = build(10, ":base=1.01", 8191)
    assert torch.equal(fast.theta(torch.float64, here), make("rope:base=1.01", fast.shape).theta(torch.float64, here))


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
    with pytest.raises(ValueError, match=f"yarn: {error}"):
        build(10, f":{setting}")
