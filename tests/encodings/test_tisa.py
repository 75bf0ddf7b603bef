"""TISA against loops over the paper's kernels, and the sign of its distance."""

import math
from collections.abc import Sequence

import pytest
import torch
from oracle import BATCH, HEADS, both_kernels, both_masks, both_precisions, content, hold_attention
from oracle import attention as weighted
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site

LENGTH, WIDTH, KERNELS = 7, 5, 2
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=1, train_length=LENGTH)
CONTIGUOUS, GAPS = [11, 12, 13, 14, 15, 16, 17], [2, 3, 5, 11, 13, 29, 31]


def bias(encoding: Encoding, head: int, ahead: int) -> Tensor:
    """One head's bias for a key this far ahead of the query (negative: behind)."""
    kernels = zip(encoding.amplitude[:, head], encoding.sharpness[:, head], encoding.centre[:, head], strict=True)
    return sum((a * math.e ** -(b.abs() * (c - ahead).pow(2)) for a, b, c in kernels), start=torch.zeros(()))


@both_masks
@both_kernels
@both_precisions
@pytest.mark.parametrize("places", [CONTIGUOUS, GAPS])
def test_attention_and_its_gradients_are_the_papers(
    places: Sequence[int], dtype: torch.dtype, tolerance: float, weights: bool, causal: bool
) -> None:
    encoding = make(f"tisa:kernels={KERNELS}", SHAPE).to(dtype)
    encoding.sharpness.data[0] *= -1  # only its absolute value counts
    here = Site.of(torch.zeros(BATCH, LENGTH, SHAPE.width, dtype=dtype), torch.tensor([places]), causal=causal)

    def oracle(q: Tensor, k: Tensor) -> Tensor:
        plain = content(q, k)
        return weighted(
            lambda b, h, i, j: plain(b, h, i, j) + bias(encoding, h, places[j] - places[i]), LENGTH, causal=causal
        )

    inputs = (encoding.amplitude, encoding.sharpness, encoding.centre)
    hold_attention(encoding, oracle, WIDTH, here, dtype, tolerance, weights=weights, inputs=inputs)


def test_a_bump_with_a_negative_centre_lies_behind_the_query() -> None:
    encoding = make("tisa:kernels=1", SHAPE)
    encoding.centre.data.fill_(-3)
    distances = torch.arange(-6, 7)  # query minus key
    assert distances[encoding.at(distances).argmax(-1)].tolist() == [3] * HEADS


def test_kernels_are_drawn_as_in_the_authors_code() -> None:
    encoding = make("tisa", Shape(width=997, heads=997, layers=1, train_length=LENGTH))
    assert encoding.centre.shape == (5, 997)
    assert encoding.centre.std().item() == pytest.approx(5, rel=0.05)
    for weight in (encoding.amplitude, encoding.sharpness):
        assert weight.mean().item() == pytest.approx(0.1, rel=0.01)
        assert weight.std().item() == pytest.approx(0.01, rel=0.05)


def test_a_model_in_bfloat16_counts_distances_in_float32() -> None:
    rounded, far = make("tisa:kernels=1", SHAPE).bfloat16(), torch.arange(4096, 4099)
    rounded.centre.data.fill_(-4096)
    amplitude, sharpness = (weight[0, 0].item() for weight in (rounded.amplitude, rounded.sharpness))
    wanted = torch.tensor([amplitude * math.exp(-sharpness * away**2) for away in range(3)])
    torch.testing.assert_close(rounded.at(far)[0].detach(), wanted)


def test_no_kernels_are_refused() -> None:
    with pytest.raises(ValueError, match="tisa: kernels is 0, but must be at least 1"):
        make("tisa:kernels=0", SHAPE)
