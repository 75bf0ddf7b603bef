"""How a run is carried out: what configures the pool of this machine, and where results go. Read as `request` is."""

import math
import stat
from operator import index
from pathlib import Path

from benchmark.errors import UsageError, unknown
from benchmark.results.spec import Frozen

DEVICES = ("auto", "cpu", "cuda", "mps")
MOST_WORKERS = 256
SHORTEST, LONGEST = 1.0, 1_000_000.0  # seconds that a cell can be given: none is faster than a second


class Settings(Frozen):
    """The settings of the pool of this machine; None leaves them to it."""

    workers: int | None = None
    device: str = "auto"
    cell_timeout: float | None = None  # seconds

    @classmethod
    def read(cls, *, workers: object, device: object, cell_timeout: object) -> "Settings":
        """The settings that options or values of Python give; raises UsageError for a value that no run accepts."""
        if not isinstance(device, str) or device not in DEVICES:
            raise unknown("device", device if isinstance(device, str) else _kind(device), DEVICES)
        return cls(
            workers=None if workers is None else _workers(workers),
            device=device,
            cell_timeout=None if cell_timeout is None else _seconds(cell_timeout),
        )


def folder(results: object) -> Path:
    """The results folder, which need not exist yet; raises UsageError for anything but its path."""
    if not isinstance(results, str | Path) or not str(results) or "\0" in str(results):
        shown = repr(results) if isinstance(results, str) else _kind(results)
        raise UsageError(f"results is {shown[:80]}, but must be the path of a folder")
    path = Path(results)
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        return path
    except (OSError, ValueError) as error:  # ValueError: a lone surrogate, which no file name holds
        raise UsageError(f"results is {str(path)[:80]!r}: {error}"[:300]) from None
    if not is_folder:
        raise UsageError(f"results is {str(path)!r}, but that is not a folder: name another")
    return path


def flag(name: str, value: object) -> bool:
    """A value that is true or false; raises UsageError for any other."""
    if type(value).__name__ not in ("bool", "bool_"):  # Python's and numpy's
        raise UsageError(f"{name} is {_kind(value)}, but must be True or False")
    return bool(value)


def _workers(value: object) -> int:
    try:
        number = 0 if isinstance(value, bool) else index(value)  # type: ignore[arg-type]
    except Exception:  # an object of the user's own: its methods may do anything
        number = 0
    if not 1 <= number <= MOST_WORKERS:
        raise UsageError(f"--workers is {_kind(value)}, but must be a whole number from 1 to {MOST_WORKERS}")
    return number


def _seconds(value: object) -> float:
    try:
        seconds = math.nan if isinstance(value, bool | str | bytes) else float(value)  # type: ignore[arg-type]
    except Exception:  # as above
        seconds = math.nan
    if not SHORTEST <= seconds <= LONGEST:
        raise UsageError(
            f"--cell-timeout is {_kind(value)}, but must be a number of seconds from {SHORTEST:g} to {LONGEST:,.0f}; "
            "omit it for no limit"
        )
    return seconds


def _kind(value: object) -> str:
    """A number or None as it is, cut short; anything else by its type, since it may not be fit to print."""
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 10**18):
        return repr(value)
    return "a huge number" if isinstance(value, int) else f"of type {type(value).__name__}"
