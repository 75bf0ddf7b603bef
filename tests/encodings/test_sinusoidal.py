"""The sinusoidal encoding against loops over the paper's formula, and the two claims made for it."""

import math

import pytest
import torch
from oracle import BATCH, LENGTH, PLACES, both_precisions
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Shape

WIDTHS = [1, 7, 10]


def loop(position: float, width: int, base: float) -> list[float]:
    row = []
    for channel in range(width):
        angle = position / base ** ((channel - channel % 2) / width)
        row.append(math.sin(angle) if channel % 2 == 0 else math.cos(angle))
    return row


def encode(positions: Tensor, width: int, base: float = 10000.0) -> Tensor:
    encoding = make(f"sinusoidal:base={base}", Shape(width=width, heads=1, layers=1, train_length=LENGTH))
    return encoding.embed(torch.zeros(*positions.shape, width, dtype=torch.float64), positions)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("base", [10000.0, 97.0])
@both_precisions
def test_values_are_the_papers(width: int, base: float, dtype: torch.dtype, tolerance: float) -> None:
    positions = torch.tensor([PLACES], dtype=torch.float64 if dtype == torch.float64 else torch.int64)
    expected = torch.tensor([[loop(place, width, base) for place in PLACES]], dtype=torch.float64)
    torch.testing.assert_close(encode(positions, width, base), expected, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_it_is_added_to_the_embeddings_and_passes_gradients_unchanged(dtype: torch.dtype) -> None:
    draws = torch.Generator().manual_seed(0)
    x = torch.randn(BATCH, LENGTH, 7, generator=draws, dtype=dtype).requires_grad_()
    downstream = torch.randn(BATCH, LENGTH, 7, generator=draws, dtype=dtype)
    encoding = make("sinusoidal", Shape(width=7, heads=1, layers=1, train_length=LENGTH))
    out = encoding.embed(x, torch.arange(LENGTH)[None])
    expected = x.double() + torch.tensor([loop(place, 7, 10000.0) for place in range(LENGTH)])
    assert out.dtype == dtype
    torch.testing.assert_close(out.double(), expected, atol=0.02 if dtype == torch.bfloat16 else 1e-5, rtol=0)
    (gradient,) = torch.autograd.grad(out, x, downstream)
    assert torch.equal(gradient, downstream)


def test_a_step_is_a_linear_map_that_does_not_depend_on_the_position() -> None:
    """Claim A3: one matrix, fitted on some positions, maps PE(p) to PE(p + 5) at others."""
    width, step = 10, 5
    fitted, unseen = torch.arange(0, 40, dtype=torch.float64), torch.arange(700, 740, dtype=torch.float64)
    # A smaller base, so that ten channels turn enough within forty positions for a fit to tell them apart.
    matrix = torch.linalg.lstsq(encode(fitted, width, base=20.0), encode(fitted + step, width, base=20.0)).solution
    predicted = encode(unseen, width, base=20.0) @ matrix
    torch.testing.assert_close(predicted, encode(unseen + step, width, base=20.0), atol=1e-9, rtol=0)


def test_the_inner_product_of_two_positions_is_an_even_function_of_their_distance() -> None:
    """Claim A3."""
    centre, apart = torch.tensor([100.0, 1000.0], dtype=torch.float64), 7
    here, ahead, behind = (encode(centre + step, 10) for step in (0, apart, -apart))
    torch.testing.assert_close((here * ahead).sum(-1), (here * behind).sum(-1), atol=1e-12, rtol=0)
    products = (here * ahead).sum(-1)
    assert products[0].item() == pytest.approx(products[1].item(), abs=1e-12)


def test_4096_positions_differ_in_bfloat16_models_too() -> None:
    """Angles are float32: positions that bfloat16 cannot hold still get distinct vectors (claim A13)."""
    encoding = make("sinusoidal", Shape(width=10, heads=1, layers=1, train_length=LENGTH)).bfloat16()
    positions = torch.arange(4096)[None]
    rows = encoding.embed(torch.zeros(1, 4096, 10, dtype=torch.bfloat16), positions)
    exact = torch.tensor([loop(place, 10, 10000.0) for place in range(4096)])
    assert (rows[0].float() - exact).abs().amax() < 0.01
