"""Files that are written completely or not at all; and the quickest way to read one."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import BinaryIO


class UnwritableError(OSError):
    """A file that cannot be written: a problem of the disk or the folder, never an outcome of the computation."""


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file under a temporary name in its folder, fsync it and rename it; raises UnwritableError on failure."""
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, under a temporary name, that takes its own name once it is complete; see `write_atomically`.

    Inside, any OSError counts as a failure to write.
    """
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):  # a folder that refused the write may refuse this too
                temporary.unlink(missing_ok=True)
            raise


def content_of(path: str) -> bytes:
    """The content of a file, without a Path and a buffer: a command may read a hundred thousand small files."""
    with FileIO(path) as file:
        return file.readall()


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of killed writers; only call it while nobody else writes to the folder."""
    for path in folder.glob(".*.tmp"):
        path.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError into an UnwritableError that names the file itself, not its temporary name."""
    try:
        yield
    except OSError as error:
        known = error.filename is not None and not str(error.filename).endswith(".tmp")
        raise UnwritableError(error.errno, error.strerror, str(error.filename if known else path)) from error
