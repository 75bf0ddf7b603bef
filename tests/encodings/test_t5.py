"""T5 against the buckets of transformers, and against a lookup in loops, with gradients."""

import pytest
import torch
from oracle import both_precisions
from transformers.models.t5.modeling_t5 import T5Attention

from benchmark.encodings import make
from benchmark.encodings.encoding import Shape, Site
from benchmark.model.bias import dense

SHAPE = Shape(width=21, heads=3, layers=2, train_length=13)


def oracle_bucket(distance: torch.Tensor, *, both_ways: bool, buckets: int, most: int) -> torch.Tensor:
    """T5 counts key minus query, and `num_buckets` covers both directions."""
    count = 2 * buckets if both_ways else buckets
    return T5Attention._relative_position_bucket(
        -distance, bidirectional=both_ways, num_buckets=count, max_distance=most
    )


@pytest.mark.parametrize(("buckets", "most"), [(32, 128), (8, 20), (2, 3), (6, 1000)])
def test_buckets_are_those_of_t5_behind(buckets: int, most: int) -> None:
    encoding = make(f"t5:buckets={buckets}:max_distance={most}", SHAPE)
    distance = torch.arange(700)
    wanted = oracle_bucket(distance, both_ways=False, buckets=buckets, most=most)
    assert torch.equal(encoding.bucket(distance), wanted)


def test_the_last_of_32_buckets_begins_at_113() -> None:
    buckets = make("t5", SHAPE).bucket(torch.tensor([0, 15, 16, 112, 113, 5000]))
    assert buckets.tolist() == [0, 15, 16, 30, 31, 31]


@pytest.mark.parametrize("buckets", [8, 32])
def test_keys_ahead_have_buckets_of_their_own(buckets: int) -> None:
    encoding = make(f"t5:buckets={buckets}", SHAPE)
    distance = torch.arange(-300, 0)
    wanted = oracle_bucket(distance, both_ways=True, buckets=buckets, most=128)
    assert torch.equal(encoding.bucket(distance), wanted)


@both_precisions
def test_bias_and_its_gradient_are_a_lookup(dtype: torch.dtype, tolerance: float) -> None:
    encoding = make("t5:buckets=4:max_distance=7", SHAPE).to(dtype)
    length = 11
    hidden = torch.zeros(1, length, SHAPE.width, dtype=dtype)
    site = Site.of(hidden, torch.arange(length)[None], causal=False)
    bias = dense(encoding.bias(site), site)
    weights = torch.randn(3, length, length, dtype=dtype, generator=torch.Generator().manual_seed(5))
    (bias[0] * weights).sum().backward()
    gradient, table, bias = torch.zeros_like(encoding.table), encoding.table.detach(), bias.detach()
    for query in range(length):
        for key in range(length):
            distance = torch.tensor(query - key)
            row = int(oracle_bucket(distance, both_ways=query < key, buckets=4, most=7))
            for head in range(3):
                assert float(bias[0, head, query, key]) == pytest.approx(float(table[row, head]), abs=tolerance)
                gradient[row, head] += weights[head, query, key]
    torch.testing.assert_close(encoding.table.grad, gradient, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize(
    "item", ["t5:buckets=3", "t5:buckets=0", "t5:max_distance=16", "t5:buckets=40:max_distance=20"]
)
def test_bad_values_are_refused(item: str) -> None:
    with pytest.raises(ValueError, match="but must be"):
        make(item, SHAPE)
