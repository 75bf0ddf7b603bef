"""Which multiples of L tasks share."""

import pandas as pd
import pytest

from benchmark.reports.stats.multiples import common_multiples, farthest, near_and_far


@pytest.mark.parametrize(
    ("first", "second", "shared", "places"),
    [
        ((1, 2, 4, 8, 16), (1, 8, 16), [1, 8, 16], (1, 8)),
        ((1, 2, 4), (1, 4, 8), [1, 4], (1, 4)),
        ((1, 16), (1, 16), [1, 16], (1, 16)),
        ((1, 2), (1, 4), [1], (1,)),
        ((2, 8), (8,), [8], (8,)),
        ((2,), (4,), [], ()),
    ],
)
def test_l_and_8_l_or_the_longest_that_all_have(tidy, first, second, shared, places) -> None:
    tables = [
        tidy({"rope": [0.5]}, task=task, multiple=multiple)
        for task, multiples in (("a", first), ("b", second))
        for multiple in multiples
    ]
    table = pd.concat(tables)
    assert common_multiples(table) == shared
    assert near_and_far(table) == places


def test_nothing_has_no_place(tidy) -> None:
    assert near_and_far(tidy({"rope": [0.5]}).iloc[:0]) == ()


def test_the_far_place_of_one_task() -> None:
    assert farthest(pd.Series([1.0, 8.0, 16.0])) == 8
    assert farthest(pd.Series([1.0, 2.0])) == 2
