"""Head scale: scores multiplied head by head, and its tuning against a descent with gradients of its own."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from oracle import BATCH, HEADS, LENGTH, agree, attention_weights, both_precisions, per_head
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model.transformer import Transformer

WIDTH, LAYERS = 7, 2
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=LAYERS, train_length=LENGTH)
SCALES = torch.tensor([[1.0, 1.7, 2.3], [1.3, 1.1, 3.1]])


def site(dtype: torch.dtype, layer: int) -> Site:
    hidden = torch.randn(BATCH, LENGTH, SHAPE.width, generator=torch.Generator().manual_seed(3), dtype=dtype)
    return replace(Site.of(hidden, torch.arange(LENGTH)[None]), layer=layer)


def tuned(choice: str, dtype: torch.dtype) -> Encoding:
    encoding = make(choice, SHAPE).to(dtype)
    encoding.found = SCALES.to(dtype, copy=True).requires_grad_()
    return encoding


@pytest.mark.parametrize("base", ["none", "rope", "alibi", "fox"])
@pytest.mark.parametrize("layer", range(LAYERS))
@both_precisions
def test_each_head_of_each_layer_scales_the_product(
    base: str, layer: int, dtype: torch.dtype, tolerance: float
) -> None:
    q, k, encoding, here = (
        per_head(WIDTH, dtype),
        per_head(WIDTH, dtype, 1),
        tuned(f"head-scale:base={base}", dtype),
        site(dtype, layer),
    )
    ours = attention_weights(encoding, q, k, here)
    larger = torch.stack([q[:, head] * encoding.found[layer, head] for head in range(HEADS)], dim=1)
    agree(ours, attention_weights(encoding.inner, larger, k, here), (q, k, encoding.found), tolerance)


@pytest.mark.parametrize("base", ["none", "rope", "t5", "fox"])
def test_it_takes_over_a_model_trained_with_its_base_and_changes_nothing_before_it_is_tuned(base: str) -> None:
    trained, adapted = (
        Transformer(13, SHAPE, lambda own, layer, choice=choice: make(choice, own, seed=1, layer=layer)).eval()
        for choice in (base, f"head-scale:base={base}")
    )
    trained.initialise(1)
    adapted.load_state_dict(trained.state_dict())
    rows = torch.randint(13, (BATCH, LENGTH), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(adapted(rows), trained(rows), atol=1e-6, rtol=1e-6)


def valley(lowest: Tensor, asked: list[float]) -> Callable[[Tensor, float], Tensor]:
    """A loss with its minimum at given scales; notes the trained lengths it is asked for."""

    def loss(scales: Tensor, times: float) -> Tensor:
        asked.append(times)
        return (scales - lowest).square().mean()

    return loss


def descent(lowest: Tensor, start: float, steps: int) -> list[list[float]]:
    """Adam number by number in plain floats, with warm-up, cosine, clipping and the floor at 1."""
    values = [[start] * HEADS for _ in range(LAYERS)]
    slopes, squares = ([[0.0] * HEADS for _ in range(LAYERS)] for _ in range(2))
    rising = math.ceil(0.1 * steps)
    for step in range(steps):
        gradients = [
            [2 * (values[i][j] - float(lowest[i, j])) / (LAYERS * HEADS) for j in range(HEADS)] for i in range(LAYERS)
        ]
        norm = math.sqrt(sum(each**2 for row in gradients for each in row))
        falling = 0.1 + 0.45 * (1 + math.cos(math.pi * (step - rising) / (steps - rising)))
        rate = 0.1 * ((step + 1) / rising if step < rising else falling)
        for i in range(LAYERS):
            for j in range(HEADS):
                gradient = gradients[i][j] / max(1, norm + 1e-6)
                slopes[i][j] = 0.9 * slopes[i][j] + 0.1 * gradient
                squares[i][j] = 0.95 * squares[i][j] + 0.05 * gradient**2
                slope, square = slopes[i][j] / (1 - 0.9 ** (step + 1)), squares[i][j] / (1 - 0.95 ** (step + 1))
                values[i][j] = max(1.0, values[i][j] - rate * slope / (math.sqrt(square) + 1e-8))
    return values


@pytest.mark.parametrize("steps", [2, 13, 40])
def test_its_tuning_is_adam_with_a_floor_at_one(steps: int) -> None:
    asked: list[float] = []
    encoding, lowest = make(f"head-scale:factor=3:steps={steps}:start=2.5", SHAPE), SCALES - 0.2
    found = encoding.search(valley(lowest, asked), torch.Generator())
    torch.testing.assert_close(found, torch.tensor(descent(lowest, 2.5, steps)), atol=1e-4, rtol=1e-4)
    assert asked == [3.0] * steps
    assert not found.requires_grad and found.amin() >= 1
    if steps == 40:  # 0.8, where the lowest loss is, is out of reach
        torch.testing.assert_close(found, lowest.clamp(min=1), atol=0.2, rtol=0)


@pytest.mark.parametrize("setting, value", [("factor", "0.5"), ("steps", "0"), ("start", "0.9")])
def test_bad_values_are_refused(setting: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"head-scale: {setting} is {value}"):
        make(f"head-scale:{setting}={value}", SHAPE)
