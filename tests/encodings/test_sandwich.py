"""Sandwich against inner products of sinusoidal embeddings, written as loops."""

import math

import pytest
import torch
from oracle import BATCH, HEADS, attention, both_kernels, both_precisions, content, hold_attention
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Shape, Site

LENGTH, WIDTH = 7, 5
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=1, train_length=LENGTH)
PLACES = [2, 3, 5, 11, 13, 29, 31]


def embedding(place: int, width: int, base: float) -> list[float]:
    """The sines, then the cosines, of a position: the order of the paper's listing."""
    angles = [place / base ** (2 * k / width) for k in range(width // 2)]
    return [math.sin(angle) for angle in angles] + [math.cos(angle) for angle in angles]


def product(one: int, other: int, width: int, base: float) -> float:
    return sum(a * b for a, b in zip(embedding(one, width, base), embedding(other, width, base), strict=True))


def loop(q: Tensor, k: Tensor, width: int, base: float) -> Tensor:
    """softmax over j <= i of q_i . k_j / sqrt(D) + PE_i . PE_j / ratio, with nothing subtracted; [B, H, Q, K]."""
    plain = content(q, k)

    def score(b: int, h: int, i: int, j: int) -> Tensor:
        ratio = (h + 1) * 8 / HEADS
        return plain(b, h, i, j) + product(PLACES[i], PLACES[j], width, base) / ratio

    return attention(score, LENGTH)


@pytest.mark.parametrize("settings, width, base", [("", 128, 1e4), (":d_bar=14", 14, 1e4), (":base=97", 128, 97)])
@both_kernels
@both_precisions
def test_attention_and_its_gradients_are_the_papers(
    dtype: torch.dtype, tolerance: float, weights: bool, settings: str, width: int, base: float
) -> None:
    encoding = make(f"sandwich{settings}", SHAPE)
    positions = torch.tensor([PLACES], dtype=torch.float64 if dtype == torch.float64 else torch.int64)
    here = Site.of(torch.zeros(BATCH, LENGTH, SHAPE.width, dtype=dtype), positions)

    def oracle(q: Tensor, k: Tensor) -> Tensor:
        return loop(q, k, width, base)

    hold_attention(encoding, oracle, WIDTH, here, dtype, tolerance, weights=weights)


@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-9), (torch.float32, 1e-4)])
def test_scores_differ_by_the_inner_products_of_our_own_sinusoidal_embeddings(
    dtype: torch.dtype, tolerance: float
) -> None:
    places = torch.tensor(PLACES, dtype=dtype)
    table = make("sinusoidal", Shape(width=128, heads=1, layers=1, train_length=LENGTH)).table(places, 128)
    bias = make("sandwich", SHAPE).at(places[:, None] - places)
    for head in range(HEADS):
        ratio = (head + 1) * 8 / HEADS
        torch.testing.assert_close(bias[head] * ratio + 64, table @ table.T, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("heads", [1, 3, 8, 11])
def test_the_last_heads_ratio_is_eight_whatever_their_number(heads: int) -> None:
    bias = make("sandwich", Shape(width=5 * heads, heads=heads, layers=1, train_length=LENGTH)).at(torch.tensor(7))
    assert bias[-1].item() == pytest.approx((product(7, 0, 128, 1e4) - 64) / 8, abs=1e-5)
    torch.testing.assert_close(bias * torch.arange(1, heads + 1), bias[:1].expand(heads))


def test_a_score_falls_with_distance_about_as_its_logarithm() -> None:
    bias = make("sandwich", SHAPE).at(10 ** torch.arange(4))[0]
    assert make("sandwich", SHAPE).at(torch.tensor(0)).tolist() == [0, 0, 0]
    falls = -bias.diff()
    assert falls.min() > falls.max() / 2 > 0  # each decade as much, within a factor of two


def test_a_model_in_bfloat16_keeps_exact_angles() -> None:
    far = torch.arange(4096, 4099)
    exact = make("sandwich", SHAPE)
    torch.testing.assert_close(make("sandwich", SHAPE).bfloat16().at(far), exact.at(far), atol=0, rtol=0)
    torch.testing.assert_close(exact.at(far).double(), exact.at(far.double()), atol=1e-2, rtol=0)


@pytest.mark.parametrize("setting", ["d_bar=0", "d_bar=-2", "d_bar=7", "base=1"])
def test_bad_values_are_refused(setting: str) -> None:
    parameter = setting.partition("=")[0]
    with pytest.raises(ValueError, match=f"sandwich: {parameter} is .*, but must be"):
        make(f"sandwich:{setting}", SHAPE)
