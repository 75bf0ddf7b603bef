"""Dynamic NTK against the paper's formula in complex numbers, and against transformers."""

import pytest
import torch
from oracle import (
    BATCH,
    HEADS,
    LENGTH,
    PLACES,
    both_precisions,
    build,
    hold_angles_to_float32,
    hold_rotation,
    per_head,
    site,
    turned,
)

from benchmark.encodings import make
from benchmark.encodings.encoding import Shape
from benchmark.model.transformer import Cache, Transformer

TRAINED = LENGTH


def speeds(width: int, base: float, scale: float) -> list[float]:
    """RoPE's frequencies of the larger base; a single pair keeps its own."""
    rotated = width // 2 * 2
    larger = base * scale ** (rotated / (rotated - 2)) if rotated > 2 else base
    return [larger ** (-2 * pair / rotated) for pair in range(rotated // 2)]


SCALE = (PLACES[-1] + 1) / TRAINED
CASES = [
    *((width, "", 10000.0, SCALE) for width in (1, 2, 3, 7, 10, 16)),
    (10, ":base=500000:factor=3", 500000.0, 3 * SCALE - 2),
    (10, ":factor=0.5", 10000.0, 0.5 * SCALE + 0.5),
]


@pytest.mark.parametrize("width, settings, base, scale", CASES)
@both_precisions
def test_rotation_and_its_gradients_are_the_papers(
    width: int, settings: str, base: float, scale: float, dtype: torch.dtype, tolerance: float
) -> None:
    encoding, wanted = build(f"ntk-dynamic{settings}", width), speeds(width, base, scale)
    hold_rotation(encoding, width, site(PLACES), lambda x: turned(x, PLACES, wanted), dtype, tolerance)


@pytest.mark.parametrize("factor", [1.0, 2.0, 5.0])
@pytest.mark.parametrize("length", [3, TRAINED, 13, 97])
def test_frequencies_are_those_of_transformers(factor: float, length: int) -> None:
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    rope = {"rope_type": "dynamic", "rope_theta": 10000.0, "factor": factor}
    config = LlamaConfig(
        hidden_size=HEADS * 10, num_attention_heads=HEADS, max_position_embeddings=TRAINED, rope_parameters=rope
    )
    theirs, temperature = ROPE_INIT_FUNCTIONS["dynamic"](config, seq_len=length)
    encoding = build(f"ntk-dynamic:factor={factor}", 10)
    ours = encoding.theta(torch.float32, site(range(length)))
    torch.testing.assert_close(ours[0, 0, 0], theirs, atol=1e-5, rtol=1e-5)
    assert temperature == encoding.temperature == 1


def test_up_to_the_trained_length_it_is_rope() -> None:
    q, k = per_head(10), per_head(10, seed=1)
    ours, theirs = (build(name, 10).rotate(q, k, site()) for name in ("ntk-dynamic", "rope"))
    assert all(torch.equal(*pair) for pair in zip(ours, theirs, strict=True))


def test_each_row_is_as_long_as_its_own_largest_position() -> None:
    positions = torch.tensor([range(11), range(100, 122, 2)])
    ours, _ = build("ntk-dynamic", 7).rotate(per_head(7), per_head(7), site(positions))
    for row, scale in enumerate((1.0, 121 / TRAINED)):
        wanted = turned(per_head(7), positions[row].tolist(), speeds(7, 10000.0, scale))[row]
        torch.testing.assert_close(ours[row], wanted, atol=1e-9, rtol=1e-9)


def test_queries_at_the_tail_turn_as_in_the_full_pass() -> None:
    q, k, encoding = per_head(7), per_head(7, seed=1), build("ntk-dynamic", 7)
    whole, keys = encoding.rotate(q, k, site(PLACES))
    tail, same = encoding.rotate(q[..., -3:, :], k, site(PLACES, queries=3))
    assert torch.equal(tail, whole[..., -3:, :])
    assert torch.equal(same, keys)


def test_past_the_trained_length_decoding_differs_from_the_full_pass_as_declared() -> None:
    shape = Shape(width=21, heads=HEADS, layers=2, train_length=3)
    model, cache = Transformer(13, shape, lambda own, layer: make("ntk-dynamic", own, layer=layer)), Cache()
    model.initialise(0)
    tokens = torch.randint(13, (BATCH, LENGTH), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        decoded = torch.cat([model(part, cache=cache) for part in torch.split(tokens, [5, 6], dim=1)], dim=1)
        assert (decoded - model(tokens)).abs().amax() > 1e-3
    assert model.encoding.length_aware
    assert not model.encoding.relative


def test_angles_are_float32_in_a_bfloat16_model() -> None:
    hold_angles_to_float32(build("ntk-dynamic", 10), lambda places: speeds(10, 10000.0, (places[-1] + 1) / TRAINED))


@pytest.mark.parametrize("setting, error", [("base=1", "base is 1"), ("factor=0", "factor is 0")])
def test_bad_values_are_refused(setting: str, error: str) -> None:
    with pytest.raises(ValueError, match=f"ntk-dynamic: {error}"):
        build(f"ntk-dynamic:{setting}", 10)
