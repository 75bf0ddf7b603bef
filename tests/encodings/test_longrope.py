"""LongRoPE: its rotation against complex numbers and transformers, and its search against what the paper asks of it."""

import math
from itertools import pairwise

import pytest
import torch
from oracle import (
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
from torch import Tensor

from benchmark.encodings.encoding import Encoding

TRAINED = LENGTH
FACTORS = [1.0, 1.25, 1.5, 3.0, 4.75, 5.0, 6.5]  # exact in float32


def fitted(item: str, width: int, trained: int = TRAINED) -> Encoding:
    encoding = build(item, width, trained=trained)
    encoding.found = torch.tensor(FACTORS[: width // 2])
    return encoding


def speeds(width: int, base: float = 10000.0) -> list[float]:
    rotated = width // 2 * 2
    return [base ** (-2 * pair / rotated) / FACTORS[pair] for pair in range(rotated // 2)]


@pytest.mark.parametrize("width", [1, 2, 3, 7, 10, 14])
@pytest.mark.parametrize("settings, base, factor", [("", 10000.0, 4.0), (":base=97:factor=2.5", 97.0, 2.5)])
@both_precisions
def test_rotation_and_its_gradients_are_the_papers(
    width: int, settings: str, base: float, factor: float, dtype: torch.dtype, tolerance: float
) -> None:
    temperature = math.sqrt(1 + math.log(factor) / math.log(TRAINED))
    wanted = speeds(width, base)
    oracle = lambda x: turned(x, PLACES, wanted, temperature)  # noqa: E731
    hold_rotation(fitted(f"longrope{settings}", width), width, site(PLACES), oracle, dtype, tolerance)


@pytest.mark.parametrize("length", [2, TRAINED - 1, TRAINED, TRAINED + 1, 97])
@pytest.mark.parametrize("factor", [1.0, 4.0, 13.0])
def test_frequencies_and_temperature_are_those_of_transformers(length: int, factor: float) -> None:
    """Also where it switches: at the first row that is longer than the trained length."""
    from transformers import LlamaConfig
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

    rope = {
        "rope_type": "longrope",
        "rope_theta": 10000.0,
        "factor": factor,
        "original_max_position_embeddings": TRAINED,
        "short_factor": [1.0] * 5,
        "long_factor": FACTORS[:5],
    }
    config = LlamaConfig(
        hidden_size=HEADS * 10, num_attention_heads=HEADS, max_position_embeddings=512, rope_parameters=rope
    )
    cos, sin = LlamaRotaryEmbedding(config)(torch.zeros(1), torch.arange(length)[None])
    ours = fitted(f"longrope:factor={factor}", 10).table(site(range(length)), torch.float32)
    torch.testing.assert_close(ours[0][:, 0], cos[..., :5], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours[1][:, 0], sin[..., :5], atol=1e-5, rtol=1e-5)


def test_each_row_has_the_factors_of_its_own_length() -> None:
    positions = torch.tensor([range(11), range(1, 12)])  # the second reaches one position past the trained length
    ours, _ = fitted("longrope", 7).rotate(per_head(7), per_head(7), site(positions))
    temperature = math.sqrt(1 + math.log(4) / math.log(TRAINED))
    for row, own in enumerate(([10000.0 ** (-pair / 3) for pair in range(3)], speeds(7))):
        wanted = turned(per_head(7), positions[row].tolist(), own, temperature)[row]
        torch.testing.assert_close(ours[row], wanted, atol=1e-9, rtol=1e-9)


def test_angles_are_float32_in_a_bfloat16_model() -> None:
    temperature = math.sqrt(1 + math.log(4) / math.log(TRAINED))
    hold_angles_to_float32(fitted("longrope", 10), lambda places: speeds(10), temperature)


@pytest.mark.parametrize("trained", [11, 509, 8191])
def test_the_search_starts_from_interpolation_ntk_and_yarn(trained: int) -> None:
    here, width = site(range(5)), 10
    rope = build("rope", width, trained=trained).theta(torch.float64, here)
    for name, factors in zip(("ntk", "yarn"), build("longrope", width, trained=trained).known()[1:], strict=True):
        theirs = rope / build(name, width, trained=trained).theta(torch.float64, here)
        if name == "yarn":  # the code's YaRN has a ramp over the factor, not over the frequency
            ramp = (1 - 1 / theirs) / (1 - 1 / 4)
            theirs = 1 + 3 * ramp
        torch.testing.assert_close(torch.tensor(factors, dtype=torch.float64), theirs, atol=1e-6, rtol=1e-6)
    assert build("longrope", width, trained=trained).known()[0] == (4.0,) * 5


class Bowl:
    """A loss with its minimum at given factors; keeps what it was asked."""

    def __init__(self, lowest: list[float]) -> None:
        self.lowest = torch.tensor(lowest)
        self.asked: list[tuple[float, ...]] = []
        self.times: set[float] = set()

    def __call__(self, values: Tensor, times: float) -> Tensor:
        self.asked.append(tuple(values.tolist()))
        self.times.add(times)
        return self.depth(values)

    def depth(self, values: Tensor | tuple[float, ...]) -> Tensor:
        return (torch.as_tensor(values) - self.lowest).square().sum()


def search(bowl: Bowl, settings: str = "", seed: int = 0) -> Tensor:
    return build(f"longrope{settings}", 8).search(bowl, torch.Generator().manual_seed(seed))


def test_the_search_finds_what_suits_the_loss() -> None:
    bowl = Bowl([1.0, 1.7, 2.9, 4.8])
    found = search(bowl, ":effort=1")
    assert bowl.depth(found) < min(map(bowl.depth, build("longrope", 8).known())) / 20
    assert found.tolist() == list(min(bowl.asked, key=bowl.depth))


@pytest.mark.parametrize("effort, evaluations", [(1.0, 64 + 40 * 32), (0.25, 16 + 10 * 8), (0.1, 6 + 4 * 4)])
def test_it_asks_for_as_many_evaluations_as_stated_each_of_another_candidate(effort: float, evaluations: int) -> None:
    bowl = Bowl([1.0, 1.7, 2.9, 4.8])
    search(bowl, f":effort={effort}")
    assert len(bowl.asked) == evaluations == len(set(bowl.asked))
    assert bowl.times == {4.0}


def test_every_candidate_never_falls_and_stays_in_the_papers_space() -> None:
    bowl = Bowl([9.0] * 4)  # outside
    search(bowl, ":effort=0.5")
    for factors in bowl.asked:
        assert all(one <= other for one, other in pairwise(factors))
        assert factors[0] >= 1 and factors[-1] <= 1.25 * 4


def test_the_same_draws_find_the_same_factors_and_others_others() -> None:
    first, again, other = (search(Bowl([1.0, 1.7, 2.9, 4.8]), seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_candidate_without_a_loss_is_never_the_best() -> None:
    bowl = Bowl([1.0, 1.7, 2.9, 4.8])

    def broken(values: Tensor, times: float) -> Tensor:
        loss = bowl(values, times)
        return loss if len(bowl.asked) > 3 else loss * torch.nan

    found = build("longrope", 8).search(broken, torch.Generator().manual_seed(0))
    assert tuple(found.tolist()) in bowl.asked[3:]


@pytest.mark.parametrize("width, pairs", [(1, 0), (2, 1), (3, 1)])
def test_narrow_heads_have_few_factors_or_none(width: int, pairs: int) -> None:
    found = build("longrope", width).search(Bowl([2.0] * pairs), torch.Generator().manual_seed(0))
    assert found.shape == (pairs,)
    assert found.tolist() == pytest.approx([2.0] * pairs, abs=0.2)


@pytest.mark.parametrize("setting, value", [("base", "1"), ("factor", "0.5"), ("effort", "0"), ("effort", "1.5")])
def test_bad_values_are_refused(setting: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"longrope: {setting} is {value}"):
        build(f"longrope:{setting}={value}", 10)
