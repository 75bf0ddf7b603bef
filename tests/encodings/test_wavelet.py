"""The wavelets against loops over the paper's equation 14, near and beyond their reach."""

import math
from collections.abc import Sequence

import pytest
import torch
from oracle import (
    BATCH,
    HEADS,
    LENGTH,
    PLACES,
    agree,
    attention_weights,
    both_kernels,
    both_masks,
    both_precisions,
    build,
    draw,
    hold_attention,
    site,
    table,
)
from torch import Tensor

from benchmark.encodings.encoding import Site
from benchmark.encodings.wavelet import keys_behind
from benchmark.model import attention as model
from benchmark.model.attention import attend

WIDTH = 7  # two shifts of three scales, and one wavelet of a third shift


def wavelets(apart: float, width: int, scales: int) -> list[float]:
    """Each channel's wavelet at a distance: all scales of shift 0, then all of shift 1, and so on."""
    values = []
    for channel in range(width):
        t = (apart - channel // scales) / 2 ** (channel % scales)
        values.append((1 - t * t) / math.sqrt(math.exp(t * t)) if abs(t) < 26 else 0.0)
    return values


def loop(q: Tensor, k: Tensor, here: Site, scales: int) -> Tensor:
    """Each key has the wavelets of its distance added, for one pair at a time; [B, H, Q, K]."""
    at_query, at_key = here.query_positions[0].tolist(), here.key_positions[0].tolist()

    def score(i: int, j: int) -> Tensor:
        added = torch.tensor(wavelets(at_query[i] - at_key[j], q.shape[-1], scales), dtype=q.dtype)
        return (q[:, :, i] * (k[:, :, j] + added)).sum(-1) / math.sqrt(q.shape[-1])

    return table(score, q.shape[-2], k.shape[-2]).masked_fill(~here.visible, -torch.inf).softmax(-1)


@both_masks
@both_kernels
@both_precisions
@pytest.mark.parametrize("places", [range(13, 13 + LENGTH), PLACES], ids=["contiguous", "gaps"])
def test_attention_and_its_gradients_are_the_papers(
    places: Sequence[int], dtype: torch.dtype, tolerance: float, weights: bool, causal: bool
) -> None:
    encoding, here = build("wavelet:scales=3", WIDTH), site(places, dtype=dtype, causal=causal)
    hold_attention(
        encoding, lambda q, k: loop(q, k, here, 3), WIDTH, here, dtype, tolerance, weights=weights, inputs=()
    )


@both_precisions
def test_the_last_queries_of_a_row_see_the_same_distances(dtype: torch.dtype, tolerance: float) -> None:
    encoding, here = build("wavelet:scales=2", WIDTH), site(range(41), dtype=dtype, queries=3)
    q, k = draw(BATCH, HEADS, 3, WIDTH, dtype=dtype), draw(BATCH, HEADS, 41, WIDTH, dtype=dtype, seed=1)
    assert keys_behind(here, encoding.reach) == 38 - 23 + 1  # ten widths of 2, and three shifts
    agree(attention_weights(encoding, q, k, here), loop(q, k, here, 2), (q, k), tolerance)


def test_128_channels_hold_all_pairs_of_eight_scales_and_sixteen_shifts() -> None:
    """The paper's example; a wavelet is 1 at its shift, and 0 one scale from it on either side."""
    encoding, here = build("wavelet", 128, heads=1), site(range(200), batch=1, queries=1)
    waves, places = encoding.table(here, 0, torch.float64)
    by_distance = waves[places.flatten()].flip(0)  # [200, 128]
    pairs = set()
    for channel in by_distance.T:
        shift = channel.argmax()
        width = (channel[shift:].abs() < 1e-9).nonzero()[0]
        pairs.add((int(width), int(shift)))
    assert pairs == {(2**power, shift) for power in range(8) for shift in range(16)}


def test_long_rows_in_blocks_of_queries_agree_with_the_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    encoding, here = build("wavelet:scales=1", WIDTH), site(range(97), dtype=torch.float64)
    q, k, v = (draw(BATCH, HEADS, 97, WIDTH, seed=seed).detach() for seed in range(3))
    monkeypatch.setattr(model, "BLOCK_SCORES", 1000)
    with torch.no_grad():
        ours, _ = attend(q, k, v, here, encoding, scale=1 / math.sqrt(WIDTH))
    torch.testing.assert_close(ours, loop(q, k, here, 1) @ v, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("scales", [0, 17])
def test_a_number_of_scales_out_of_range_is_refused(scales: int) -> None:
    with pytest.raises(ValueError, match=f"wavelet: scales is {scales}, but must be from 1 to 16"):
        build(f"wavelet:scales={scales}", WIDTH)
