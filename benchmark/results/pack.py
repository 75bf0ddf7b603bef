"""Packs: results as one file, a zip with a manifest. Unpacked by any tool, it is a results folder again.

    manifest.json             Manifest: where the records were made; the size and SHA-256 of every other file
    cells/, runs/, timing/    the files of a results folder, byte for byte; weights only on request, checkpoints never

A pack may come from anyone. It is checked whole when it is opened, before any record is read: names that no results
folder has (so nothing leads out of a folder that it is unpacked into), links, encrypted or absurdly large files, files
that the manifest does not list or that are not what it lists, and newer schemas are refused with one line. It is only
read: nothing in it is executed, and nothing is written into it.
"""

import hashlib
import re
import stat
import struct
import zlib
from functools import lru_cache
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo, is_zipfile

from pydantic import ValidationError

from benchmark.errors import UsageError, echo, first_line
from benchmark.results.files import decoded
from benchmark.results.record import Environment
from benchmark.results.spec import Count, Frozen, Hash

SCHEMA = 1  # of the manifest
MANIFEST = "manifest.json"
PLAIN = r"[\w+-][\w .+-]*"  # a file name without a leading dot, slashes and colons
NAME = re.compile(
    r"cells/[0-9a-f]{32}/(?:(?:train|[0-9a-f]{32})\.json|(?:weights|[0-9a-f]{32})\.safetensors)"
    rf"|claims/{PLAIN}/{PLAIN}\.json|runs/{PLAIN}\.json|timing/(?:{PLAIN}/)*{PLAIN}\.json"
)
LARGEST_JSON = 1 << 26  # bytes; the records of a run have a few thousand
MOST_TIMES = 200  # the size of a pack that its content may have; records have 2 to 3 times
CHUNK = 1 << 20
ENCRYPTED = 1  # in the flags of a zip's entry
# What the standard library raises for damaged archives, and `_checked` for hostile ones.
DAMAGED = (BadZipFile, OSError, EOFError, ValueError, LookupError, RuntimeError, struct.error, zlib.error)


class Entry(Frozen):
    """A file of a pack."""

    size: Count  # bytes
    sha256: Hash


class Manifest(Frozen):
    """The contents of a pack."""

    schema_version: int = SCHEMA
    environments: list[Environment]  # those that its records were made in
    files: dict[str, Entry]


class Pack:
    """A checked pack, as `files.Files`."""

    def __init__(self, path: Path, archive: ZipFile) -> None:
        self.path, self.where = path, str(path)
        self._archive = archive
        self.manifest = _checked(archive, path.stat().st_size)
        self._folders: dict[str, list[str]] = {}
        for name in sorted(self.manifest.files):
            folder, _, own = name.rpartition("/")
            self._folders.setdefault(folder, []).append(own)
        self._folders["cells"] = sorted({name.split("/")[1] for name in self.manifest.files if name[:6] == "cells/"})

    def listed(self, folder: str) -> list[str]:
        return self._folders.get(folder, [])

    def under(self, folder: str) -> list[str]:
        return sorted(name for name in self.manifest.files if name.startswith(f"{folder}/"))

    def content(self, name: str) -> bytes:
        try:
            return self._archive.read(name)
        except KeyError:
            raise FileNotFoundError(name) from None


def is_pack(path: Path) -> bool:
    """True if a file is a pack, or was meant as one."""
    return path.is_file() and (path.suffix == ".zip" or is_zipfile(path))


def opened(path: Path) -> Pack:
    """The pack in a file, checked once for as long as the file stays the same; UsageError if it is not a sound one."""
    found = path.stat()
    return _opened(path, (found.st_ino, found.st_size, found.st_mtime_ns))


@lru_cache(maxsize=8)
def _opened(path: Path, _stamp: tuple[int, int, int]) -> Pack:
    archive = None
    try:
        archive = ZipFile(path)
        return Pack(path, archive)
    except DAMAGED as error:
        if archive is not None:
            archive.close()
        raise UsageError(
            f"{str(path)!r} is not a pack that can be read: {first_line(error)}; get it again, or name another"
        ) from None


def _checked(archive: ZipFile, size: int) -> Manifest:
    """The manifest of an archive of so many bytes; a ValueError that says what is wrong with it."""
    infos = {info.filename: info for info in archive.infolist()}
    if len(infos) < len(archive.infolist()):
        raise ValueError("it has two files of one name")
    if MANIFEST not in infos:
        raise ValueError(f"it has no {MANIFEST}")
    for name, info in infos.items():
        _check_entry(name, info)
    unpacked = sum(info.file_size for info in infos.values())
    if unpacked > MOST_TIMES * size:
        raise ValueError(f"{size:,} bytes of it would unpack to {unpacked:,}")
    manifest = _manifest(archive.read(MANIFEST))
    for name in sorted(manifest.files.keys() ^ (infos.keys() - {MANIFEST})):
        raise ValueError(f"{echo(name)} is {'missing' if name in manifest.files else 'not in its manifest'}")
    for name, entry in manifest.files.items():
        with archive.open(infos[name]) as file:
            if (infos[name].file_size, _hash(file)) != (entry.size, entry.sha256):
                raise ValueError(f"{echo(name)} is not the file that its manifest lists")
    return manifest


def _check_entry(name: str, info: ZipInfo) -> None:
    """Raise a ValueError for a file that no pack has."""
    if name != MANIFEST and not NAME.fullmatch(name):
        raise ValueError(f"{echo(name)} is not the name of a file of results")
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        raise ValueError(f"{echo(name)} is not a regular file")
    if info.flag_bits & ENCRYPTED or info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise ValueError(f"{echo(name)} is encrypted, or compressed by another method than deflate")
    if name.endswith(".json") and info.file_size > LARGEST_JSON:
        raise ValueError(f"{echo(name)} has {info.file_size:,} bytes, but a record has at most {LARGEST_JSON:,}")


def _manifest(content: bytes) -> Manifest:
    data = decoded(content)
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version != SCHEMA:
        raise ValueError(f"its manifest has schema version {version!r}, but this version reads {SCHEMA}")
    try:
        return Manifest.model_validate(data)
    except ValidationError as error:
        raise ValueError(f"its manifest is not one: {error.errors()[0]['msg']}") from None


def _hash(file: IO[bytes]) -> str:
    found = hashlib.sha256()
    while chunk := file.read(CHUNK):
        found.update(chunk)
    return found.hexdigest()
