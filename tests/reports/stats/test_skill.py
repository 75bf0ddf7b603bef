"""Skill by hand, and its range."""

import math

import numpy as np
import pytest

from benchmark.reports.stats.skill import skill, skills

NAN = math.nan


def test_skill_runs_from_chance_to_no_error(tidy) -> None:
    accuracy = skill(tidy({"rope": [0.25, 1.0, 0.0, 0.625]}, chance=0.25))
    assert list(accuracy) == pytest.approx([0, 1, -1 / 3, 0.5])
    assert list(skill(tidy({"rope": [6.0, 0.0, 12.0, 1.5]}, metric="loss_nats", chance=6.0))) == [0, 1, -1, 0.75]
    assert list(skill(tidy({"rope": [11.0, 1.0]}, metric="perplexity", chance=11.0))) == [0, 1]
    assert np.isnan(skill(tidy({"rope": [0.5]}, chance=NAN))).all()
    assert np.isnan(skill(tidy({"rope": [0.5]}, chance=1.0))).all()


def test_a_shortcut_earns_no_skill(tidy) -> None:
    ruled = tidy({"rope": [0.6, 0.8, 0.5]}, chance=0.1, shortcut=0.6)
    assert list(skill(ruled)) == pytest.approx([0, 0.5, -0.25])
    assert list(skill(tidy({"rope": [0.6]}, chance=0.2, shortcut=0.1))) == pytest.approx([0.5])  # chance is better


def test_the_range_of_skill_is_that_of_the_values_on_another_scale(tidy) -> None:
    row = skills(tidy({"rope": [0.5, 0.6, 0.7]}, chance=0.2)).iloc[0]
    assert (row["mean"], row["low"], row["high"]) == pytest.approx((0.4 / 0.8, 0.3 / 0.8, 0.5 / 0.8))


def test_of_a_loss_less_is_more(tidy) -> None:
    row = skills(tidy({"rope": [1.0, 2.0, 3.0]}, metric="loss_nats", chance=5.0)).iloc[0]
    assert (row["mean"], row["low"], row["high"]) == pytest.approx((0.6, 0.4, 0.8))


def test_where_there_is_no_value_or_no_chance_there_is_no_skill(tidy) -> None:
    lost = skills(tidy({"learned": [NAN, NAN]})).iloc[0]
    assert math.isnan(lost["mean"]) and lost["status"] == "unsupported"
    assert math.isnan(skills(tidy({"rope": [0.5]}, chance=NAN)).iloc[0]["mean"])
    one = skills(tidy({"rope": [0.5]})).iloc[0]
    assert one["mean"] == 0.5 and math.isnan(one["low"])
