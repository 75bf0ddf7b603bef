"""Sources of texts.

    sanguo     三国演义 (Luo Guanzhong, 14th century), shipped with this package
    shuihu     our own retelling of thirteen episodes of 水浒传, shipped with this package
    PATH       a text file, or a folder of .txt files, one chapter each, in a reader's order (folders.py)
    file:///PATH?encoding=NAME        the same, with its encoding: see `address`
    HASH.packed-source                a source that came from another machine: see `packed`

The bytes of a file are decoded (decoding.py), its invisible and look-alike characters cleaned (characters.py), and the
text divided into chapters, of which the last are held out (chapters.py).
"""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_to_bytes, urlsplit

from benchmark.errors import UsageError, unknown
from benchmark.tasks.corpus.chapters import divided, headed, odd_sizes, split, usual
from benchmark.tasks.corpus.characters import plain
from benchmark.tasks.corpus.cleaning import LOST
from benchmark.tasks.corpus.decoding import check_name, decode
from benchmark.tasks.corpus.folders import SUFFIX, chapters_in, shown

TOKENIZER = 2  # raised by hand when the chapters, words or ids of a text change
BUILT_IN = ("sanguo", "shuihu")
HERE = Path(__file__).parent
ADDRESS = "file:///"
PACKED = ".packed-source"


@dataclass(frozen=True, kw_only=True)
class Source:
    """A text before it is cut into words, and what was found and changed in it."""

    name: str
    license: str
    origin: str  # for people
    chapters: tuple[str, ...]
    held_out: int  # the last of the chapters
    invisible: int = 0  # characters removed
    look_alikes: int = 0  # characters replaced
    composed: int = 0  # accents that became one character with their letter
    notes: tuple[str, ...] = ()  # how it was read and divided


@dataclass(frozen=True, kw_only=True)
class _Text:
    """The cleaned text of one file."""

    text: str
    invisible: int
    look_alikes: int
    composed: int
    notes: tuple[str, ...]


def find(text: str, encoding: str | None = None) -> Source:
    """The source of a name, path or address; `encoding` is that of a text of the user's own, None for the one it fits.

    Raises UsageError for a text that cannot be found or read.
    """
    if text == "sanguo":
        return _sanguo()
    if text == "shuihu":
        return _shuihu()
    if text.endswith(PACKED):
        return _unpacked(Path(text))
    path, own = _path(text)
    if path is None:
        raise unknown("corpus", text, BUILT_IN, "Or give the path of a text file, or of a folder of .txt files.")
    encoding = encoding or own
    if encoding is not None:
        check_name(encoding)
    return _folder(path, encoding) if path.is_dir() else _file(path, encoding)


def packed(source: Source) -> bytes:
    """The content of a file from which another machine, without the text itself, reads the same source."""
    return json.dumps(asdict(source)).encode()


def _unpacked(path: Path) -> Source:
    try:
        fields: dict[str, Any] = json.loads(path.read_bytes())
        lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
        return Source(**fields | lists)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise UsageError(f"{shown(path)!r} is not a packed source: {error}; name the text itself") from None


def address(text: str, encoding: str | None) -> str:
    """The absolute path of a text that is not built in; as an address, if it has an encoding, for `find`."""
    if text in BUILT_IN:
        return text
    path, own = _path(text)
    if path is None:
        return text
    path, encoding = path.resolve(), encoding or own
    return f"{path.as_uri()}?encoding={encoding}" if encoding else str(path)


def _path(text: str) -> tuple[Path | None, str | None]:
    """The regular file or folder of that name, or None, and the encoding that an address gives.

    Devices and pipes do not count: they may never end.
    """
    encoding = None
    try:
        path = Path(text).expanduser()
        if text.startswith(ADDRESS):
            parts = urlsplit(text)
            path = Path(os.fsdecode(unquote_to_bytes(parts.path)))
            encoding = next(iter(parse_qs(parts.query).get("encoding", ())), None)
        return path if text and (path.is_file() or path.is_dir()) else None, encoding
    except (OSError, ValueError, RuntimeError):  # name too long, NUL in it, unknown user
        return None, None


def content_hash(text: str) -> str:
    """Hash of a text and of the versions of the code that cuts it, 32 hex digits. Does not tokenise the text."""
    return hash_of(find(text))


def hash_of(source: Source) -> str:
    """The same hash for a source already loaded."""
    content: list[object] = [TOKENIZER, version("jieba"), source.chapters]
    if source.held_out != usual(len(source.chapters)):
        content.append(source.held_out)
    dumped = json.dumps(content, ensure_ascii=False)
    return hashlib.sha256(dumped.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _sanguo() -> Source:
    # Bytes, since reading as text would translate line ends; a form feed stands between chapters.
    chapters = tuple((HERE / "sanguo.txt").read_bytes().decode().split("\f"))
    return Source(
        name="sanguo",
        license="public domain",
        origin="三国演义 by Luo Guanzhong, 14th century; see NOTICE",
        chapters=chapters,
        held_out=usual(len(chapters)),
    )


def _shuihu() -> Source:
    chapters = tuple(headed((HERE / "shuihu.txt").read_text("utf-8")))
    return Source(
        name="shuihu",
        license="Apache-2.0",
        origin="thirteen episodes of 水浒传, retold for this benchmark",
        chapters=chapters,
        held_out=usual(len(chapters)),
    )


def _file(path: Path, encoding: str | None, notes: tuple[str, ...] = ()) -> Source:
    read = _read(path, encoding)
    return _source(path, path.name, divided(read.text), [read], notes)


def _folder(folder: Path, encoding: str | None) -> Source:
    found = chapters_in(folder)
    if not found.paths:
        raise UsageError(f"the folder {shown(folder)!r} has no {SUFFIX} file; put the chapters there, one file each")
    if len(found.paths) == 1:
        return _file(found.paths[0], encoding, found.notes)
    read = [_read(path, encoding) for path in found.paths]
    return _source(folder, folder.resolve().name, [each.text for each in read], read, found.notes)


def _source(path: Path, name: str, chapters: Sequence[str], read: Sequence[_Text], notes: tuple[str, ...]) -> Source:
    made = split(chapters)
    if len(made.chapters) < 2:
        raise UsageError(f"{shown(path)!r} is too short: a part of its text must be held out; give a longer one")
    reading = dict.fromkeys(note for each in read for note in each.notes)
    lost = sum(each.text.count(LOST) for each in read)
    damage = (f"{lost:,} replacement characters (U+FFFD) in the text, from an earlier conversion",) if lost else ()
    return Source(
        name=shown(Path(name)),
        license="unknown",
        origin=shown(path),
        chapters=made.chapters,
        held_out=made.held_out,
        invisible=sum(each.invisible for each in read),
        look_alikes=sum(each.look_alikes for each in read),
        composed=sum(each.composed for each in read),
        notes=(*reading, *damage, *notes, *odd_sizes(chapters), *made.notes),
    )


def _read(path: Path, encoding: str | None) -> _Text:
    """The text of a file, cleaned."""
    name = shown(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{name!r} cannot be read: {error.strerror}") from None
    decoded = decode(content, name, encoding)
    made = plain(decoded.text)
    if not made.text.strip():
        raise UsageError(f"{name!r} is empty: it has only white space; give a file with text in it")
    return _Text(
        text=made.text,
        invisible=made.invisible,
        look_alikes=made.look_alikes,
        composed=made.composed,
        notes=decoded.notes,
    )
