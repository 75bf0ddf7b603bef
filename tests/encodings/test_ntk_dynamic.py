"""Dynamic NTK against the paper's formula, with pairs as complex numbers, and against transformers."""

import pytest
import torch
from rotary import BATCH, HEADS, LENGTH, PLACES, PRECISIONS, draw, site, turned

from benchmark.encodings import make
from benchmark.encodings.encoding import Rotation, Shape, Site
from benchmark.model.transformer import Cache, Transformer

TRAINED = 11


def build(width: int, settings: str = "", trained: int = TRAINED) -> Rotation:
    return make(f"ntk-dynamic{settings}", Shape(width=HEADS * width, heads=HEADS, layers=1, train_length=trained))


def speeds(width: int, base: float, scale: float) -> list[float]:
    """RoPE's frequencies of the larger base; a single pair has none to be slowed to."""
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
@pytest.mark.parametrize("dtype, tolerance", PRECISIONS)
def test_rotation_and_its_gradients_are_the_papers(
    width: int, settings: str, base: float, scale: float, dtype: torch.dtype, tolerance: float
) -> None:
    q, k = draw(width, dtype).requires_grad_(), draw(width, dtype, seed=1).requires_grad_()
    ours = torch.stack(build(width, settings).rotate(q, k, site(torch.tensor([PLACES]))))
    theirs = torch.stack([turned(x, PLACES, speeds(width, base, scale)) for x in (q, k)])
    torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=tolerance)
    downstream = torch.stack((draw(width, dtype, seed=2), draw(width, dtype, seed=3)))
    mine, wanted = (torch.autograd.grad(each, (q, k), downstream) for each in (ours, theirs))
    torch.testing.assert_close(mine, wanted, atol=tolerance, rtol=tolerance)


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
    encoding = build(10, f":factor={factor}")
    ours = encoding.theta(torch.float32, site(torch.arange(length)[None]))
    torch.testing.assert_close(ours[0, 0, 0], theirs, atol=1e-5, rtol=1e-5)
    assert temperature == encoding.temperature == 1


def test_up_to_the_trained_length_it_is_rope() -> None:
    q, k = draw(10, torch.float64), draw(10, torch.float64, seed=1)
    here = site(torch.arange(LENGTH)[None])
    for ours, theirs in zip(
        build(10).rotate(q, k, here), make("rope", build(10).shape).rotate(q, k, here), strict=True
    ):
        assert torch.equal(ours, theirs)


def test_each_row_is_as_long_as_its_own_largest_position() -> None:
    positions = torch.tensor([range(11), range(100, 122, 2)])
    ours, _ = build(7).rotate(draw(7, torch.float64), draw(7, torch.float64), site(positions))
    for row, scale in enumerate((1.0, 121 / TRAINED)):
        wanted = turned(draw(7, torch.float64), positions[row].tolist(), speeds(7, 10000.0, scale))[row]
        torch.testing.assert_close(ours[row], wanted, atol=1e-9, rtol=1e-9)


def test_queries_at_the_tail_turn_as_in_the_full_pass() -> None:
    q, k = draw(7, torch.float64), draw(7, torch.float64, seed=1)
    hidden, positions = torch.zeros(BATCH, LENGTH, 5), torch.tensor([PLACES])
    whole, keys = build(7).rotate(q, k, Site.of(hidden, positions))
    tail, same = build(7).rotate(q[..., -3:, :], k, Site.of(hidden, positions, queries=3))
    assert torch.equal(tail, whole[..., -3:, :])
    assert torch.equal(same, keys)


def test_past_the_trained_length_decoding_is_not_the_full_pass_and_it_says_so() -> None:
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
    far = list(range(4001, 4001 + LENGTH))
    q = draw(10, torch.bfloat16)
    ours, _ = build(10).bfloat16().rotate(q, q, site(torch.tensor([far])))
    assert ours.dtype == torch.bfloat16
    torch.testing.assert_close(
        ours.double(), turned(q.double(), far, speeds(10, 10000.0, (far[-1] + 1) / TRAINED)), atol=0.05, rtol=0.05
    )


@pytest.mark.parametrize("setting, error", [("base=1", "base is 1"), ("factor=0", "factor is 0")])
def test_bad_values_are_refused(setting: str, error: str) -> None:
    with pytest.raises(ValueError, match=f"ntk-dynamic: {error}"):
        build(10, f":{setting}")
