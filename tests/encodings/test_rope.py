"""RoPE against plain loops over the paper's formula, and against transformers and rotary-embedding-torch."""

import math

import pytest
import torch
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site

BATCH, HEADS, LENGTH = 2, 3, 11
WIDTHS = [2, 7, 10, 16]


def rope(width: int, settings: str = "") -> Encoding:
    return make(f"rope{settings}", Shape(width=HEADS * width, heads=HEADS, layers=1, train_length=LENGTH))


def site(positions: Tensor) -> Site:
    return Site.of(torch.zeros(BATCH, positions.shape[-1], 5), positions)


def draw(width: int, dtype: torch.dtype = torch.float64, seed: int = 0, length: int = LENGTH) -> Tensor:
    draws = torch.Generator().manual_seed(seed)
    return torch.randn(BATCH, HEADS, length, width, generator=draws, dtype=dtype)


def loop_rotation(x: Tensor, positions: list[int], pairs: list[tuple[int, int]], base: float) -> Tensor:
    """Each pair of channels times a 2 x 2 rotation matrix, one number at a time."""
    channels = list(x.unbind(-1))
    turned = list(channels)
    for index, (first, second) in enumerate(pairs):
        theta = math.exp(-2 * index / (2 * len(pairs)) * math.log(base))
        cos = torch.tensor([math.cos(place * theta) for place in positions], dtype=x.dtype)
        sin = torch.tensor([math.sin(place * theta) for place in positions], dtype=x.dtype)
        turned[first] = cos * channels[first] - sin * channels[second]
        turned[second] = sin * channels[first] + cos * channels[second]
    return torch.stack(turned, -1)


def half_split(rotated: int) -> list[tuple[int, int]]:
    return [(index, index + rotated // 2) for index in range(rotated // 2)]


def interleaved(rotated: int) -> list[tuple[int, int]]:
    return [(index, index + 1) for index in range(0, rotated // 2 * 2, 2)]


CASES = [
    *((width, "", half_split(width // 2 * 2), 10000.0) for width in WIDTHS),
    *((width, ":interleaved=true", interleaved(width), 10000.0) for width in WIDTHS),
    (16, ":fraction=0.25", half_split(4), 10000.0),  # GPT-NeoX
    (16, ":fraction=0.5", half_split(8), 10000.0),  # Phi
    (7, ":fraction=0.6", half_split(4), 10000.0),  # 4.2 channels, rounded down to an even number
    (7, ":fraction=0.2", [], 10000.0),  # 1.4 channels: nothing to turn
    (10, ":base=500000:interleaved=true:fraction=0.6", interleaved(6), 500000.0),
]


@pytest.mark.parametrize("width, settings, pairs, base", CASES)
@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-9), (torch.float32, 1e-5)])
def test_rotation_and_its_gradients_are_the_papers(
    width: int, settings: str, pairs: list[tuple[int, int]], base: float, dtype: torch.dtype, tolerance: float
) -> None:
    places = [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89]
    q, k = draw(width, dtype).requires_grad_(), draw(width, dtype, seed=1).requires_grad_()
    ours = torch.stack(rope(width, settings).rotate(q, k, site(torch.tensor([places]))))
    theirs = torch.stack([loop_rotation(x, places, pairs, base) for x in (q, k)])
    torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=tolerance)
    downstream = torch.stack((draw(width, dtype, seed=2), draw(width, dtype, seed=3)))
    mine, wanted = (torch.autograd.grad(each, (q, k), downstream) for each in (ours, theirs))
    torch.testing.assert_close(mine, wanted, atol=tolerance, rtol=tolerance)


def test_each_row_may_have_positions_of_its_own() -> None:
    positions = torch.tensor([range(11), range(100, 122, 2)])
    turned, _ = rope(7).rotate(draw(7), draw(7), site(positions))
    for row in range(BATCH):
        expected = loop_rotation(draw(7), positions[row].tolist(), half_split(6), 10000.0)[row]
        torch.testing.assert_close(turned[row], expected, atol=1e-9, rtol=1e-9)


def agree(ours: tuple[Tensor, Tensor], theirs: tuple[Tensor, Tensor], inputs: tuple[Tensor, Tensor]) -> None:
    """Outputs and gradients, in the libraries' float32."""
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    downstream = tuple(draw(each.shape[-1], torch.float32, seed) for seed, each in enumerate(inputs, start=2))
    mine, wanted = (torch.autograd.grad(each, inputs, downstream) for each in (ours, theirs))
    torch.testing.assert_close(mine, wanted, atol=1e-5, rtol=1e-5)


def queries_and_keys(width: int) -> tuple[Tensor, Tensor]:
    return draw(width, torch.float32).requires_grad_(), draw(width, torch.float32, seed=1).requires_grad_()


def test_equals_llama() -> None:
    from transformers import LlamaConfig
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding, apply_rotary_pos_emb

    width = 10
    config = LlamaConfig(hidden_size=HEADS * width, num_attention_heads=HEADS, max_position_embeddings=64)
    positions = torch.arange(3, 3 + LENGTH)[None]
    q, k = queries_and_keys(width)
    cos, sin = LlamaRotaryEmbedding(config)(q, positions)
    theirs = apply_rotary_pos_emb(q, k, cos, sin)
    agree(rope(width).rotate(q, k, site(positions)), theirs, (q, k))


def test_a_fraction_equals_gpt_neox() -> None:
    from transformers import GPTNeoXConfig
    from transformers.models.gpt_neox.modeling_gpt_neox import GPTNeoXRotaryEmbedding, apply_rotary_pos_emb

    width = 24
    parameters = {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.25}
    config = GPTNeoXConfig(hidden_size=HEADS * width, num_attention_heads=HEADS, rope_parameters=parameters)
    positions = torch.arange(LENGTH)[None]
    q, k = queries_and_keys(width)
    cos, sin = GPTNeoXRotaryEmbedding(config)(q, positions)
    assert cos.shape[-1] == 6
    theirs = apply_rotary_pos_emb(q, k, cos, sin)
    agree(rope(width, ":fraction=0.25").rotate(q, k, site(positions)), theirs, (q, k))


def test_a_fraction_equals_phi() -> None:
    from transformers import PhiConfig
    from transformers.models.phi.modeling_phi import PhiRotaryEmbedding, apply_rotary_pos_emb

    width, rotated = 20, 10
    parameters = {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5}
    config = PhiConfig(hidden_size=HEADS * width, num_attention_heads=HEADS, rope_parameters=parameters)
    positions = torch.arange(LENGTH)[None]
    q, k = queries_and_keys(width)
    turned = apply_rotary_pos_emb(q[..., :rotated], k[..., :rotated], *PhiRotaryEmbedding(config)(q, positions))
    whole_q, whole_k = (torch.cat((t, x[..., rotated:]), dim=-1) for t, x in zip(turned, (q, k), strict=True))
    agree(rope(width, ":fraction=0.5").rotate(q, k, site(positions)), (whole_q, whole_k), (q, k))


def test_interleaved_equals_rotary_embedding_torch() -> None:
    from rotary_embedding_torch import RotaryEmbedding

    width = 10
    q, k = queries_and_keys(width)
    theirs = RotaryEmbedding(dim=width)
    ours = rope(width, ":interleaved=true").rotate(q, k, site(torch.arange(LENGTH)[None]))
    agree(ours, (theirs.rotate_queries_or_keys(q), theirs.rotate_queries_or_keys(k)), (q, k))


def test_the_two_conventions_are_a_permutation_of_channels_apart() -> None:
    width, here = 10, site(torch.arange(LENGTH)[None])
    order = torch.tensor([0, 2, 4, 6, 8, 1, 3, 5, 7, 9])  # half-split channel -> interleaved channel
    q, k = draw(width), draw(width, seed=1)
    split = rope(width).rotate(q[..., order], k[..., order], here)
    woven = rope(width, ":interleaved=true").rotate(q, k, here)
    torch.testing.assert_close(split[0], woven[0][..., order], atol=1e-12, rtol=0)
    torch.testing.assert_close(split[1], woven[1][..., order], atol=1e-12, rtol=0)


def products(encoding: Encoding, q: Tensor, k: Tensor, positions: Tensor) -> Tensor:
    turned_q, turned_k = encoding.rotate(q, k, site(positions))
    return turned_q @ turned_k.transpose(-1, -2)


@pytest.mark.parametrize("settings", ["", ":interleaved=true", ":fraction=0.5"])
@pytest.mark.parametrize("width", WIDTHS)
def test_scores_depend_on_distance_alone(width: int, settings: str) -> None:
    """Claim A1: a shift of all positions changes no score, in float64, by 1e-10."""
    q, k, positions = draw(width), draw(width, seed=1), torch.arange(LENGTH)[None]
    before = products(rope(width, settings), q, k, positions)
    for shift in (1, 97, 4096):
        after = products(rope(width, settings), q, k, positions + shift)
        assert (after - before).abs().amax() < 1e-10


@pytest.mark.parametrize("settings", ["", ":interleaved=true"])
def test_scores_do_depend_on_distance(settings: str) -> None:
    q, k, positions = draw(10), draw(10, seed=1), torch.arange(LENGTH)[None]
    apart = products(rope(10, settings), q, k, 2 * positions) - products(rope(10, settings), q, k, positions)
    assert apart.diagonal(dim1=-2, dim2=-1).abs().amax() < 1e-12
    assert apart.abs().amax() > 0.1


@pytest.mark.parametrize("width", WIDTHS)
def test_norms_are_kept_and_at_distance_0_the_score_is_that_of_content(width: int) -> None:
    """Claim A2."""
    q, k, positions = draw(width), draw(width, seed=1), torch.arange(LENGTH)[None] * 37
    turned, _ = rope(width).rotate(q, k, site(positions))
    torch.testing.assert_close(turned.norm(dim=-1), q.norm(dim=-1), atol=1e-12, rtol=0)
    same_place = products(rope(width), q, k, positions).diagonal(dim1=-2, dim2=-1)
    torch.testing.assert_close(same_place, (q * k).sum(-1), atol=1e-12, rtol=0)
    torch.testing.assert_close(turned[..., 0, :], q[..., 0, :], atol=0, rtol=0)


def test_bfloat16_queries_are_turned_by_float32_angles() -> None:
    """Claim A13: bfloat16 knows 385 of the first 512 positions; none may collide here."""
    assert torch.arange(512).bfloat16().unique().numel() == 385
    ones = torch.ones(1, HEADS, 512, 2, dtype=torch.bfloat16)
    here = Site.of(torch.zeros(1, 512, 5), torch.arange(4096, 4096 + 512)[None])
    turned, _ = rope(2).rotate(ones, ones, here)
    exact = loop_rotation(ones.double(), list(range(4096, 4096 + 512)), [(0, 1)], 10000.0)
    assert turned.dtype == torch.bfloat16
    assert (turned.double() - exact).abs().amax() < 0.02
