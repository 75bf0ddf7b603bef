"""Curves of a few lengths, worked by hand."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest

from benchmark.reports.stats.reach import area, reach_by_seed, reach_over_seeds

NAN = math.nan
MULTIPLES = (1, 2, 4, 16)


def table(tidy, values: Mapping[str, Sequence[Sequence[float]]], **names) -> pd.DataFrame:
    """Curves by encoding, one a seed, over 1, 2, 4 and 16 L."""
    return pd.concat(
        tidy({name: [curve[place] for curve in own] for name, own in values.items()}, multiple=multiple, **names)
        for place, multiple in enumerate(MULTIPLES)
    )


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        ([1.0, 0.9, 0.95, 0.9], 256),  # .9 of 1 still holds
        ([1.0, 0.9, 0.89, 1.0], 32),  # what comes back after a gap does not count
        ([1.0, 0.5, 0.5, 0.5], 16),
        ([0.5, 0.45, 0.44, 0.5], 32),
        ([0.1, 0.1, 0.1, 0.1], 0),  # .1 with chance .05: not learned
        ([1.0, 1.0, NAN, NAN], 32),  # the table ends
        ([NAN, NAN, NAN, NAN], 0),
    ],
)
def test_usable_length_of_an_accuracy(tidy, curve: list[float], expected: int) -> None:
    row = reach_by_seed(table(tidy, {"own": [curve]}, chance=0.05)).iloc[0]
    assert row["usable"] == expected
    assert row["at_limit"] == (expected == 256)
    assert row["learned"] == (expected > 0)


@pytest.mark.parametrize(
    ("curve", "expected"),
    [([2.0, 2.1, 1.9, 2.1], 256), ([2.0, 2.09, 2.11, 2.0], 32), ([5.5, 5.5, 5.5, 5.5], 0), ([2.0, NAN, NAN, NAN], 16)],
)
def test_usable_length_of_a_loss(tidy, curve: list[float], expected: int) -> None:
    assert reach_by_seed(table(tidy, {"own": [curve]}, metric="loss_nats", chance=6.0)).iloc[0]["usable"] == expected


def test_what_a_lost_measurement_would_have_decided_is_not_known(tidy) -> None:
    rows = table(tidy, {"own": [[1.0, 1.0, NAN, 1.0], [1.0, 0.1, NAN, 1.0], [0.0, 1.0, NAN, 1.0]]})
    rows.loc[rows["value"].isna(), "status"] = "failed"
    assert reach_by_seed(rows)["usable"].tolist() == pytest.approx([NAN, 16, 0], nan_ok=True)
    absent = rows[(rows["length"] != 16) | (rows["seed"] != 1)]
    assert reach_by_seed(absent)["usable"].tolist() == pytest.approx([NAN, NAN, 0], nan_ok=True)
    assert not reach_by_seed(absent)["learned"].iloc[1]


def test_without_a_chance_everything_counts_as_learned(tidy) -> None:
    assert reach_by_seed(table(tidy, {"own": [[0.01] * 4]}, chance=NAN)).iloc[0]["usable"] == 256


def test_lengths_below_l_and_perplexity_are_left_out(tidy) -> None:
    short = tidy({"own": [0.0]}).assign(length=8, multiple=0.5)
    rows = reach_by_seed(
        pd.concat([short, table(tidy, {"own": [[1.0] * 4]}), tidy({"own": [9.0]}, metric="perplexity")])
    )
    assert rows[["metric", "usable", "area"]].to_numpy().tolist() == [["token_accuracy", 256, 1.0]]


def test_area_is_a_mean_over_octaves() -> None:
    # (1 + .5) / 2 * 1 + (.5 + .5) / 2 * 1 + (.5 + 0) / 2 * 2 = 1.75, over 4 octaves
    rows = np.array([[1.0, 0.5, 0.5, 0.0], [0.3, 0.3, 0.3, 0.3], [1.0, NAN, 1.0, 1.0]])
    assert area([16, 32, 64, 256], rows) == pytest.approx([1.75 / 4, 0.3, NAN], nan_ok=True)
    assert np.isnan(area([16], np.ones((3, 1)))).all()


def test_reach_over_seeds(tidy) -> None:
    good, short, flat = [1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0], [0.0] * 4
    curves = table(tidy, {"own": [good, good, good, short, short, short, flat]})
    (own,) = reach_over_seeds(reach_by_seed(curves))
    assert (own.usable.n, own.learned, own.at_limit, own.longest) == (7, 6, 3, 256)
    assert (own.usable.value, own.usable.low, own.usable.high) == (32, 0, 256)
    areas = [1, 1, 1, 0.375, 0.375, 0.375, 0]  # (1 + 1 / 2) / 4 octaves
    assert own.area.value == pytest.approx(np.mean(areas))
    assert (own.area.low, own.area.high) == (0, 1)  # the lowest and the highest seed


def test_an_encoding_that_ends_has_a_usable_length_and_no_area(tidy) -> None:
    (own,) = reach_over_seeds(reach_by_seed(table(tidy, {"own": [[1.0, NAN, NAN, NAN]] * 7})))
    assert (own.usable.value, own.usable.low, own.usable.high, own.usable.n) == (16, 16, 16, 7)
    assert own.area.n == 0 and math.isnan(own.area.value)
