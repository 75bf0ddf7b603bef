"""Versions that must be the same on the driver and on every machine: with others, cells of one key would differ."""

import hashlib
import platform
from functools import cache

from benchmark.catalogue.source import OWN
from benchmark.results.environment import installed


@cache
def versions() -> dict[str, str]:
    """What is installed here, by name; of this package also a hash of its code, since its commits share a version.

    Builds of torch for different processors or GPUs count as the same.
    """
    return {
        "position-benchmark": f"{installed('position-benchmark')} (code {_code()})",
        "torch": installed("torch").partition("+")[0],
        "jieba": installed("jieba"),
        "Python": platform.python_version(),
    }


def difference(here: dict[str, str], there: dict[str, str]) -> str:
    """Where the versions of a machine differ from those of the driver, in one line; "" if they do not."""
    return ", ".join(
        f"{name} {there.get(name, 'not installed')} there, {version} here"
        for name, version in here.items()
        if there.get(name) != version
    )


def _code() -> str:
    files = sorted(OWN.rglob("*.py"))
    named = (f"{file.relative_to(OWN).as_posix()} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files)
    return hashlib.sha256("\n".join(named).encode()).hexdigest()[:8]
