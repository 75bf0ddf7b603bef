"""The numbers of a request as the command line spells them."""

import pytest

from benchmark.errors import UsageError
from benchmark.experiments.request import parse_multiples, parse_seeds


@pytest.mark.parametrize(("text", "seeds"), [("3", (0, 1, 2)), ("0,4,7", (0, 4, 7)), ("7,", (7,)), ("2,2,1", (2, 1))])
def test_seeds(text: str, seeds: tuple[int, ...]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "0", "-1", "a", "1,,2", "nan", "1.5", "1001", "99999999999,"])
def test_bad_seeds_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--seeds is "):
        parse_seeds(text)


@pytest.mark.parametrize("text", ["", "0", "-1", "x", "1,0.5", "9999"])
def test_bad_lengths_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--lengths is "):
        parse_multiples(text)


def test_lengths_are_sorted_and_each_once() -> None:
    assert parse_multiples("4,1,4,2") == (1, 2, 4)
