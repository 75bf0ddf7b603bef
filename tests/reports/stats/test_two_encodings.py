"""Two encodings side by side: which is called better, and when."""

import pytest
from benchmark.reports.stats.two_encodings import compare


def test_compare_names_the_better_one_only_with_an_interval(tidy) -> None:
    loss = tidy({"a": [5.0, 5.1, 5.2], "b": [4.0, 4.1, 4.25]}, metric="loss_nats")
    row = compare(loss, "a", "b").iloc[0]
    assert row["better"] == "b"
    assert row["difference"] == pytest.approx(row["first"] - row["second"])
    assert compare(tidy({"a": [0.9], "b": [0.1]}), "a", "b").iloc[0]["better"] == ""
