"""From the bytes of a file to its text: which encoding they are in, and what is wrong with them.

A byte-order mark decides, and so does valid UTF-8. Otherwise every encoding in READINGS reads a sample of the file, and
the readings are judged by how common their characters are (languages.py): the fewest bits win. A reading must also
fit a language at all. If the runner-up is nearly as good, the encoding is ambiguous and the user is asked for it.
An error is one more kind of surprise, so a text with one bad byte is still recognised, and refused with its place.
"""

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from benchmark.errors import UsageError, unknown
from benchmark.tasks.corpus import languages
from benchmark.tasks.corpus.languages import Judged, Language, judge

OPTION = "--text-encoding"
SAMPLE = 2**16  # bytes
ERROR = 40.0  # bits of a byte that is not in an encoding
MOST_ERRORS = 8  # in a sample; more, and it is another encoding
CLEAR, CLEAR_EACH = 12.0, 0.1  # bits by which a reading must win: in all, and for each character that is not ASCII
DAMAGED_UTF8 = 20  # multi-byte characters for each error, from which a text is UTF-8 with errors
ESCAPE = re.compile(r"[\udc80-\udcff]+")  # how Python's "surrogateescape" keeps bytes that are not UTF-8
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
ONE_ALPHABET = 0.9  # of the characters beyond ASCII
PADDING = "\x00\x1a"  # at the end of a file: unused space, and the end mark of CP/M and DOS
MARKED = {  # byte-order marks; the longer ones first
    b"\xff\xfe\x00\x00": ("utf-32", "UTF-32"),
    b"\x00\x00\xfe\xff": ("utf-32", "UTF-32"),
    b"\xff\xfe": ("utf-16", "UTF-16"),
    b"\xfe\xff": ("utf-16", "UTF-16"),
    b"\xef\xbb\xbf": ("utf-8-sig", "UTF-8"),
    b"\x84\x31\x95\x33": ("gb18030", "GB18030"),
}
BINARY = {  # how files of other kinds begin, and what to do
    b"%PDF-": "a PDF; extract its text first: pdftotext FILE",
    b"\xd0\xcf\x11\xe0": "an old Word, Excel or PowerPoint file; save it as plain text",
    b"{\\rtf": "a rich-text file (RTF); save it as plain text",
    b"\x1f\x8b": "compressed (gzip); unpack it first: gunzip FILE",
    b"BZh": "compressed (bzip2); unpack it first: bunzip2 FILE",
    b"\xfd7zXZ": "compressed (xz); unpack it first: unxz FILE",
    b"\x28\xb5\x2f\xfd": "compressed (zstd); unpack it first: unzstd FILE",
    b"7z\xbc\xaf": "a 7z archive; unpack it first",
    b"Rar!": "a RAR archive; unpack it first",
    b"\x89PNG": "an image (PNG), not a text",
    b"\xff\xd8\xff": "an image (JPEG), not a text",
    b"GIF8": "an image (GIF), not a text",
    b"SQLite format 3": "a SQLite database, not a text",
    b"\x7fELF": "a program, not a text",
    b"MZ": "a Windows program, not a text",
}
ZIPPED = {  # what a ZIP file may hold
    b"word/": "a Word file (docx); save it as plain text",
    b"application/epub": "an e-book (EPUB); convert it first, for example: pandoc -t plain FILE -o NEW",
    b"application/vnd.oasis": "an OpenDocument file; save it as plain text",
    b"xl/": "an Excel file (xlsx), not a text",
    b"ppt/": "a PowerPoint file (pptx), not a text",
}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """An encoding that a text may be in."""

    codec: str
    label: str
    languages: tuple[Language, ...]
    prior: float = 0.0  # bits: how much rarer it is than the others
    extends: str = ""  # the codec of which it is a superset, and so never a rival


READINGS = (
    Reading(codec="gb18030", label="GB18030", languages=languages.CHINESE),
    Reading(codec="cp950", label="Big5", languages=languages.TRADITIONAL_ONLY),
    Reading(codec="big5hkscs", label="Big5-HKSCS", languages=languages.TRADITIONAL_ONLY, prior=1.0, extends="cp950"),
    Reading(codec="cp949", label="EUC-KR (CP949)", languages=languages.KOREA),
    Reading(codec="cp932", label="Shift-JIS (CP932)", languages=languages.JAPAN),
    Reading(codec="euc_jp", label="EUC-JP", languages=languages.JAPAN),
    Reading(codec="utf-16-le", label="UTF-16 (little endian)", languages=languages.ALL),
    Reading(codec="utf-16-be", label="UTF-16 (big endian)", languages=languages.ALL),
    Reading(codec="cp1251", label="windows-1251", languages=languages.CYRILLIC),
    Reading(codec="koi8_u", label="KOI8", languages=languages.CYRILLIC),
    Reading(codec="cp866", label="CP866", languages=languages.CYRILLIC, prior=5.0),
    Reading(codec="iso8859-5", label="ISO 8859-5", languages=languages.CYRILLIC, prior=5.0),
    Reading(codec="cp1252", label="windows-1252", languages=languages.WEST),
    Reading(codec="cp1250", label="windows-1250", languages=languages.EAST),
    Reading(codec="iso8859-2", label="ISO 8859-2", languages=languages.EAST),
    Reading(codec="cp1254", label="windows-1254", languages=languages.TURKEY),
    Reading(codec="cp1253", label="windows-1253", languages=languages.GREECE),
    Reading(codec="cp1255", label="windows-1255", languages=languages.ISRAEL),
    Reading(codec="cp1256", label="windows-1256", languages=languages.ARABIA),
    Reading(codec="cp874", label="CP874", languages=languages.THAILAND),
    Reading(codec="iso8859-6", label="ISO 8859-6", languages=languages.ARABIA, prior=5.0),
    Reading(codec="cp862", label="CP862", languages=languages.ISRAEL, prior=5.0),
    Reading(codec="mac_roman", label="Mac Roman", languages=languages.WEST, prior=20.0),
)
ESCAPED = {  # 7-bit encodings, by the sequence that switches to two bytes a character
    b"\x1b$B": ("iso2022_jp", "ISO-2022-JP"),
    b"\x1b$@": ("iso2022_jp", "ISO-2022-JP"),
    b"\x1b$)C": ("iso2022_kr", "ISO-2022-KR"),
    b"~{": ("hz", "HZ-GB-2312"),
}
UNMARKED = {"utf-32-le": "UTF-32 (little endian)", "utf-32-be": "UTF-32 (big endian)"}  # no other bytes fit these
NAMES = (
    *("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030", "gbk", "big5", "big5hkscs", "euc-kr", "cp949"),
    *("shift_jis", "cp932", "euc-jp", "iso-2022-jp", "hz", "windows-1250", "windows-1251", "windows-1252"),
    *("windows-1253", "windows-1254", "windows-1255", "windows-1256", "koi8-r", "koi8-u", "cp866", "cp874"),
    *("cp437", "cp850", "cp852", "cp862", "iso-8859-6", "mac-cyrillic"),
    *("iso-8859-1", "iso-8859-2", "iso-8859-5", "iso-8859-15", "mac-roman"),
)


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """The text of a file, and notes on how it was read."""

    text: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Trial:
    """A sample in one reading."""

    reading: Reading
    text: str
    errors: int
    judged: Judged

    @property
    def bits(self) -> float:
        return self.judged.bits + ERROR * self.errors + self.reading.prior


def check_name(encoding: str) -> str:
    """The encoding, if Python knows it as an encoding of texts."""
    try:
        if codecs.lookup(encoding)._is_text_encoding:
            "".encode(encoding)
            return encoding
    except (LookupError, ValueError, UnicodeError):
        pass
    raise unknown("text encoding", encoding, NAMES)


def decode(content: bytes, name: str, encoding: str | None = None) -> Decoded:
    """The text in the bytes of a file, in the given encoding or the one they fit; `name` is how errors refer to it."""
    if not content:
        raise UsageError(f"{name!r} is empty (0 bytes); give a file with text in it")
    if encoding is None:
        _refuse_binary(content, name)
        found = _guessed(content, name)
    else:
        found = Decoded(text=_in(content, check_name(encoding), name).removeprefix("\ufeff"))
    return _without_controls(found, name)


def _refuse_binary(content: bytes, name: str) -> None:
    kind = next((kind for start, kind in BINARY.items() if content.startswith(start)), None)
    if kind is not None and content.startswith(b"MZ") and b"\0" not in content[:512]:
        kind = None  # a text may begin with these letters
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        held = (kind for mark, kind in ZIPPED.items() if mark in content[:SAMPLE] or mark in content[-SAMPLE:])
        kind = next(held, "a ZIP archive; unpack it first")
    if content[60:68] == b"BOOKMOBI":
        kind = "an e-book (MOBI); convert it to plain text first"
    if kind is not None:
        raise UsageError(f"{name!r} is {kind}")


def _guessed(content: bytes, name: str) -> Decoded:
    for mark, (codec, label) in MARKED.items():
        if content.startswith(mark) and not (codec == "utf-32" and len(content) % 4):
            what = f"{label}, as its byte-order mark says,"
            return Decoded(text=_strict(content, codec, what, name, _mend(codec)).removeprefix("\ufeff"))
    for codec, label in UNMARKED.items():
        unmarked = _plainly(content, codec)
        if unmarked is not None:
            return Decoded(text=unmarked, notes=(_note(f"{label}, without a byte-order mark"),))
    for sequence, (codec, label) in ESCAPED.items():
        if sequence in content and _fits(content, codec):
            return Decoded(text=content.decode(codec), notes=(_note(label),))
    text = content.decode("utf-8", "surrogateescape")
    escaped = [found.start() for found in ESCAPE.finditer(text)]
    if not content.strip(b"\0\x1a"):
        raise _unreadable(content, name)
    if not escaped and not content.rstrip(b"\0\x1a").count(0):
        return Decoded(text=text)
    bad = sum("\udc80" <= each <= "\udcff" for each in text)
    if escaped and sum(each >= "\x80" for each in text) - bad >= DAMAGED_UTF8 * bad:
        first = len(text[: escaped[0]].encode())
        raise _damaged(content, first, len(escaped), "UTF-8", name, _mend("utf-8"))
    return _judged(content, name)


def _plainly(content: bytes, codec: str) -> str | None:
    """The text in an encoding that hardly any other bytes fit; None if they are not in it."""
    content = content.rstrip(b"\0") + b"\0\0\0"
    content = content[: len(content) // 4 * 4]
    if content.count(0) * 4 < len(content):  # at least one of four bytes is zero
        return None
    try:
        text = content.decode(codec).rstrip("\0")
    except UnicodeDecodeError:
        return None
    return text if text and not CONTROL.search(text) else None


def _judged(content: bytes, name: str) -> Decoded:
    trials = sorted(_trials(_sample(content)), key=lambda trial: trial.bits)
    fitting = [trial for trial in trials if trial.judged.fits]
    if not fitting or _is_noise(fitting[0]):
        wide = [codec for codec in ("utf-16-le", "utf-16-be") if _is_one_alphabet(content, codec)]
        if len(wide) != 1:
            raise _unreadable(content, name)
        label = next(reading.label for reading in READINGS if reading.codec == wide[0])
        return Decoded(text=content.decode(wide[0]), notes=(_note(f"{label}, without a byte-order mark"),))
    best = fitting[0]
    margin = max(CLEAR, CLEAR_EACH * best.judged.foreign)
    other = next((trial for trial in fitting if trial.text != best.text and not _related(trial, best)), None)
    if other is not None and other.bits - best.bits < margin and not best.errors:
        raise UsageError(
            f"{name!r} may be {best.reading.label} ({best.judged.language}) or {other.reading.label} "
            f"({other.judged.language}): both fit about equally; say which: {OPTION} {best.reading.codec} or "
            f"{OPTION} {other.reading.codec}"
        )
    reading = best.reading
    text = _strict(content, reading.codec, reading.label, name, _mend(reading.codec))
    without_mark = ", without a byte-order mark" if reading.codec.startswith("utf-16") else ""
    return Decoded(text=text, notes=(_note(reading.label + without_mark),))


def _is_one_alphabet(content: bytes, codec: str) -> bool:
    """True for UTF-16 in a script that no language here has (Hindi, Georgian): nearly all letters of one block."""
    if len(content) % 2:
        return False
    try:
        text = content.decode(codec)
    except UnicodeDecodeError:
        return False
    letters = Counter(ord(each) // 256 for each in text if each >= "\x80")
    most = max(letters.values(), default=0)
    usable = not any(unicodedata.category(each) in languages.UNUSED for each in set(text) - set("\n\r\t"))
    return usable and most >= ONE_ALPHABET * max(letters.total(), len(text) / 2)


def _related(one: _Trial, other: _Trial) -> bool:
    return one.reading.extends == other.reading.codec or other.reading.extends == one.reading.codec


def _is_noise(trial: _Trial) -> bool:
    return trial.judged.bits > languages.NOISE * len(trial.text)


def _sample(content: bytes) -> bytes:
    """The stretch from the line of the first byte beyond ASCII, or NUL; it begins at an even place, for UTF-16."""
    content = content.rstrip(b"\0\x1a")
    content += b"\0" * (len(content) % 2)
    first = re.search(rb"[\x00\x80-\xff]", content)
    start = 0 if first is None else content.rfind(b"\n", 0, first.start()) + 1
    return content[start - start % 2 :][:SAMPLE]


def _trials(sample: bytes) -> Iterator[_Trial]:
    for reading in READINGS:
        text, errors = _forgiving(sample, reading.codec)
        if errors <= MOST_ERRORS:
            judged = judge(text, reading.languages)
            yield _Trial(reading=reading, text=text, errors=errors, judged=judged)


def _forgiving(sample: bytes, codec: str) -> tuple[str, int]:
    """What can be read of a sample, and the number of errors in it, counted up to one more than MOST_ERRORS."""
    pieces: list[str] = []
    errors = 0
    while errors <= MOST_ERRORS:
        try:
            return "".join([*pieces, sample.decode(codec)]), errors
        except UnicodeDecodeError as error:
            pieces.append(sample[: error.start].decode(codec))
            sample = sample[error.end :]
            errors += 1
    return "", errors


def _fits(content: bytes, codec: str) -> bool:
    try:
        return judge(content.decode(codec)[:SAMPLE], (*languages.CHINESE, *languages.JAPAN, *languages.KOREA)).fits
    except UnicodeDecodeError:
        return False


def _in(content: bytes, encoding: str, name: str) -> str:
    """The text in the encoding that the user named."""
    remedy = f"name another {OPTION}, or omit it to let the text tell"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UsageError(f"{name!r} is not {encoding}: {_place(content, error.start)} is not in it; {remedy}") from None
    except UnicodeError as error:
        raise UsageError(f"{name!r} is not {encoding}: {error}; {remedy}") from None


def _place(content: bytes, first: int) -> str:
    line = content.count(b"\n", 0, first) + 1
    return f"byte {first + 1:,} of {len(content):,} (0x{content[first]:02x}, in line {line:,})"


def _strict(content: bytes, codec: str, label: str, name: str, remedy: str) -> str:
    try:
        return content.decode(codec)
    except UnicodeDecodeError as error:
        raise _damaged(content, error.start, 1, label, name, remedy) from None
    except UnicodeError as error:
        raise UsageError(f"{name!r} is not {label}: {error}; {remedy}") from None


def _damaged(content: bytes, first: int, errors: int, label: str, name: str, remedy: str) -> UsageError:
    """The error for a text that fits an encoding but for some bytes, the first of them at index `first`."""
    where = _place(content, first)
    if errors == 1 and len(content) - first < 4:
        return UsageError(
            f"{name!r} is {label} but for its end: it is cut off within a character, at {where}; get the whole file, "
            f"or delete that rest"
        )
    others = f", and {errors - 1:,} more places" if errors > 1 else ""
    return UsageError(f"{name!r} is {label} but for {where}{others}; {remedy}")


def _mend(codec: str) -> str:
    return (
        f"mend it there, drop what does not fit (iconv -c -f {codec.upper()} -t UTF-8 FILE > NEW), or, if it is in "
        f"another encoding, say which: {OPTION} NAME"
    )


def _unreadable(content: bytes, name: str) -> UsageError:
    zeros = content.count(0)
    if zeros:
        return UsageError(
            f"{name!r} has {zeros:,} NUL bytes, as no text has: it is a binary file; give its text in a plain text file"
        )
    return UsageError(
        f"{name!r} is not UTF-8, nor does any other encoding make it a text in a language known here; if you know its "
        f"encoding, say which: {OPTION} NAME, such as {OPTION} big5"
    )


def _note(label: str) -> str:
    return f"read as {label}"


def _without_controls(found: Decoded, name: str) -> Decoded:
    """The text without padding at its end; an error for a control character anywhere else."""
    text = found.text.rstrip(PADDING)
    removed = len(found.text) - len(text)
    control = CONTROL.search(text)
    if control:
        line = text.count("\n", 0, control.start()) + 1
        more = len(CONTROL.findall(text)) - 1
        raise UsageError(
            f"{name!r} contains the control character U+{ord(control.group()):04X} in line {line:,}"
            f"{f' and {more:,} more' if more else ''}: delete {'them' if more else 'it'}, or give a plain text file"
        )
    note = (f"{removed:,} control characters removed at the end",) if removed else ()
    return Decoded(text=text, notes=(*found.notes, *note))
