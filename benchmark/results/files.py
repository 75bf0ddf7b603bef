"""The files of results, wherever they lie: in a folder, or in a pack (`pack`). A `Store` reads through nothing else."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from benchmark.files import content_of


class Files(Protocol):
    """Files by their names inside the results, with slashes: "cells/<train key>/train.json"."""

    @property
    def where(self) -> str:
        """The folder or the pack, as problems name it."""

    def listed(self, folder: str) -> list[str]:
        """The names in a folder, sorted; none where there is no such folder. Raises OSError if it cannot be read."""

    def under(self, folder: str) -> list[str]:
        """The whole names of all files in a folder and in those below it, sorted."""

    def content(self, name: str) -> bytes:
        """The content of a file. Raises FileNotFoundError or another OSError."""


class Folder:
    """A results folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.where = str(root)

    def listed(self, folder: str) -> list[str]:
        try:
            with os.scandir(f"{self.where}/{folder}") as entries:
                return sorted(entry.name for entry in entries)
        except (FileNotFoundError, NotADirectoryError):
            return []

    def under(self, folder: str) -> list[str]:
        found = (path for path in (self.root / folder).rglob("*") if path.is_file())
        return [path.relative_to(self.root).as_posix() for path in sorted(found)]

    def content(self, name: str) -> bytes:
        return content_of(f"{self.where}/{name}")  # a Path takes as long to make as a record to parse


class Merged:
    """Several folders and packs as one. The first that has a file vouches for it."""

    def __init__(self, parts: Sequence[Files]) -> None:
        self.parts = parts
        self.where = ", ".join(part.where for part in parts)

    def listed(self, folder: str) -> list[str]:
        return sorted({name for part in self.parts for name in part.listed(folder)})

    def under(self, folder: str) -> list[str]:
        return sorted({name for part in self.parts for name in part.under(folder)})

    def content(self, name: str) -> bytes:
        for part in self.parts:
            try:
                return part.content(name)
            except FileNotFoundError:
                continue
        raise FileNotFoundError(name)


def decoded(text: str | bytes) -> Any:
    """The value of a JSON text; a ValueError if it cannot be read, or holds text that could not be printed."""
    try:
        data = json.loads(text)
    except RecursionError:
        raise ValueError("its JSON is nested too deeply") from None
    json.dumps(data, ensure_ascii=False).encode()  # rejects a lone surrogate
    return data
