"""The expected time of a training: floating-point operations against torch's own count, and which cells count."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from benchmark.encodings import make
from benchmark.encodings.encoding import Shape
from benchmark.experiments.cell import count
from benchmark.experiments.speed import H200, SHARES, nearest, operations, product_weights
from benchmark.model.transformer import Transformer
from benchmark.results.spec import ModelSpec


@pytest.mark.parametrize(("layers", "width", "length", "vocabulary"), [(3, 44, 23, 101), (1, 20, 70, 13)])
def test_operations_are_those_that_torch_counts(layers: int, width: int, length: int, vocabulary: int) -> None:
    """Torch counts all scores, and not only those below the causal mask: twice as many."""
    shape, rows = Shape(width=width, heads=2, layers=layers, train_length=length), 5
    model = Transformer(vocabulary, shape, lambda own, layer: make("none", own, layer=layer))
    model.initialise(0)
    tokens = torch.randint(vocabulary, (rows, length))
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        model.logits(model(tokens)).sum().backward()
    spec = ModelSpec(width=width, heads=2, layers=layers)
    weights = product_weights(spec, count(model), 0)
    causal = operations(layers, width, weights, rows * length, length)
    every = causal + 6.0 * rows * length * layers * width * length
    assert counter.get_total_flops() == pytest.approx(every, rel=0.05)


def test_a_wider_model_counts_as_the_widest_that_was_measured() -> None:
    assert [nearest(SHARES, width) for width in (8, 64, 127, 256, 768)] == [0.36, 0.36, 0.36, 0.69, 0.69]
    assert all(rates.keys() == SHARES.keys() for rates in H200.values())
