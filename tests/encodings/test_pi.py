"""Position interpolation against its formula, with pairs as complex numbers, and against transformers."""

import math

import pytest
import torch
from rotary import BATCH, HEADS, LENGTH, PRECISIONS, draw, site, turned

from benchmark.encodings import make
from benchmark.encodings.encoding import Rotation, Shape

TRAINED = 11


def build(width: int, settings: str = "", trained: int = TRAINED) -> Rotation:
    return make(f"pi{settings}", Shape(width=HEADS * width, heads=HEADS, layers=1, train_length=trained))


def speeds(width: int, base: float) -> list[float]:
    return [math.exp(-2 * pair / (width // 2 * 2) * math.log(base)) for pair in range(width // 2)]


CASES = [
    *((width, "", 10000.0, 4.0) for width in (1, 2, 7, 10, 16)),
    (10, ":base=500000:factor=2", 500000.0, 2.0),
    (10, ":factor=1", 10000.0, 1.0),
]


@pytest.mark.parametrize("width, settings, base, factor", CASES)
@pytest.mark.parametrize("dtype, tolerance", PRECISIONS)
def test_rotation_and_its_gradients_are_the_papers(
    width: int, settings: str, base: float, factor: float, dtype: torch.dtype, tolerance: float
) -> None:
    encoding = build(width, settings)
    q, k = draw(width, dtype).requires_grad_(), draw(width, dtype, seed=1).requires_grad_()
    positions = encoding.positions(torch.zeros(BATCH, LENGTH, dtype=torch.int64))
    ours = torch.stack(encoding.rotate(q, k, site(positions)))
    squeezed = [place / factor for place in range(LENGTH)]
    theirs = torch.stack([turned(x, squeezed, speeds(width, base)) for x in (q, k)])
    torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=tolerance)
    downstream = torch.stack((draw(width, dtype, seed=2), draw(width, dtype, seed=3)))
    mine, wanted = (torch.autograd.grad(each, (q, k), downstream) for each in (ours, theirs))
    torch.testing.assert_close(mine, wanted, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("factor", [2.0, 3.0, 4.0])
def test_angles_are_those_of_transformers(factor: float) -> None:
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    rope = {"rope_type": "linear", "rope_theta": 10000.0, "factor": factor}
    config = LlamaConfig(hidden_size=HEADS * 10, num_attention_heads=HEADS, rope_parameters=rope)
    theirs, temperature = ROPE_INIT_FUNCTIONS["linear"](config)
    encoding = build(10, f":factor={factor}")
    positions = encoding.positions(torch.zeros(BATCH, LENGTH, dtype=torch.int64))
    ours = positions[0, :, None] * encoding.theta(torch.float32, site(positions))
    torch.testing.assert_close(ours, torch.arange(LENGTH)[:, None] * theirs, atol=1e-5, rtol=1e-5)
    assert temperature == encoding.temperature == 1


def test_longer_rows_stay_among_the_trained_positions() -> None:
    positions = build(10).positions(torch.zeros(1, 4 * TRAINED, dtype=torch.int64))
    assert positions.dtype == torch.float32
    assert positions.tolist() == [[place / 4 for place in range(4 * TRAINED)]]
    assert positions.max() < TRAINED


def test_angles_are_float32_in_a_bfloat16_model() -> None:
    far = list(range(4001, 4001 + LENGTH))
    q = draw(10, torch.bfloat16)
    ours, _ = build(10).bfloat16().rotate(q, q, site(torch.tensor([far])))
    assert ours.dtype == torch.bfloat16
    torch.testing.assert_close(ours.double(), turned(q.double(), far, speeds(10, 10000.0)), atol=0.05, rtol=0.05)


@pytest.mark.parametrize("setting, error", [("base=1", "base is 1"), ("factor=0.5", "factor is 0.5")])
def test_bad_values_are_refused(setting: str, error: str) -> None:
    with pytest.raises(ValueError, match=f"pi: {error}"):
        build(10, f":{setting}")
