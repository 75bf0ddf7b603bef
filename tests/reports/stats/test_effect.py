"""The size of an effect: an interval from six seeds on, and a range that is never taken for one."""

import math

import pytest

from benchmark.reports.stats.effect import Effect
from benchmark.reports.stats.estimate import Estimate


def test_six_seeds_have_an_interval_and_five_a_range() -> None:
    six = Effect.of([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert (six.value, six.low, six.high, six.covers) == (pytest.approx(0.35), 0.1, 0.6, "95 %")
    five = Effect.of([0.1, 0.2, -0.3, 0.4, 0.5])
    assert (five.value, five.low, five.high, five.covers) == (0.2, -0.3, 0.5, "lowest to highest")


def test_the_brackets_say_which_it_is() -> None:
    assert Effect.of([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]).spelled() == "+0.350 [+0.100, +0.600]"
    assert Effect.of([0.1, -0.0001]).spelled() == "+0.050 (+0.000 to +0.100)"
    assert Effect.of([1.5]).spelled(".2f") == "1.50"
    assert Effect.of([]).spelled() == ""


def test_a_given_interval_takes_the_place_of_its_own() -> None:
    wider = Estimate(value=0.35, low=-0.1, high=0.8, n=6)
    assert Effect.of([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], wider).spelled() == "+0.350 [-0.100, +0.800]"
    none = Estimate(value=0.35, low=math.nan, high=math.nan, n=6)
    assert Effect.of([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], none).covers == "lowest to highest"
