"""One process at a time on a cell, so that two runs on one folder neither mix nor repeat each other's work."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.files import remove_leftovers, writing


@contextmanager
def locked(folder: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold a cell's folder; False if another process holds it and there is to be no waiting.

    The lock dies with its process, however that ends.
    """
    path = folder / ".lock"
    with writing(path):
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        remove_leftovers(folder)
        yield True
