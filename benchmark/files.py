"""Files that are written whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class UnwritableError(OSError):
    """A file that cannot be written: trouble of the disk or the folder, and never the outcome of what was computed."""


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file under a temporary name in the same folder, fsync it, rename it. UnwritableError if that fails."""
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):  # a folder that refused the one refuses the other
                temporary.unlink(missing_ok=True)
            raise


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of writers that were killed. For a folder that nobody else writes to now."""
    for path in folder.glob(".*.tmp"):
        path.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say of an error which file could not be written: its temporary name tells nobody anything."""
    try:
        yield
    except OSError as error:
        known = error.filename is not None and not str(error.filename).endswith(".tmp")
        raise UnwritableError(error.errno, error.strerror, str(error.filename if known else path)) from error
