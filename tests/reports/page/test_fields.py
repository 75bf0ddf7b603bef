"""Fields of tables: p values and usable lengths as a reader sees them."""

import pytest

from benchmark.reports.page.fields import probability, usable_field


def test_an_encoding_that_learned_nothing_says_so() -> None:
    row = {"usable": 0.0, "usable_low": float("nan"), "usable_high": float("nan"), "longest": 32}
    cell = usable_field({**row, "n": 3, "learned": 1}, seeds=5)
    assert (cell.text, cell.details) == ("0", ("learned by 1 of 3", "3 of 5 seeds"))
    assert usable_field({**row, "n": 0, "learned": 0}, seeds=5).text == "—"


@pytest.mark.parametrize(("value", "shown"), [(0.0234375, "0.023"), (1.0, "1"), (0.00005, "< 0.0001")])
def test_p_values_are_short(value: float, shown: str) -> None:
    assert probability(value) == shown
