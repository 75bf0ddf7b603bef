"""ALiBi against loops over the paper's formula, and against Bloom and MPT in transformers."""

import math

import pytest
import torch
from oracle import BATCH, LENGTH, agree, attention, attention_weights, both_precisions, content, draw
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.alibi import Alibi
from benchmark.encodings.bases import RelativeBias
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model.bias import dense


def paper_slopes(heads: int) -> list[float]:
    """The recursion of the paper's code (fairseq_layers, get_slopes), in Python floats."""
    if math.log2(heads).is_integer():
        start = 2 ** (-(2 ** -(math.log2(heads) - 3)))
        return [start * start**power for power in range(heads)]
    lower = 2 ** math.floor(math.log2(heads))
    return paper_slopes(lower) + paper_slopes(2 * lower)[0::2][: heads - lower]


def site(heads: int, dtype: torch.dtype, causal: bool = True) -> Site:
    positions = torch.arange(LENGTH, dtype=dtype if dtype == torch.float64 else torch.int64)[None]
    return Site.of(torch.zeros(BATCH, LENGTH, 7 * heads, dtype=dtype), positions, causal=causal)


def alibi(heads: int) -> RelativeBias:
    return make("alibi", Shape(width=7 * heads, heads=heads, layers=1, train_length=LENGTH))


def laid_out(encoding: Encoding, here: Site) -> Tensor:
    return dense(encoding.bias(here), here)


@pytest.mark.parametrize("heads", range(1, 21))
@both_precisions
def test_bias_is_the_papers_formula(heads: int, dtype: torch.dtype, tolerance: float) -> None:
    hold_to_the_formula(alibi(heads), heads, dtype, tolerance)


def hold_to_the_formula(encoding: RelativeBias, heads: int, dtype: torch.dtype, tolerance: float) -> None:
    bias = laid_out(encoding, site(heads, dtype))
    slopes = paper_slopes(heads)
    assert bias.shape == (1, heads, LENGTH, LENGTH)
    assert bias.dtype == dtype
    for head in range(heads):
        for query in range(LENGTH):
            for key in range(query + 1):
                assert bias[0, head, query, key].item() == pytest.approx(-slopes[head] * (query - key), abs=tolerance)


class WrongSign(Alibi):
    """Far keys are preferred: it keeps every promise of the contract."""

    def at(self, distance: Tensor) -> Tensor:
        return -super().at(distance)


def test_a_wrong_sign_is_caught() -> None:
    planted = WrongSign(Shape(width=21, heads=3, layers=1, train_length=LENGTH))
    with pytest.raises(AssertionError, match="±"):
        hold_to_the_formula(planted, 3, torch.float64, 1e-9)


def test_both_ways_the_sign_of_a_distance_does_not_count() -> None:
    bias = laid_out(alibi(3), site(3, torch.float64, causal=False))
    torch.testing.assert_close(bias, bias.transpose(-1, -2), atol=0, rtol=0)
    assert bias[0, 0, 2, 9].item() == pytest.approx(-paper_slopes(3)[0] * 7, abs=1e-9)


@pytest.mark.parametrize("heads", range(1, 21))
def test_slopes_are_those_of_bloom_and_mpt(heads: int) -> None:
    from transformers.models.bloom.modeling_bloom import build_alibi_tensor
    from transformers.models.mpt.modeling_mpt import build_mpt_alibi_tensor

    last_row = laid_out(alibi(heads), site(heads, torch.float32))[0, :, -1]  # [H, K], of the last query
    bloom = build_alibi_tensor(torch.ones(1, LENGTH), heads, torch.float32)[:, 0]
    # Bloom adds slope * key position, which differs by a constant in each row of scores; softmax ignores it.
    torch.testing.assert_close(last_row - last_row[:, :1], bloom, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(last_row, build_mpt_alibi_tensor(heads, LENGTH)[:, 0], atol=1e-5, rtol=1e-5)


@both_precisions
def test_attention_and_its_gradients_are_the_papers(dtype: torch.dtype, tolerance: float) -> None:
    heads, length, width = 3, 5, 7
    q, k = (draw(BATCH, heads, length, width, dtype=dtype, seed=seed) for seed in range(2))
    positions = torch.arange(length, dtype=torch.float64 if dtype == torch.float64 else torch.int64)[None]
    here = Site.of(torch.zeros(BATCH, length, 21, dtype=dtype), positions)
    plain, slopes = content(q, k), paper_slopes(heads)
    theirs = attention(lambda b, h, i, j: plain(b, h, i, j) - slopes[h] * (i - j), length)
    agree(attention_weights(alibi(heads), q, k, here), theirs, (q, k), tolerance)


def test_distances_keep_the_precision_that_absolute_positions_lose() -> None:
    """At slope 1/2 and 8192 tokens: the total variation of a row of attention from the exact one (claim A14)."""
    keys, slope = torch.arange(8192), 0.5
    far = keys[-1] - keys
    exact = (-slope * far.double()).softmax(0)

    def wrong(bias: Tensor) -> float:
        return (bias.double().softmax(0) - exact).abs().sum().item() / 2

    head = 0  # of 8 heads: slope 1/2
    eight = alibi(8)
    assert paper_slopes(8)[head] == slope
    assert wrong(slope * keys.bfloat16()) == pytest.approx(0.615, abs=0.001)
    assert wrong(eight.at(far)[head]) < 1e-12
    assert wrong(eight.at(far)[head].bfloat16()) < 1e-12
    assert wrong(eight.bfloat16().at(far)[head]) < 1e-12


def test_a_model_in_bfloat16_keeps_exact_slopes() -> None:
    """12 heads have slopes, and 300 tokens have distances, that bfloat16 rounds."""
    distance = torch.arange(300)
    torch.testing.assert_close(alibi(12).bfloat16().at(distance), alibi(12).at(distance), atol=0, rtol=0)
