"""The numbers of a request as the command line spells them."""

import pytest

from benchmark.errors import UsageError
from benchmark.experiments.request import Auto, parse_multiples, parse_seeds


@pytest.mark.parametrize(("text", "seeds"), [("3", (0, 1, 2)), ("0,4,7", (0, 4, 7)), ("7,", (7,)), ("2,2,1", (2, 1))])
def test_seeds(text: str, seeds: tuple[int, ...]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize(("text", "most"), [("auto", None), ("auto:12", 12), ("auto:1", 1)])
def test_automatic_seeds_are_spelled_as_they_are_read(text: str, most: int | None) -> None:
    assert parse_seeds(text) == Auto(most=most)
    assert str(parse_seeds(text)) == text


BAD_SEEDS = [
    "",
    "0",
    "-1",
    "a",
    "1,,2",
    "nan",
    "1.5",
    "1001",
    "99999999999,",
    "auto:",
    "auto:0",
    "auto:1001",
    "auto:1,2",
]


@pytest.mark.parametrize("text", [*BAD_SEEDS, "auto:-3", "auto:½", "auto,", "automatic", "Auto"])
def test_bad_seeds_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--seeds is "):
        parse_seeds(text)


@pytest.mark.parametrize("text", ["", "0", "-1", "x", "1,0.5", "9999"])
def test_bad_lengths_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--lengths is "):
        parse_multiples(text)


def test_lengths_are_sorted_without_duplicates() -> None:
    assert parse_multiples("4,1,4,2") == (1, 2, 4)
