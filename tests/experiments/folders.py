"""Results folders: what is in one, to be compared with another; and one on a small disk."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmark.results.record import TrainRecord
from benchmark.results.store import Store


def outcomes(folder: Path) -> dict[str, object]:
    """The records of a results folder, without times and dates; asserts that every file is intact."""
    store, found = Store(folder), {}
    for record in store.records():
        if isinstance(record, TrainRecord):
            weights = store.weights(record.spec.key)
            content = weights.read_bytes() if record.status == "ok" else b""
            found[record.spec.key] = (record.status, record.train_steps, record.train_losses, content)
        else:
            arrays = store.arrays(record) if record.status == "ok" else {}
            found[record.spec.key] = (record.status, {name: array.tobytes() for name, array in arrays.items()})
    assert store.problems == []
    return found


def good(folder: Path) -> dict[str, object]:
    """Those that succeeded."""
    return {key: value for key, value in outcomes(folder).items() if value[0] == "ok"}  # type: ignore[index]


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A separate small file system."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
