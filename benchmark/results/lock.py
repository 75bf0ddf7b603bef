"""A lock on a cell's folder, so that two runs on one results folder neither mix nor repeat each other's work."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from benchmark.files import remove_leftovers, writing


@contextmanager
def locked(folder: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold a cell's folder; False if another process holds it and `wait` is false.

    The system releases the lock when its process ends, in whatever way.
    """
    path = folder / ".lock"
    lock = FileLock(path)
    with writing(path):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(blocking=wait)
        except Timeout:
            held = False
        else:
            held = True
    try:
        if held:
            remove_leftovers(folder)
        yield held
    finally:
        lock.release()
