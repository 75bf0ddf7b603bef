"""Planted attention, hidden states and scores, whose entropy, position and shares are known in advance."""

from contextlib import nullcontext
from unittest import mock

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.encodings import CATALOGUE, make
from benchmark.encodings.encoding import Encoding, PastEndError, Shape, Site
from benchmark.model import attention
from benchmark.model.transformer import Transformer
from benchmark.tasks.task import Batch, Synthetic
from benchmark.training.mechanism import Look, Regression, TooFewRowsError, entropies, look, query_ranges, squares

VOCABULARY, LENGTH, ROWS = 13, 11, 18
DIGITS = tuple(range(2, 12))
SHAPE = Shape(width=21, heads=3, layers=2, train_length=LENGTH, digits=DIGITS, marks=(1, 7, 12))
CPU = torch.device("cpu")
VARIANTS = ["logn:base=cope", "irope:base=alibi", "sinks:base=fox", "randomized:limit=97:base=learned"]


class Letters(Synthetic):
    """Rows of random tokens."""

    name = "letters"
    problems = ROWS
    vocabulary = VOCABULARY

    def tokens(self, length: int) -> int:
        return length

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        tokens = torch.randint(VOCABULARY, (size, length), generator=generator)
        return Batch(tokens=tokens, targets=tokens)

    def chance(self, length: int) -> dict[str, float]:
        return {"token_accuracy": 1 / VOCABULARY}


class Uniform(Encoding):
    """Attention to all keys alike."""

    name = "uniform"

    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        return scores.masked_fill(scores.isfinite(), 0.0)


class Itself(Encoding):
    """Attention of every token to itself only."""

    name = "itself"

    def weigh(self, scores: Tensor, site: Site) -> Tensor:
        return (site.distance == 0).float().expand_as(scores)


def model_with(encode: object, shape: Shape = SHAPE) -> Transformer:
    model = Transformer(VOCABULARY, shape, lambda own, layer: encode(own, layer))  # type: ignore[operator]
    model.initialise(0)
    return model.eval()


def looked(model: Transformer, length: int = LENGTH) -> Look:
    return look(model, Letters(), length, CPU, nullcontext())


def test_entropy_of_uniform_attention_is_the_logarithm_of_the_visible_keys() -> None:
    found = looked(model_with(lambda shape, layer: Uniform(shape)), 16)
    arrays = found.arrays
    np.testing.assert_allclose(arrays["entropy"], arrays["uniform"], rtol=1e-5, atol=1e-5)
    last_half = sum(np.log(query + 1) for query in range(8, 16)) * found.rows
    np.testing.assert_allclose(arrays["entropy"][..., -1], last_half, rtol=1e-6)
    assert arrays["queries"][..., -1].tolist() == np.full((2, 3), 8 * found.rows).tolist()
    assert np.abs(arrays["position_squares"]).max() + arrays["content_squares"].max() == 0


def test_entropy_of_attention_to_one_key_is_zero() -> None:
    arrays = looked(model_with(lambda shape, layer: Itself(shape))).arrays
    assert np.abs(arrays["entropy"]).max() == 0
    assert arrays["queries"].sum() == 2 * 3 * LENGTH * (ROWS // 2)


def test_entropy_does_not_depend_on_the_sum_of_the_weights() -> None:
    weights = torch.rand(2, 3, 5, 7, generator=torch.Generator().manual_seed(1))
    weights[0, 1, 2] = 0
    entropy, asked = entropies(0.3 * weights / weights.sum(dim=-1, keepdim=True).clamp(min=1e-9))
    assert (~asked).nonzero().tolist() == [[0, 1, 2]]
    assert entropy[0, 1, 2] == 0
    for row, head, query in asked.nonzero().tolist():
        share = [float(each) / float(weights[row, head, query].sum()) for each in weights[row, head, query]]
        assert float(entropy[row, head, query]) == pytest.approx(-sum(p * np.log(p) for p in share), rel=1e-5)


def test_ranges_of_queries_halve_the_row() -> None:
    assert query_ranges(16) == ((0, 0), (1, 1), (2, 3), (4, 7), (8, 15))
    assert query_ranges(11) == ((0, 0), (1, 1), (2, 4), (5, 10))
    assert query_ranges(1) == ((0, 0),)


def planted(position: float, content: float, rows: int = 40) -> tuple[Tensor, np.ndarray]:
    """Scores f(i, j) + g(row, i, j) + h(row, i) of these deviations, and f, for 19 queries and 23 keys."""
    draws = np.random.default_rng(5)
    f, g = position * draws.normal(size=(2, 19, 23)), content * draws.normal(size=(rows, 2, 19, 23))
    scores = f + g + 100 * draws.normal(size=(rows, 2, 19, 1))
    return torch.from_numpy(scores), f


def test_a_score_that_only_follows_position_has_no_squares_of_content() -> None:
    scores, f = planted(position=1.5, content=0.0)
    position, content, pairs = squares(scores)
    variance = f.var(axis=2).sum(axis=1) * f.shape[2]  # about each query's mean
    np.testing.assert_allclose(position, len(scores) * variance, rtol=1e-3)
    assert float(content.max()) < 1e-6 * float(position.min())
    assert pairs.tolist() == [19 * 23] * 2


def test_squares_of_position_and_content_are_those_that_were_planted() -> None:
    scores, _ = planted(position=0.5, content=1.0)
    position, content, _ = squares(scores)
    rows = len(scores)
    within = content / (rows - 1)
    between = (position - within) / rows
    np.testing.assert_allclose(between / (between + within), 0.25 / 1.25, atol=0.03)


def test_pairs_hidden_in_any_row_are_left_out_of_the_squares() -> None:
    scores, _ = planted(position=0.5, content=1.0, rows=3)
    scores[1, 0, :, 4] = -torch.inf
    without = torch.cat([scores[..., :4], scores[..., 5:]], dim=-1)
    for found, expected in zip(squares(scores), squares(without), strict=True):
        assert float(found[0]) == pytest.approx(float(expected[0]), rel=1e-4)


def test_a_position_in_one_direction_of_the_residual_stream_is_read_without_error() -> None:
    draws = torch.Generator().manual_seed(2)
    index, direction = torch.arange(29.0)[:, None], torch.randn(17, generator=draws)
    noise = torch.randn(12, 29, 17, generator=draws)
    noise -= (noise @ direction)[..., None] * direction / direction.square().sum()  # leaves the direction to position
    states = noise + 0.1 * index * direction
    regression = Regression(17)
    regression.add(states[:6])
    probe = regression.solve()
    probe.measure(states[6:])
    assert probe.chance == pytest.approx(6 * sum(abs(14 - place) for place in range(29)))
    assert probe.error < 0.01 * probe.chance


def test_a_residual_stream_without_position_is_read_at_chance() -> None:
    states = torch.randn(120, 29, 17, generator=torch.Generator().manual_seed(3))
    regression = Regression(17)
    regression.add(states[:60])
    probe = regression.solve()
    probe.measure(states[60:])
    assert probe.error == pytest.approx(probe.chance, rel=0.02)


def test_a_read_out_of_a_noisy_position_is_that_of_least_squares() -> None:
    draws = torch.Generator().manual_seed(4)
    states = torch.randn(60, 29, 17, generator=draws) + torch.arange(29.0)[:, None] * torch.randn(17, generator=draws)
    regression = Regression(17)
    regression.add(states[:40])
    probe = regression.solve()
    probe.measure(states[40:])
    fit, test = (
        np.column_stack([rows.reshape(-1, 17).numpy(), np.ones(len(rows) * 29)]) for rows in (states[:40], states[40:])
    )
    fitted, *_ = np.linalg.lstsq(fit, np.tile(np.arange(29.0), 40), rcond=None)
    assert probe.error == pytest.approx(np.abs(test @ fitted - np.tile(np.arange(29.0), 20)).sum(), rel=2e-2)
    assert probe.error < 0.3 * probe.chance


def test_what_only_tells_one_row_from_another_is_not_taken_for_position() -> None:
    draws = torch.Generator().manual_seed(6)
    of_row, drift = torch.randn(16, 1, 61, generator=draws), 0.01 * torch.randn(16, 1, 61, generator=draws)
    states = of_row + drift * torch.arange(29.0)[:, None] + 1e-4 * torch.randn(16, 29, 61, generator=draws)
    regression = Regression(61)
    regression.add(states[:8])
    probe = regression.solve()
    probe.measure(states[8:])
    assert probe.error < 1.1 * probe.chance


def test_a_constant_residual_stream_is_read_at_chance() -> None:
    regression = Regression(5)
    regression.add(torch.zeros(3, 7, 5))
    probe = regression.solve()
    probe.measure(torch.zeros(2, 7, 5))
    assert probe.error == pytest.approx(probe.chance)


def test_blocks_of_queries_change_nothing() -> None:
    whole = looked(model_with(lambda shape, layer: make("rope", shape)), 37).arrays
    with mock.patch.object(attention, "BLOCK_SCORES", 700):
        parts = looked(model_with(lambda shape, layer: make("rope", shape)), 37).arrays
    for name, values in whole.items():
        np.testing.assert_allclose(parts[name], values, rtol=1e-4, err_msg=name)


def test_too_few_test_rows_are_refused() -> None:
    with (
        mock.patch.object(Letters, "problems", 15),
        pytest.raises(TooFewRowsError, match="has 15 test rows of length 11"),
    ):
        looked(model_with(lambda shape, layer: make("none", shape)))


@pytest.mark.parametrize("choice", [*CATALOGUE.names(), *VARIANTS])
@pytest.mark.parametrize("length", [LENGTH, 3 * LENGTH])
def test_every_encoding_is_looked_into(choice: str, length: int) -> None:
    model = model_with(lambda shape, layer: make(choice, shape, layer=layer))
    if model.encoding.max_length is not None and length > model.encoding.max_length:
        with pytest.raises(PastEndError):
            looked(model, length)
        return
    found = looked(model, length)
    assert all(np.isfinite(values).all() for values in found.arrays.values())
    assert not any("weigh" in vars(encoding) for encoding in model.encodings)
    weights: list[Tensor] = []
    with torch.inference_mode():
        model(next(iter(Letters().evaluation(length))).tokens[1::2], weights=weights)
    for layer, own in enumerate(weights):
        shares = own.double().numpy()
        total = shares.sum(axis=-1, keepdims=True)
        shares = np.divide(shares, total, out=np.zeros_like(shares), where=total > 0)
        logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
        expected = -(shares * logs).sum(axis=(0, 2, 3))
        np.testing.assert_allclose(found.arrays["entropy"][layer].sum(axis=-1), expected, rtol=1e-3, atol=1e-3)
