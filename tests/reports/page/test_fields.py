"""Fields of tables: p values and usable lengths as a reader sees them."""

import math

import pytest

from benchmark.reports.page.fields import probability, usable_field
from benchmark.reports.stats.estimate import Estimate
from benchmark.reports.stats.reach import Reach


def reach(*, usable: float, n: int, learned: int) -> Reach:
    names = {"task": "copy", "setting": "s", "metric": "token_accuracy", "trained_with": "rope", "encoding": "rope"}
    lengths = Estimate(value=usable, low=math.nan, high=math.nan, n=n)
    return Reach(**names, longest=32, learned=learned, at_limit=0, usable=lengths, area=lengths)


def test_an_encoding_that_learned_nothing_says_so() -> None:
    cell = usable_field(reach(usable=0.0, n=3, learned=1), seeds=5)
    assert (cell.text, cell.details) == ("0", ("learned by 1 of 3", "3 of 5 seeds"))
    assert usable_field(reach(usable=math.nan, n=0, learned=0), seeds=5).text == "—"


@pytest.mark.parametrize(("value", "shown"), [(0.0234375, "0.023"), (1.0, "1"), (0.00005, "< 0.0001")])
def test_p_values_are_short(value: float, shown: str) -> None:
    assert probability(value) == shown
