"""Llama 3.1's RoPE against its rule in wavelengths, with pairs as complex numbers, and against transformers."""

import math

import pytest
import torch
from rotary import HEADS, LENGTH, PLACES, PRECISIONS, draw, site, turned

from benchmark.encodings import make
from benchmark.encodings.encoding import Rotation, Shape

TRAINED = 509


def build(width: int, settings: str = "", trained: int = TRAINED) -> Rotation:
    return make(f"llama3{settings}", Shape(width=HEADS * width, heads=HEADS, layers=1, train_length=trained))


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
    encoding = build(64, f":base={base}:factor={factor}:low={low}:high={high}", trained)
    ours = encoding.theta(torch.float32, site(torch.tensor([PLACES])))
    torch.testing.assert_close(ours, theirs, atol=1e-7, rtol=1e-5)
    assert temperature == encoding.temperature == 1


def test_it_is_the_ramp_of_yarns_paper_with_other_ends() -> None:
    here = site(torch.tensor([PLACES]))
    ours = build(64, ":low=1:high=32:factor=4").theta(torch.float64, here)
    assert torch.equal(ours, make("yarn-paper:factor=4", build(64).shape).theta(torch.float64, here))


def test_angles_are_float32_in_a_bfloat16_model() -> None:
    far = list(range(4001, 4001 + LENGTH))
    q = draw(10, torch.bfloat16)
    ours, _ = build(10).bfloat16().rotate(q, q, site(torch.tensor([far])))
    assert ours.dtype == torch.bfloat16
    torch.testing.assert_close(ours.double(), turned(q.double(), far, speeds(10, 10000.0, 8.0)), atol=0.05, rtol=0.05)


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
        build(10, f":{setting}")
