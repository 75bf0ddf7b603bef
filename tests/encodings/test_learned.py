"""The learned table against loops: row p is added, and gradients are gathered by position."""

import math

import pytest
import torch
from oracle import BATCH, LENGTH, both_precisions

from benchmark.encodings import make
from benchmark.encodings.encoding import Shape

WIDTH = 7
SHAPE = Shape(width=WIDTH, heads=1, layers=1, train_length=LENGTH)


@both_precisions
def test_values_and_gradients(dtype: torch.dtype, tolerance: float) -> None:
    encoding = make("learned", SHAPE).to(dtype)
    draws = torch.Generator().manual_seed(0)
    x, downstream = (torch.randn(BATCH, 5, WIDTH, generator=draws, dtype=dtype) for _ in range(2))
    x.requires_grad_()
    positions = torch.tensor([[0, 3, 3, 10, 1], [2, 4, 6, 8, 10]])
    out = encoding.embed(x, positions)
    to_x, to_table = torch.autograd.grad(out, (x, encoding.table), downstream)
    scale, gathered = math.sqrt(WIDTH), torch.zeros(LENGTH, WIDTH, dtype=dtype)
    for row in range(BATCH):
        for place in range(5):
            position = int(positions[row, place])
            gathered[position] += scale * downstream[row, place]
            for channel in range(WIDTH):
                expected = x[row, place, channel] + scale * encoding.table[position, channel]
                assert out[row, place, channel].item() == pytest.approx(expected.item(), abs=tolerance)
    torch.testing.assert_close(to_x, downstream, atol=tolerance, rtol=0)
    torch.testing.assert_close(to_table, gathered, atol=tolerance, rtol=tolerance)


def test_vectors_start_at_unit_variance_as_token_embeddings_do() -> None:
    encoding = make("learned", Shape(width=64, heads=1, layers=1, train_length=512))
    added = encoding.embed(torch.zeros(1, 512, 64), torch.arange(512)[None])
    assert added.std().item() == pytest.approx(1, abs=0.02)
    assert added.mean().item() == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("last", [LENGTH, 10 * LENGTH])
def test_past_its_end_it_says_so_and_clamps_nothing(last: int) -> None:
    with pytest.raises(ValueError, match=f"position {last} is past the end of the table.*positions 0 to 10"):
        make("learned", SHAPE).embed(torch.zeros(1, 1, WIDTH), torch.tensor([[last]]))
