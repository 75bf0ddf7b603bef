"""The folder of a cell, as it travels: the files of the store go to a machine, and what changes there comes back.

Arrays and weights go before the records that vouch for them, as the store itself writes them. A checkpoint is sent
about once a minute, or less often if that would take more than a fiftieth of the time of a gigabit network.
"""

import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.files import write_atomically, writing

CHECKPOINT = "checkpoint.safetensors"
NAME = re.compile(r"(train|[0-9a-f]{32})\.json|(weights|checkpoint|[0-9a-f]{32})\.safetensors")
SECONDS = 60.0  # minimum time between two checkpoints that are sent
SHARE = 0.02  # the largest share of time to spend sending them
NETWORK_BYTES = 1e8  # a second

Files = dict[str, bytes]  # content by name, in the order in which they are to be written


def read_folder(folder: Path) -> Files:
    """The files of a cell that the store has."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*")) if NAME.fullmatch(path.name)}


def write_folder(folder: Path, files: Mapping[str, bytes], gone: Collection[str] = ()) -> None:
    """Write files that came from elsewhere, and remove those that are gone there; raises UnwritableError."""
    for name, content in files.items():
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of a file of a cell")
        write_atomically(folder / name, content)
    for name in gone:
        with writing(folder / name):
            (folder / name).unlink(missing_ok=True)


@dataclass
class Changes:
    """The files of a folder that changed since they were last taken."""

    folder: Path
    _known: dict[str, tuple[int, int]] = field(default_factory=dict)  # time of change and inode, by name
    _due: float = field(default_factory=lambda: time.monotonic() + SECONDS)  # for the next checkpoint

    def __post_init__(self) -> None:
        self.take()

    def take(self, *, checkpoint: bool = True) -> tuple[Files, list[str]]:
        """The new contents, arrays first, and the names of a checkpoint that is gone.

        Without `checkpoint`, a new checkpoint is left for later unless it is due.
        """
        # Records are listed before arrays: the arrays of a listed record are there already.
        records, arrays = sorted(self.folder.glob("[!.]*.json")), sorted(self.folder.glob("[!.]*.safetensors"))
        files: Files = {}
        for path in (*arrays, *records):
            if path.name == CHECKPOINT and not checkpoint and time.monotonic() < self._due:
                continue
            content = self._changed(path)
            if content is not None:
                files[path.name] = content
        gone = [CHECKPOINT] if CHECKPOINT in self._known and not (self.folder / CHECKPOINT).exists() else []
        for name in gone:
            del self._known[name]
        if CHECKPOINT in files:
            self._due = time.monotonic() + max(SECONDS, len(files[CHECKPOINT]) / NETWORK_BYTES / SHARE)
        return files, gone

    def _changed(self, path: Path) -> bytes | None:
        """The content of a file that is new or was replaced."""
        try:
            state = path.stat()
            if self._known.get(path.name) == (state.st_mtime_ns, state.st_ino):
                return None
            content = path.read_bytes()
        except FileNotFoundError:  # a checkpoint that was discarded just now
            return None
        self._known[path.name] = (state.st_mtime_ns, state.st_ino)
        return content
