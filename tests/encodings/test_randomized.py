"""Randomised positions: the distribution of the draw, RoPE at the drawn positions in complex numbers, and refusals."""

import cmath
import math

import pytest
import torch
from oracle import LENGTH, agree, both_precisions, draw, products, site, table

from benchmark.encodings import make
from benchmark.encodings.encoding import PastEndError, Shape, Site
from benchmark.model.bias import dense
from benchmark.model.hooks import overrides
from benchmark.model.transformer import Transformer

SHAPE = Shape(width=21, heads=3, layers=2, train_length=11)
TOKENS = torch.zeros(5, 11, dtype=torch.int64)


def draws(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_positions_are_an_ordered_subset_of_the_limit() -> None:
    places = make("randomized:limit=13", SHAPE).positions(TOKENS, draws(0))
    assert places.shape == (1, 11)  # one subset for all rows
    assert (places.diff() > 0).all()
    assert places.min() >= 0 and places.max() <= 12


def test_every_subset_is_equally_likely() -> None:
    """2 of 5 places: 10 subsets, each about a tenth of 5,000 draws (three standard deviations: .013)."""
    encoding = make("randomized:limit=5", Shape(width=2, heads=1, layers=1, train_length=2))
    generator, seen = draws(0), torch.zeros(5, 5)
    for _ in range(5000):
        first, second = encoding.positions(TOKENS[:, :2], generator)[0]
        seen[first, second] += 1
    shares = seen[torch.ones(5, 5, dtype=torch.bool).triu(1)] / 5000
    assert len(shares) == math.comb(5, 2)
    assert (shares - 0.1).abs().max() < 0.013


def test_at_test_time_the_subset_is_fixed_for_a_length_and_drawn_by_the_same_law() -> None:
    encoding = make("randomized", SHAPE)
    assert torch.equal(encoding.positions(TOKENS), encoding.positions(TOKENS))
    long = encoding.positions(torch.zeros(1, 1024, dtype=torch.int64))[0].double()
    assert long.mean().item() == pytest.approx(1023.5, abs=4 * 2048 / math.sqrt(12 * 1024 * 2))
    assert not torch.equal(encoding.positions(TOKENS)[0, :7], encoding.positions(TOKENS[:, :7])[0])


def test_the_inner_encoding_does_the_rest_at_those_places() -> None:
    q = torch.randn(5, 3, 11, 7, generator=draws(1))
    encoding = make("randomized:base=alibi", SHAPE)
    places = encoding.positions(TOKENS)
    site = Site.of(torch.zeros(5, 11, 21), places)
    torch.testing.assert_close(dense(encoding.bias(site), site), dense(make("alibi", SHAPE).bias(site), site))
    turned = make("randomized", SHAPE).rotate(q, q, site)
    torch.testing.assert_close(turned, make("rope", SHAPE).rotate(q, q, site))


@pytest.mark.parametrize("training", [True, False], ids=["training", "test"])
@both_precisions
def test_scores_and_their_gradients_are_those_of_distances_between_places(
    dtype: torch.dtype, tolerance: float, training: bool
) -> None:
    """With so few places that float32 holds their angles."""
    encoding, half = make("randomized:limit=97", SHAPE), 3
    q, k = (draw(2, 3, LENGTH, 7, dtype=dtype, seed=seed) for seed in (1, 2))
    places = encoding.positions(TOKENS[:2], draws(3) if training else None)
    pairs_q, pairs_k = (torch.complex(each[..., :half], each[..., half:-1]) for each in (q, k))

    def score(i: int, j: int) -> torch.Tensor:
        distance = (places[0, i] - places[0, j]).item()
        turns = [cmath.exp(1j * distance * 10000 ** (-m / half)) for m in range(half)]
        turned = pairs_q[:, :, i] * pairs_k[:, :, j].conj() * torch.tensor(turns, dtype=dtype.to_complex())
        return turned.real.sum(-1) + q[:, :, i, -1] * k[:, :, j, -1]

    ours, theirs = products(encoding, q, k, site(places)), table(score)
    agree(ours, theirs, (q, k), tolerance, gradient_tolerance=lambda expected: 10 * tolerance)


def test_a_learned_table_has_as_many_rows_as_places() -> None:
    encoding = make("randomized:base=learned:limit=97", SHAPE)
    assert encoding.inner.table.shape == (97, 21)
    embedded = encoding.embed(torch.zeros(5, 11, 21), encoding.positions(TOKENS))
    expected = encoding.inner.table[encoding.positions(TOKENS)] * math.sqrt(21)
    torch.testing.assert_close(embedded, expected.expand(5, -1, -1))


def test_weights_of_the_inner_encoding_follow_the_seed() -> None:
    first, again, other = (make("randomized:base=t5", SHAPE, seed=seed).inner.table for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("base", ["alibi", "learned", "t5", "rope"])
def test_claims_and_hooks_in_use_are_the_inner_ones(base: str) -> None:
    inner, outer = make(base, SHAPE), make(f"randomized:base={base}", SHAPE)
    for claim in ("relative", "per_layer", "causal_only"):
        assert getattr(outer, claim) == getattr(inner, claim)
    for hook in ("bias", "rescore"):
        assert overrides(outer, hook) == overrides(inner, hook)
    assert (outer.length_aware, outer.max_length) == (True, 2048)


def test_rows_longer_than_the_limit_are_refused() -> None:
    model = Transformer(13, SHAPE, lambda shape, layer: make("randomized:limit=12", shape))
    model.initialise(0)
    with pytest.raises(PastEndError, match="position 12 is past the end: 13 tokens, but limit=12"):
        model(torch.zeros(1, 13, dtype=torch.int64))


@pytest.mark.parametrize("base", ["randomized", "abacus"])
def test_a_base_that_sets_positions_itself_is_refused(base: str) -> None:
    shape = Shape(width=21, heads=3, layers=2, train_length=11, digits=(1, 2))
    with pytest.raises(ValueError, match=f"randomized: base is '{base}', but must be"):
        make(f"randomized:base={base}", shape)


def test_a_limit_below_the_trained_length_is_refused() -> None:
    with pytest.raises(ValueError, match="randomized: limit is 10, but must be at least 11"):
        make("randomized:limit=10", SHAPE)
