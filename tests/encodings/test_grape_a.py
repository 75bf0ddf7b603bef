"""GRAPE-A against loops over the paper's formula."""

import math

import pytest
import torch
from oracle import (
    BATCH,
    HEADS,
    LENGTH,
    PLACES,
    Score,
    attention,
    attention_weights,
    both_masks,
    both_precisions,
    build,
    content,
    hold_attention,
    per_head,
    site,
)
from torch import Tensor

from benchmark.encodings.encoding import Encoding

WIDTH = 5
SLOPES = [1 / 16, 1 / 256, 1 / 4]  # of ALiBi with three heads


def grape(settings: str, dtype: torch.dtype = torch.float64) -> Encoding:
    encoding = build(f"grape-a{settings}", WIDTH).to(dtype)
    torch.nn.init.normal_(encoding.rate, generator=torch.Generator().manual_seed(5))
    return encoding


def opened(x: Tensor, along: Tensor) -> Tensor:
    """How far one token's gate opens in one head."""
    unit = along / along.square().sum().sqrt()
    return torch.log(1 + torch.exp((x * unit).sum() / math.sqrt(WIDTH)))


def scored(q: Tensor, k: Tensor, encoding: Encoding) -> Score:
    plain = content(q, k)

    def score(b: int, h: int, i: int, j: int) -> Tensor:
        gates = q.new_zeros(())
        if encoding.of_key is not None:
            gates = gates + opened(k[b, h, j], encoding.of_key[h])
        if encoding.of_query is not None:
            gates = gates + opened(q[b, h, i], encoding.of_query[h])
        rate = torch.log(1 + torch.exp(encoding.rate[h])) * SLOPES[h]
        return plain(b, h, i, j) - abs(PLACES[i] - PLACES[j]) * rate * gates

    return score


@both_masks
@pytest.mark.parametrize("settings", ["", ":queries=true", ":queries=true:keys=false"])
@both_precisions
def test_attention_and_its_gradients_are_the_papers(
    dtype: torch.dtype, tolerance: float, settings: str, causal: bool
) -> None:
    encoding, here = grape(settings, dtype), site(PLACES, dtype=dtype, causal=causal)

    def oracle(q: Tensor, k: Tensor) -> Tensor:
        return attention(scored(q, k, encoding), causal=causal)

    hold_attention(encoding, oracle, WIDTH, here, dtype, tolerance, inputs=[*encoding.parameters()])


def test_keys_of_zero_leave_a_fresh_layer_at_a_share_of_alibi() -> None:
    """A gate that reads nothing opens to log 2."""
    encoding, alibi = build("grape-a", WIDTH).double(), build("alibi", WIDTH).double()
    q, k = per_head(WIDTH), torch.zeros(BATCH, HEADS, LENGTH, WIDTH, dtype=torch.float64)
    farther = [place * math.log(2) for place in PLACES]
    ours, theirs = attention_weights(encoding, q, k, site(PLACES)), attention_weights(alibi, q, k, site(farther))
    torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-6)


def test_a_slope_that_nothing_sets_is_refused() -> None:
    with pytest.raises(ValueError, match="grape-a: keys and queries are both false"):
        build("grape-a:keys=false", WIDTH)
