"""The error due to test rows: by hand, against a jackknife, and against what other rows give."""

import math

import numpy as np
import pytest

from benchmark.reports.tables.rows import paired_row_error, row_error

METRICS = ("token_accuracy", "exact_match", "loss_nats")


def measured(generator: np.random.Generator, rows: int, skill: float = 0.8, hardness: np.ndarray | None = None) -> dict:
    """The arrays of a measurement in which a row's places share its hardness."""
    counts = generator.integers(1, 6, rows) if hardness is None else np.full(rows, 5)
    hard = generator.random(rows) if hardness is None else hardness
    correct = generator.binomial(counts, np.clip(skill + 0.3 * (0.5 - hard), 0, 1))
    return {
        "row_count": counts,
        "row_correct": correct,
        "row_loss": counts * (hard + generator.exponential(1.0, rows)),
        "count": np.array([counts.sum()]),
    }


def without(arrays: dict, row: int) -> dict:
    return {name: np.delete(own, row) if name.startswith("row") else own for name, own in arrays.items()}


def value(arrays: dict, metric: str) -> float:
    if metric == "exact_match":
        return float(np.mean(arrays["row_correct"] == arrays["row_count"]))
    name = {"token_accuracy": "row_correct", "loss_nats": "row_loss"}[metric]
    return float(arrays[name].sum() / arrays["row_count"].sum())


def test_a_share_of_rows_has_the_error_of_a_proportion() -> None:
    arrays = {
        "row_count": np.array([1] * 128 + [0]),
        "row_correct": np.array([1] * 64 + [0] * 65),
        "row_loss": np.zeros(129),
        "count": np.array([128]),
    }
    for metric in ("token_accuracy", "exact_match"):
        assert row_error(arrays, metric) == pytest.approx(math.sqrt(0.25 / 127))  # .044: a yes/no question on 128 rows


@pytest.mark.parametrize("metric", METRICS)
def test_it_is_the_jackknife_of_rows(metric: str) -> None:
    arrays = measured(np.random.default_rng(3), 211)
    left = np.array([value(without(arrays, row), metric) for row in range(211)])
    jackknife = math.sqrt(210 / 211 * np.sum((left - left.mean()) ** 2))
    assert row_error(arrays, metric) == pytest.approx(jackknife, rel=0.02)


@pytest.mark.parametrize("metric", METRICS)
def test_values_on_other_rows_spread_by_it(metric: str) -> None:
    generator = np.random.default_rng(5)
    drawn = [measured(generator, 101) for _ in range(600)]
    spread = np.std([value(arrays, metric) for arrays in drawn])
    assert np.mean([row_error(arrays, metric) for arrays in drawn]) == pytest.approx(spread, rel=0.1)


@pytest.mark.parametrize("metric", METRICS)
def test_differences_on_other_rows_spread_by_the_paired_error(metric: str) -> None:
    generator = np.random.default_rng(7)
    differences, errors, alone = [], [], []
    for _ in range(1200):
        hardness = generator.random(101)
        pairs = [tuple(measured(generator, 101, skill, hardness) for skill in (0.7, 0.8)) for _ in range(3)]
        differences.append(np.mean([value(first, metric) - value(second, metric) for first, second in pairs]))
        errors.append(paired_row_error(pairs, metric))
        alone.append(math.hypot(*(row_error(arrays, metric) for arrays in pairs[0])))
    assert np.mean(errors) == pytest.approx(np.std(differences), rel=0.1)
    assert np.mean(errors) < np.mean(alone)


def test_of_one_encoding_and_itself_it_is_zero() -> None:
    arrays = measured(np.random.default_rng(0), 50)
    assert paired_row_error([(arrays, arrays)], "token_accuracy") == 0.0


def test_a_value_of_half_the_places_has_a_larger_error() -> None:
    arrays = measured(np.random.default_rng(0), 50) | {"count": np.array([50, 50, 50, 50])}
    whole = row_error(arrays, "loss_nats")
    assert row_error(arrays, "loss_nats", slice(3, 4)) == pytest.approx(2 * whole)
    assert math.isnan(row_error(arrays, "loss_nats", slice(4, 5)))


def test_without_rows_or_with_other_rows_there_is_none() -> None:
    generator = np.random.default_rng(0)
    one, other = measured(generator, 50), measured(generator, 60)
    assert math.isnan(row_error(measured(generator, 1), "exact_match"))
    assert math.isnan(paired_row_error([(one, other)], "exact_match"))
    assert math.isnan(paired_row_error([], "exact_match"))
