"""Where a cell ran: versions, platform, processor."""

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmark.results.record import Environment


def environment(device: str, threads: int) -> Environment:
    """The environment of this process; `device` is "cpu" or the GPU's name."""
    return Environment(
        benchmark=installed("position-benchmark"),
        python=platform.python_version(),
        torch=installed("torch"),
        platform=platform.platform(),
        processor=processor(),
        device=device,
        threads=threads,
    )


@cache  # every record of a cell asks for this, and each look-up parses the package's metadata file
def installed(package: str) -> str:
    """The version of a package, or "not installed"."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


@cache
def processor() -> str:
    """The processor's name, as the system reports it."""
    details = Path("/proc/cpuinfo")
    if details.is_file():
        for line in details.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
