"""What became of a model and of its measurements: their records without the values, each read when first asked for."""

import os
import time
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from benchmark.results.record import Status

TRAIN = "train"  # the name of the record of a model, beside those of its measurements
SETTLED_NS = 1_000_000_000  # a clock may not tell two changes of a folder apart that are closer than this

Stamp = tuple[int, int]


class Outcome(NamedTuple):
    """A record without its values."""

    status: Status
    reason: str | None
    created: datetime
    whole: bool  # False if it should have arrays, but they are missing or damaged


class Outcomes(dict[str, Outcome | None]):
    """Outcomes in the folder of a model by the names of their records; None for a name without a readable record."""

    def __init__(self, stamp: Stamp, read: Callable[[str], Outcome | None]) -> None:
        super().__init__()
        self.stamp = stamp
        self.read = read

    def __missing__(self, name: str) -> Outcome | None:
        self[name] = self.read(name)
        return self[name]


def stamp(folder: str) -> Stamp:
    """What changes whenever a file appears in a folder or is replaced; one of its own for a folder changed just now."""
    try:
        found = os.stat(folder)  # noqa: PTH116 - asked for every cell, and making a Path takes longer than asking
    except OSError:
        return 0, 0
    now = time.time_ns()
    return found.st_mtime_ns, found.st_ino if now - found.st_mtime_ns > SETTLED_NS else -now
