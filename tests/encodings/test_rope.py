"""RoPE against rotation matrices, by the paper's formula, and against transformers and rotary-embedding-torch."""

import math

import pytest
import torch
from oracle import BATCH, HEADS, LENGTH, PLACES, agree, both_precisions, build, hold_rotation, per_head, products, site
from torch import Tensor

WIDTHS = [2, 7, 10, 16]


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
@both_precisions
def test_rotation_and_its_gradients_are_the_papers(
    width: int, settings: str, pairs: list[tuple[int, int]], base: float, dtype: torch.dtype, tolerance: float
) -> None:
    encoding = build(f"rope{settings}", width)
    hold_rotation(encoding, width, site(PLACES), lambda x: loop_rotation(x, PLACES, pairs, base), dtype, tolerance)


def test_each_row_may_have_positions_of_its_own() -> None:
    positions = torch.tensor([range(11), range(100, 122, 2)])
    turned, _ = build("rope", 7).rotate(per_head(7), per_head(7), site(positions))
    for row in range(BATCH):
        expected = loop_rotation(per_head(7), positions[row].tolist(), half_split(6), 10000.0)[row]
        torch.testing.assert_close(turned[row], expected, atol=1e-9, rtol=1e-9)


def queries_and_keys(width: int) -> tuple[Tensor, Tensor]:
    """In float32, as the libraries compute."""
    return per_head(width, torch.float32), per_head(width, torch.float32, seed=1)


def test_equals_llama() -> None:
    from transformers import LlamaConfig
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding, apply_rotary_pos_emb

    width = 10
    config = LlamaConfig(hidden_size=HEADS * width, num_attention_heads=HEADS, max_position_embeddings=64)
    positions = torch.arange(3, 3 + LENGTH)[None]
    q, k = queries_and_keys(width)
    cos, sin = LlamaRotaryEmbedding(config)(q, positions)
    theirs = apply_rotary_pos_emb(q, k, cos, sin)
    agree(build("rope", width).rotate(q, k, site(positions)), theirs, (q, k), 1e-5)


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
    agree(build("rope:fraction=0.25", width).rotate(q, k, site(positions)), theirs, (q, k), 1e-5)


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
    agree(build("rope:fraction=0.5", width).rotate(q, k, site(positions)), (whole_q, whole_k), (q, k), 1e-5)


def test_interleaved_equals_rotary_embedding_torch() -> None:
    from rotary_embedding_torch import RotaryEmbedding

    width = 10
    q, k = queries_and_keys(width)
    theirs = RotaryEmbedding(dim=width)
    ours = build("rope:interleaved=true", width).rotate(q, k, site())
    agree(ours, (theirs.rotate_queries_or_keys(q), theirs.rotate_queries_or_keys(k)), (q, k), 1e-5)


def test_the_two_conventions_are_a_permutation_of_channels_apart() -> None:
    width, here = 10, site()
    order = torch.tensor([0, 2, 4, 6, 8, 1, 3, 5, 7, 9])  # half-split channel -> interleaved channel
    q, k = per_head(width), per_head(width, seed=1)
    split = build("rope", width).rotate(q[..., order], k[..., order], here)
    woven = build("rope:interleaved=true", width).rotate(q, k, here)
    torch.testing.assert_close(split[0], woven[0][..., order], atol=1e-12, rtol=0)
    torch.testing.assert_close(split[1], woven[1][..., order], atol=1e-12, rtol=0)


@pytest.mark.parametrize("settings", ["", ":interleaved=true", ":fraction=0.5"])
@pytest.mark.parametrize("width", WIDTHS)
def test_scores_depend_only_on_distance(width: int, settings: str) -> None:
    """Claim A1: a shift of all positions changes no score, in float64, by 1e-10."""
    q, k, encoding = per_head(width), per_head(width, seed=1), build(f"rope{settings}", width)
    before = products(encoding, q, k, site())
    for shift in (1, 97, 4096):
        after = products(encoding, q, k, site(range(shift, shift + LENGTH)))
        assert (after - before).abs().amax() < 1e-10


@pytest.mark.parametrize("settings", ["", ":interleaved=true"])
def test_scores_do_depend_on_distance(settings: str) -> None:
    q, k, encoding = per_head(10), per_head(10, seed=1), build(f"rope{settings}", 10)
    apart = products(encoding, q, k, site(range(0, 2 * LENGTH, 2))) - products(encoding, q, k, site())
    assert apart.diagonal(dim1=-2, dim2=-1).abs().amax() < 1e-12
    assert apart.abs().amax() > 0.1


@pytest.mark.parametrize("width", WIDTHS)
def test_norms_are_kept_and_at_distance_0_the_score_is_the_plain_product(width: int) -> None:
    """Claim A2."""
    q, k, encoding, here = (
        per_head(width),
        per_head(width, seed=1),
        build("rope", width),
        site(torch.arange(LENGTH) * 37),
    )
    turned, _ = encoding.rotate(q, k, here)
    torch.testing.assert_close(turned.norm(dim=-1), q.norm(dim=-1), atol=1e-12, rtol=0)
    same_place = products(encoding, q, k, here).diagonal(dim1=-2, dim2=-1)
    torch.testing.assert_close(same_place, (q * k).sum(-1), atol=1e-12, rtol=0)
    torch.testing.assert_close(turned[..., 0, :], q[..., 0, :], atol=0, rtol=0)


def test_bfloat16_queries_are_turned_by_float32_angles() -> None:
    """Claim A13: bfloat16 knows 385 of the first 512 positions; none may collide here."""
    assert torch.arange(512).bfloat16().unique().numel() == 385
    ones = torch.ones(1, HEADS, 512, 2, dtype=torch.bfloat16)
    turned, _ = build("rope", 2).rotate(ones, ones, site(range(4096, 4096 + 512)))
    exact = loop_rotation(ones.double(), list(range(4096, 4096 + 512)), [(0, 1)], 10000.0)
    assert turned.dtype == torch.bfloat16
    assert (turned.double() - exact).abs().amax() < 0.02
