"""Log-length scaling against loops over its formula, around encodings of every kind."""

import math

import pytest
import torch
from oracle import BATCH, HEADS, LENGTH, agree, attention_weights, both_precisions, per_head
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model.hooks import overrides
from benchmark.model.transformer import Cache, Transformer

WIDTH, TRAINED = 7, 5
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=2, train_length=TRAINED)
PLACES = [0, 1, 2, 3, 4, 5, 8, 13, 21, 34, 55]  # up to the trained length, and past it


def site(dtype: torch.dtype = torch.float32, positions: Tensor | None = None) -> Site:
    hidden = torch.randn(BATCH, LENGTH, SHAPE.width, generator=torch.Generator().manual_seed(3), dtype=dtype)
    return Site.of(hidden, torch.tensor([PLACES]) if positions is None else positions)


def loop(inner: Encoding, q: Tensor, k: Tensor, here: Site) -> Tensor:
    """The inner encoding with each query, one by one, stretched by how many trained lengths (in logarithms) it sees."""
    stretched = []
    for index, place in enumerate(PLACES):
        sees = place + 1
        stretched.append(q[:, :, index] * (math.log(sees, TRAINED) if sees > TRAINED else 1.0))
    return attention_weights(inner, torch.stack(stretched, dim=2), k, here)


def transformer(choice: str, seed: int = 0) -> Transformer:
    model = Transformer(13, SHAPE, lambda own, layer: make(choice, own, seed=seed, layer=layer))
    model.initialise(seed)
    return model.eval()


def rows() -> Tensor:
    return torch.randint(13, (BATCH, LENGTH), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("base", ["rope", "none", "alibi", "cope"])
@both_precisions
def test_attention_and_its_gradients_are_those_of_stretched_queries(
    base: str, dtype: torch.dtype, tolerance: float
) -> None:
    q, k = per_head(WIDTH, dtype), per_head(WIDTH, dtype, seed=1)
    ours = attention_weights(make(f"logn:base={base}", SHAPE).to(dtype), q, k, site(dtype))
    theirs = loop(make(base, SHAPE).to(dtype), q, k, site(dtype))
    agree(ours, theirs, (q, k), tolerance)


def test_up_to_the_trained_length_the_inner_encoding_is_untouched() -> None:
    q, k = per_head(WIDTH, torch.float32), per_head(WIDTH, torch.float32, seed=1)
    here = site(positions=torch.arange(LENGTH)[None])
    ours, theirs = make("logn", SHAPE).rotate(q, k, here)[0], make("rope", SHAPE).rotate(q, k, here)[0]
    assert torch.equal(ours[..., :TRAINED, :], theirs[..., :TRAINED, :])
    for place in range(TRAINED, LENGTH):
        stretched = theirs[..., place, :] * math.log(place + 1) / math.log(TRAINED)
        torch.testing.assert_close(ours[..., place, :], stretched, atol=1e-6, rtol=1e-6)


def test_each_row_may_have_its_own_positions_and_queries_may_be_the_tail_of_the_keys() -> None:
    q, positions = per_head(WIDTH), torch.tensor([range(11), range(100, 122, 2)])
    whole, _ = make("logn:base=none", SHAPE).rotate(q, q, site(positions=positions))
    for row in range(BATCH):
        for index, place in enumerate(positions[row].tolist()):
            factor = max(1, math.log(place + 1) / math.log(TRAINED))
            torch.testing.assert_close(whole[row, :, index], factor * q[row, :, index], atol=1e-9, rtol=1e-9)
    tail = Site.of(torch.zeros(BATCH, LENGTH, 5), positions, queries=3)
    assert torch.equal(make("logn:base=none", SHAPE).rotate(q[..., -3:, :], q, tail)[0], whole[..., -3:, :])


@pytest.mark.parametrize("trained", [1, 2])
def test_a_trained_length_of_one_counts_as_two(trained: int) -> None:
    shape = Shape(width=SHAPE.width, heads=HEADS, layers=1, train_length=trained)
    q = per_head(WIDTH)
    stretched, _ = make("logn:base=none", shape).rotate(q, q, site(positions=torch.arange(LENGTH)[None]))
    torch.testing.assert_close(stretched[..., 7, :], 3 * q[..., 7, :], atol=1e-9, rtol=1e-9)
    assert torch.equal(stretched[..., :2, :], q[..., :2, :])


def test_factors_are_float32_in_a_bfloat16_model() -> None:
    q, far = per_head(WIDTH, torch.bfloat16), torch.arange(4001, 4001 + LENGTH)[None]
    ours, _ = make("logn:base=none", SHAPE).bfloat16().rotate(q, q, site(torch.bfloat16, far))
    assert ours.dtype == torch.bfloat16
    factors = torch.tensor([math.log(place + 1, TRAINED) for place in far[0].tolist()], dtype=torch.float64)
    assert torch.equal(ours, (q.double() * factors[:, None]).bfloat16())


@pytest.mark.parametrize("base", ["rope", "t5", "fox", "pope"])
def test_it_loads_the_weights_of_a_model_trained_with_the_inner_encoding(base: str) -> None:
    trained, adapted = transformer(base, seed=1), transformer(f"logn:base={base}", seed=2)
    adapted.load_state_dict(trained.state_dict())
    theirs, ours = trained.encodings.state_dict(), adapted.encodings.state_dict()
    assert [name.replace(".inner.", ".") for name in ours] == list(theirs)
    assert all(torch.equal(*pair) for pair in zip(theirs.values(), ours.values(), strict=True))
    with torch.inference_mode():
        short = rows()[:, :TRAINED]
        torch.testing.assert_close(adapted(short), trained(short), atol=1e-6, rtol=1e-6)
        assert (adapted(rows()) - trained(rows()))[:, TRAINED:].abs().amax() > 1e-2


def test_it_loads_its_own_weights_and_refuses_others() -> None:
    kept, again = transformer("logn:base=t5", seed=1), transformer("logn:base=t5", seed=2)
    again.load_state_dict(kept.state_dict())
    assert torch.equal(again.encoding.inner.table, kept.encoding.inner.table)
    with pytest.raises(RuntimeError, match=r"Missing key.*encodings\.0\.inner\.table"):
        again.load_state_dict(transformer("pope").state_dict())


def test_past_the_trained_length_decoding_equals_the_full_pass() -> None:
    model, cache = transformer("logn"), Cache()
    with torch.inference_mode():
        decoded = torch.cat([model(part, cache=cache) for part in torch.split(rows(), [3, 1, 5, 2], dim=1)], dim=1)
        torch.testing.assert_close(decoded, model(rows()), atol=1e-5, rtol=1e-5)


def test_its_claims_are_those_of_the_inner_encoding_except_relative() -> None:
    around = make("logn:base=cope", SHAPE)
    assert around.causal_only
    assert around.per_layer
    assert overrides(around, "rescore")
    assert not overrides(around, "bias")
    assert not around.relative
    assert make("logn:base=learned", SHAPE).max_length == TRAINED


@pytest.mark.parametrize("base", ["pi", "yarn", "logn"])
def test_an_encoding_that_itself_adapts_is_refused(base: str) -> None:
    with pytest.raises(ValueError, match=f"logn: base is {base}, but must be an encoding that is used in training"):
        make(f"logn:base={base}", SHAPE)
