"""Values, seeds and lengths as a report writes them."""

import math

from benchmark.reports.phrases import curve_key, metric_label, seeds_phrase, spell, spelled
from benchmark.reports.words import speaking


def test_spell() -> None:
    assert spell(0.966, 0.951, 0.99) == "0.97 [0.95, 0.99]"
    assert spell(0.5, math.nan, math.nan) == "0.50"
    assert spell(-0.001, -0.002, 0.001) == "0.00 [0.00, 0.00]"  # no zero has a sign
    assert spell(math.nan, math.nan, math.nan, "unsupported") == "—"
    assert spell(math.nan, math.nan, math.nan, "diverged") == "diverged"


def test_seeds_phrase() -> None:
    assert seeds_phrase([3, 3]) == "lowest and highest of 3 seeds"
    assert seeds_phrase([2, 3, 0]) == "lowest and highest of 2 to 3 seeds"
    assert seeds_phrase([1]) == "1 seed, no range"
    assert seeds_phrase([0]) == "no seeds"


def test_the_key_of_a_curve_names_line_band_and_dots() -> None:
    assert curve_key([3, 3]) == "line: mean; band: lowest and highest of 3 seeds; dots: each seed"
    assert curve_key([11]) == "line: mean; band: lowest and highest of 11 seeds"
    assert curve_key([1, 0]) == "1 seed, no range"


def test_multiples_of_the_trained_length() -> None:
    assert [spelled(1.0), spelled(8.0), spelled(1.5)] == ["L", "8 L", "1.5 L"]


def test_a_metric_has_its_unit_unless_the_label_says_it() -> None:
    assert metric_label("loss_nats") == "loss (nats per token)"
    assert metric_label("loss_nats", with_unit=False) == "loss"
    assert metric_label("bits_per_character") == "bits per character"
    with speaking("zh"):
        assert metric_label("token_accuracy") == "token 准确率（0～1）"
