"""What a run is asked for, and how its numbers are read from the command line."""

from benchmark.errors import UsageError
from benchmark.results.spec import Frozen, Precision

MAX_SEEDS, MAX_MULTIPLE = 1000, 4096


class Request(Frozen):
    """A request for a run; None means the preset's value."""

    encodings: str = "classic"
    tasks: str | None = None
    preset: str = "quick"
    seeds: tuple[int, ...] | None = None
    multiples: tuple[int, ...] | None = None  # of the trained length
    corpus: str | None = None
    precision: Precision = "float32"


def parse_seeds(text: str) -> tuple[int, ...]:
    """Seeds from "3" (0, 1, 2) or "0,4,7" ("7," is just seed 7)."""
    seeds = _whole_numbers(text, "--seeds", 0, 2**31 - 1)
    if "," not in text:
        if not 1 <= seeds[0] <= MAX_SEEDS:
            raise UsageError(f"--seeds is {text!r}, but a number of seeds must be from 1 to {MAX_SEEDS}")
        return tuple(range(seeds[0]))
    return seeds


def parse_multiples(text: str) -> tuple[int, ...]:
    """Multiples of the trained length from "1,2,4"."""
    return tuple(sorted(_whole_numbers(text, "--lengths", 1, MAX_MULTIPLE)))


def _whole_numbers(text: str, option: str, low: int, high: int) -> tuple[int, ...]:
    parts = [part.strip() for part in text.rstrip(",").split(",")]
    try:
        numbers = tuple(dict.fromkeys(int(part) for part in parts))
    except ValueError:
        raise UsageError(f"{option} is {text!r}, but must be whole numbers separated by commas") from None
    if any(not low <= number <= high for number in numbers):
        raise UsageError(f"{option} is {text!r}, but each number must be from {low} to {high}")
    return numbers
