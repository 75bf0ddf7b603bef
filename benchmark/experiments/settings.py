"""How a run is carried out: what configures its executor, and where results go. Read as `request` is."""

import math
import re
from operator import index
from pathlib import Path

from benchmark.errors import UsageError, echo, unknown
from benchmark.experiments.changes import option_of
from benchmark.results.spec import Frozen

EXECUTORS = ("pool", "ray")
DEVICES = ("auto", "cpu", "cuda", "mps")
MOST_WORKERS = 256
SHORTEST, LONGEST = 1.0, 1_000_000.0  # seconds that a cell can be given: none is faster than a second
MOST_CORES = 1024
LEAST_MEMORY, MOST_MEMORY = 0.1, 10_000.0  # GB
LEAST_SHARE = 0.01  # of a GPU
USUAL = {
    "cell_timeout": "no limit",
    "memory_per_cell": "a share of the machine's",
    "gpus_per_cell": "a whole GPU where there are any",
}
OF_RAY = ("address", "cores_per_cell", "memory_per_cell", "gpus_per_cell")  # settings that the pool does not have


class Settings(Frozen):
    """The settings of an executor; None leaves them to it."""

    executor: str = "pool"
    workers: int | None = None
    device: str = "auto"
    cell_timeout: float | None = None  # seconds
    address: str | None = None  # of Ray's head; None starts a Ray on this machine
    cores_per_cell: int | None = None
    memory_per_cell: float | None = None  # GB
    gpus_per_cell: float | None = None  # at most 1

    @classmethod
    def read(
        cls,
        *,
        executor: object = "pool",
        workers: object = None,
        device: object = "auto",
        cell_timeout: object = None,
        address: object = None,
        cores_per_cell: object = None,
        memory_per_cell: object = None,
        gpus_per_cell: object = None,
    ) -> "Settings":
        """The settings that options or values of Python give; raises UsageError for a value that no run accepts."""
        settings = cls(
            executor=_one_of("executor", executor, EXECUTORS),
            workers=_whole("workers", workers, MOST_WORKERS),
            device=_one_of("device", device, DEVICES),
            cell_timeout=_amount("cell_timeout", cell_timeout, SHORTEST, LONGEST, " of seconds"),
            address=None if address is None else _address(address),
            cores_per_cell=_whole("cores_per_cell", cores_per_cell, MOST_CORES),
            memory_per_cell=_amount("memory_per_cell", memory_per_cell, LEAST_MEMORY, MOST_MEMORY, " of GB"),
            gpus_per_cell=_amount("gpus_per_cell", gpus_per_cell, LEAST_SHARE, 1.0, ""),
        )
        settings.refuse_idle()
        return settings

    def refuse_idle(self) -> None:
        """Raise UsageError for a setting that the executor, or the device, does not have."""
        given = [name for name in OF_RAY if getattr(self, name) is not None]
        if self.executor == "pool" and given:
            option, value = option_of(given[0]), getattr(self, given[0])
            raise UsageError(f"{option} is {value}, but only applies with --executor ray: add that, or omit {option}")
        if self.executor == "ray" and self.workers is not None:
            raise UsageError(
                f"--workers is {self.workers}, but --executor ray runs as many cells as the cluster has room for: "
                "say what a cell takes, --cores-per-cell, --memory-per-cell, --gpus-per-cell, and omit --workers"
            )
        if self.executor == "ray" and self.device == "mps":
            raise UsageError(
                "--device is mps, but Ray does not share out Apple GPUs: use --executor pool, or --device cpu"
            )
        if self.device == "cpu" and self.gpus_per_cell is not None:
            raise UsageError(f"--gpus-per-cell is {self.gpus_per_cell:g}, but --device is cpu: omit one of them")


def folder(results: object) -> Path:
    """The results folder to write to, which need not exist yet; raises UsageError for anything but its path."""
    path = place(results)
    if path.exists() and not path.is_dir():
        raise UsageError(
            f"results is {str(path)!r}, but that is not a folder: name another; a pack is only read, so unpack it "
            "first: python -m zipfile -e PACK FOLDER"
        )
    return path


def place(results: object) -> Path:
    """A results folder or a pack, which need not exist; raises UsageError for anything but its path."""
    if not isinstance(results, str | Path) or not str(results) or "\0" in str(results):
        shown = repr(results) if isinstance(results, str) else _kind(results)
        raise UsageError(f"results is {shown[:80]}, but must be the path of a folder")
    path = Path(results)
    try:
        path.stat()
    except FileNotFoundError:
        return path
    except (OSError, ValueError) as error:  # ValueError: a lone surrogate, which no file name holds
        raise UsageError(f"results is {str(path)[:80]!r}: {error}"[:300]) from None
    return path


def flag(name: str, value: object) -> bool:
    """A value that is true or false; raises UsageError for any other."""
    if type(value).__name__ not in ("bool", "bool_"):  # Python's and numpy's
        raise UsageError(f"{name} is {_kind(value)}, but must be True or False")
    return bool(value)


def _one_of(kind: str, value: object, known: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in known:
        raise unknown(kind, value if isinstance(value, str) else _kind(value), known)
    return value


def _address(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"auto|[^\s/]+:\d{1,5}", value):
        shown = echo(value) if isinstance(value, str) else _kind(value)
        raise UsageError(
            f"--address is {shown}, but must be HOST:PORT of the cluster's head, such as 10.0.0.1:6379, or auto for "
            "the one that this machine is part of"
        )
    return value


def _whole(name: str, value: object, most: int) -> int | None:
    if value is None:
        return None
    try:
        number = 0 if isinstance(value, bool) else index(value)  # type: ignore[arg-type]
    except Exception:  # an object of the user's own: its methods may do anything
        number = 0
    if not 1 <= number <= most:
        raise UsageError(f"{option_of(name)} is {_kind(value)}, but must be a whole number from 1 to {most}")
    return number


def _amount(name: str, value: object, least: float, most: float, unit: str) -> float | None:
    if value is None:
        return None
    try:
        amount = math.nan if isinstance(value, bool | str | bytes) else float(value)  # type: ignore[arg-type]
    except Exception:  # as above
        amount = math.nan
    if not least <= amount <= most:
        raise UsageError(
            f"{option_of(name)} is {_kind(value)}, but must be a number{unit} from {least:g} to {most:,.0f}; "
            f"omit it for {USUAL[name]}"
        )
    return amount


def _kind(value: object) -> str:
    """A number or None as it is, cut short; anything else by its type, since it may not be fit to print."""
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 10**18):
        return repr(value)
    return "a huge number" if isinstance(value, int) else f"of type {type(value).__name__}"
