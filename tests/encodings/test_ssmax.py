"""Scalable softmax against loops over the paper's formula, around encodings of every kind."""

import math
from dataclasses import replace

import pytest
import torch
from oracle import BATCH, HEADS, LENGTH, agree, attention_weights, both_masks, both_precisions, per_head
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model.transformer import Transformer

WIDTH, TRAINED, LAYERS = 7, 5, 2
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=LAYERS, train_length=TRAINED)
PLACES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31]  # a query's position is not the number of keys that it sees


def site(dtype: torch.dtype = torch.float32, *, layer: int = 0, causal: bool = True) -> Site:
    hidden = torch.randn(BATCH, LENGTH, SHAPE.width, generator=torch.Generator().manual_seed(3), dtype=dtype)
    return replace(Site.of(hidden, torch.tensor([PLACES]), causal=causal), layer=layer)


def shaken(choice: str, dtype: torch.dtype) -> Encoding:
    """The encoding with a number of its own for each layer and head."""
    encoding = make(choice, SHAPE).to(dtype)
    with torch.no_grad():
        encoding.s += torch.randn(encoding.s.shape, generator=torch.Generator().manual_seed(5), dtype=dtype)
    return encoding


def scaled(inner: Encoding, s: Tensor, q: Tensor, k: Tensor, here: Site, counts: list[int]) -> Tensor:
    """The inner encoding with each query of each head scaled by s ln n; the scores of NoPE and RoPE scale alike."""
    rows = [q[:, head, index] * s[head] * math.log(n) for head in range(HEADS) for index, n in enumerate(counts)]
    return attention_weights(inner, torch.stack(rows, dim=1).view(q.shape), k, here)


@pytest.mark.parametrize("base", ["none", "rope", "alibi", "fox"])
@pytest.mark.parametrize("layer", range(LAYERS))
@both_masks
@both_precisions
def test_weights_and_gradients_are_those_of_scaled_scores(
    base: str, layer: int, causal: bool, dtype: torch.dtype, tolerance: float
) -> None:
    if base == "fox" and not causal:
        pytest.skip("causal only")
    q, k = per_head(WIDTH, dtype), per_head(WIDTH, dtype, seed=1)
    encoding, here = shaken(f"ssmax:base={base}", dtype), site(dtype, layer=layer, causal=causal)
    own = 0 if base == "fox" else layer  # each layer has an instance of its own
    ours = attention_weights(encoding, q, k, here)
    counts = [index + 1 if causal else LENGTH for index in range(LENGTH)]
    theirs = scaled(encoding.inner, encoding.s[own], q, k, here, counts)
    agree(ours, theirs, (q, k, encoding.s), tolerance)


def test_the_softmax_is_that_of_powers_of_n() -> None:
    """The paper's other form: n ** (s z) for every key, over their sum."""
    q, k = per_head(WIDTH), per_head(WIDTH, seed=1)
    encoding = shaken("ssmax:base=none", torch.float64)
    ours = attention_weights(encoding, q, k, site(torch.float64))
    for head in range(HEADS):
        for query in range(LENGTH):
            z = (q[:, head, query, None] * k[:, head, : query + 1]).sum(-1) / math.sqrt(WIDTH)
            powers = (query + 1) ** (encoding.s[0, head] * z)
            expected = powers / powers.sum(-1, keepdim=True)
            torch.testing.assert_close(ours[:, head, query, : query + 1], expected, atol=1e-9, rtol=1e-9)


def test_it_is_that_of_the_package_for_the_last_query_which_sees_the_whole_row() -> None:
    """The package is not installed; this is its rule, a softmax of s ln(width) z."""
    q, k = per_head(WIDTH), per_head(WIDTH, seed=1)
    encoding = shaken("ssmax:base=none", torch.float64)
    z = q @ k.mT / math.sqrt(WIDTH)
    theirs = (encoding.s[0][:, None, None] * math.log(LENGTH) * z).softmax(-1)
    ours = attention_weights(encoding, q, k, site(torch.float64))
    torch.testing.assert_close(ours[..., -1, :], theirs[..., -1, :], atol=1e-9, rtol=1e-9)
    assert (ours - theirs)[..., :-1, :].abs().amax() > 0.01


def test_hidden_keys_do_not_count() -> None:
    q, k = per_head(WIDTH), per_head(WIDTH, seed=1)
    encoding = shaken("ssmax:base=none", torch.float64)
    mask = torch.rand(BATCH, 1, LENGTH, LENGTH, generator=torch.Generator().manual_seed(2)) < 0.5
    mask |= torch.eye(LENGTH, dtype=torch.bool)
    here = replace(site(torch.float64), mask=mask)
    turned, _ = encoding.rotate(q, k, here)
    for row in range(BATCH):
        for query in range(LENGTH):
            factors = encoding.s[0] * math.log(int(mask[row, 0, query].sum()))
            torch.testing.assert_close(turned[row, :, query], factors[:, None] * q[row, :, query])


@pytest.mark.parametrize("trained", [2, 5, 1024])
def test_at_first_the_mean_factor_of_a_row_of_the_trained_length_is_one(trained: int) -> None:
    s = make("ssmax", Shape(width=21, heads=3, layers=2, train_length=trained)).s
    logarithms = [math.log(n) for n in range(1, trained + 1)]
    assert s.unique().item() == pytest.approx(trained / sum(logarithms), rel=1e-6)
    if trained == 1024:
        assert s.unique().item() == pytest.approx(0.168, abs=1e-3)  # the paper's


def test_a_trained_length_of_one_counts_as_two() -> None:
    shapes = (Shape(width=21, heads=3, layers=2, train_length=trained) for trained in (1, 2))
    one, two = (make("ssmax", shape).s for shape in shapes)
    assert torch.equal(one, two)


def test_factors_are_float32_in_a_bfloat16_model() -> None:
    q = per_head(WIDTH, torch.bfloat16)
    encoding = make("ssmax:base=none", SHAPE).bfloat16()
    here = replace(site(torch.bfloat16), first_query=4001)
    ours, _ = encoding.rotate(q, q, here)
    assert ours.dtype == torch.bfloat16
    factors = [encoding.s[0].double() * math.log(4002 + query) for query in range(LENGTH)]
    exact = q.double() * torch.stack(factors, dim=-1)[..., None]
    torch.testing.assert_close(ours.double(), exact, atol=0, rtol=2**-8)


def test_the_numbers_of_all_layers_lie_in_one_instance_or_in_each() -> None:
    shared = Transformer(5, SHAPE, lambda own, layer: make("ssmax:base=rope", own, layer=layer))
    apart = Transformer(5, SHAPE, lambda own, layer: make("ssmax:base=cope", own, layer=layer))
    assert [each.s.shape for each in shared.encodings] == [(LAYERS, HEADS)]
    assert [each.s.shape for each in apart.encodings] == [(1, HEADS)] * LAYERS


@pytest.mark.parametrize("base", ["yarn", "logn"])
@pytest.mark.parametrize("wrapper", ["ssmax", "irope", "sinks", "head-scale"])
def test_a_base_that_is_not_trained_is_refused(wrapper: str, base: str) -> None:
    with pytest.raises(
        ValueError, match=f"{wrapper}: base is {base}, but must be an encoding that is used in training"
    ):
        make(f"{wrapper}:base={base}", SHAPE)


def test_parameters_reach_a_base_of_a_base() -> None:
    encoding = make("ssmax:base=randomized:base.limit=31:base.base=rope:base.base.base=97", SHAPE)
    assert (encoding.max_length, encoding.inner.inner.base) == (31, 97)
