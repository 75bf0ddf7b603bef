"""Every metric by hand, what it says without its sums, and which a task may name."""

import math

import pytest

from benchmark.metrics import METRICS, Sums, headlines

SUMS = Sums(
    loss=22.0,
    correct=7,
    places=11,
    exact=2,
    rows=5,
    characters_per_token=1.3,
    window_loss=51.0,
    window_places=17,
    crop_loss_per_token=1.7,
    far_loss=39.0,
    far_places=13,
)
BY_HAND = {
    "token_accuracy": 7 / 11,
    "exact_match": 2 / 5,
    "loss_nats": 2.0,
    "perplexity": math.exp(2),
    "bits_per_character": 2 / math.log(2) / 1.3,
    "window_loss_nats": 3.0,
    "over_crop_nats": 0.3,
    "far_loss_nats": 3.0,
}


def test_every_metric_by_hand() -> None:
    assert {name: metric.of(SUMS) for name, metric in METRICS.items()} == pytest.approx(BY_HAND)


def test_a_metric_of_some_places_counts_those() -> None:
    counted = {name: metric.places(SUMS) for name, metric in METRICS.items()}
    assert {name: places for name, places in counted.items() if places != 11} == {
        "window_loss_nats": 17,
        "far_loss_nats": 13,
    }


def test_without_sums_there_is_no_value() -> None:
    assert all(math.isnan(metric.of(Sums())) for metric in METRICS.values())


def test_a_perplexity_past_all_floats_is_infinite() -> None:
    assert METRICS["perplexity"].of(Sums(loss=1000.0, places=1)) == math.inf


def test_no_text_is_measured_by_exact_match() -> None:
    assert headlines(language=False) == ("token_accuracy", "exact_match", "loss_nats")
    assert headlines(language=True) == ("token_accuracy", "loss_nats")


@pytest.mark.parametrize("name", METRICS)
def test_what_is_bounded_is_perfect_at_a_bound(name: str) -> None:
    metric = METRICS[name]
    assert not metric.bounded or metric.perfect == (0.0 if metric.lower_is_better else 1.0)
    assert not metric.headline or not (math.isnan(metric.perfect) or math.isnan(metric.margin))
