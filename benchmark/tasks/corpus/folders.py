"""The chapters of a folder: its .txt files and those of its subfolders, in the order a reader would put them.

    第二回 第十回 第一百二十回    2.txt 10.txt    卷上 卷中 卷下    Chapter II, Chapter IX    序 第一回 后记
    甲 乙 丙, then 番外           第壹回 第拾贰回               Chapter One, Chapter Twenty-Two

Names are compared piece by piece, numbers as numbers, whether in digits, Chinese or Roman numerals. Roman numerals
count only where the names have I and II, since "c" and "d" are letters. Full-width characters count as ordinary.
"""

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmark.errors import UsageError

SUFFIX = ".txt"
NAMED = 5  # most skipped files that are named
DIGITS = dict(zip("零〇一二三四五六七八九两兩廿卅", (0, *range(10), 2, 2, 20, 30), strict=True))
UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10000, "萬": 10000}
VOLUMES = {"上": 1, "中": 2, "下": 3, **{each: place for place, each in enumerate("甲乙丙丁戊己庚辛壬癸", 1)}}
CHINESE = f"[{''.join((*DIGITS, *UNITS))}]+"
FORMAL = dict(zip("壹贰貳叁參肆伍陆陸柒捌玖拾佰仟", "一二二三三四五六六七八九十百千", strict=True))
FORMALLY = re.compile(f"(?<=[第卷])[{''.join(FORMAL)}零〇萬万]+")  # elsewhere they are names, such as 陆小凤
WORDS = (
    *("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()),
    *("seventeen eighteen nineteen".split()),
)
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
UNIT, TEN = f"{'|'.join(reversed(WORDS))}", "|".join(TENS)
IN_WORDS = re.compile(
    rf"(?<![a-z])((?:chapter|book|part|volume|act|scene|canto|letter)[\s_.-]*)"
    rf"(?:(?P<ten>{TEN})(?:[\s_-]?(?P<rest>{UNIT}))?|(?P<unit>{UNIT}))(?![a-z])"
)
VOLUME = rf"[{''.join(VOLUMES)}](?=$|[卷册冊部集篇回章编編)\]_\-.、, ])"
ROMAN = r"(?<![a-z])(?=[ivxlcdm])m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})(?![a-z])"
NUMBER = rf"\d+|{CHINESE}|{VOLUME}"
ROMAN_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}
FIRST = re.compile(r"^(?:自序|序|前言|楔子|引子|引言|序章|序幕|目录|目錄|preface|foreword|prologue|introduction)")
EXTRA = re.compile(r"^番外")  # stories beside the main one: after its chapters, before an afterword
LAST = re.compile(r"^(?:后记|後記|尾声|尾聲|跋|附录|附錄|epilogue|afterword|appendix)")

Key = tuple[int, list[str | int], str]


@dataclass(frozen=True, kw_only=True)
class Found:
    """The files of a folder that are chapters, in order, and the names of what was skipped."""

    paths: tuple[Path, ...]
    skipped: tuple[str, ...]
    is_ordered: bool  # False if the order of some is only that of their names

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on the order and on what was skipped."""
        order = () if self.is_ordered else ("order not recognised: read by name",)
        if not self.skipped:
            return order
        more = len(self.skipped) - NAMED
        names = ", ".join(self.skipped[:NAMED]) + (f" and {more:,} more" if more > 0 else "")
        return (
            *order,
            f"skipped, as not a chapter ({SUFFIX}): {names}",
        )


def chapters_in(folder: Path) -> Found:
    """The chapters in a folder; raises UsageError for a folder that cannot be read."""
    paths: list[Path] = []
    skipped: list[Path] = []
    for path, is_chapter in _walk(folder, set(folder.resolve().parents)):
        (paths if is_chapter else skipped).append(path)
    names = defaultdict[tuple[str, ...], set[str]](set)  # by the folder that they lie in
    for parts in (_parts(path, folder) for path in paths):
        for depth, name in enumerate(parts):
            names[parts[:depth]].add(name)
    key = partial(_key, roman=_counts_in_roman(name for each in names.values() for name in each))
    return Found(
        paths=tuple(sorted(paths, key=lambda path: [key(part) for part in _parts(path, folder)])),
        skipped=tuple(sorted(shown(path.relative_to(folder)) for path in skipped)),
        is_ordered=all(sum(not _has_place(key(name)) for name in each) < 2 for each in names.values()),
    )


def shown(path: Path) -> str:
    """A path for people: bytes that are not UTF-8, and what cannot be printed, as escapes."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def _walk(folder: Path, seen: set[Path]) -> Iterator[tuple[Path, bool]]:
    """Everything in a folder, and whether it is a chapter.

    A link to a folder already seen, or to one that this lies in, is not followed. Of a file and the links to it in
    one tree, the first counts: a chapter must not be both trained on and held out.
    """
    seen.add(folder.resolve())
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        raise UsageError(f"the folder {shown(folder)!r} cannot be read: {error.strerror}") from None
    for path in inside:
        hidden = path.name.startswith(".")
        if path.is_dir() and not hidden and path.resolve() not in seen:
            yield from _walk(path, seen)
            continue
        is_chapter = not hidden and path.suffix.lower() == SUFFIX and path.is_file()
        is_again = is_chapter and path.resolve() in seen
        if is_chapter:
            seen.add(path.resolve())
        yield path, is_chapter and not is_again


def _parts(path: Path, folder: Path) -> tuple[str, ...]:
    return path.relative_to(folder).with_suffix("").parts


def _key(name: str, *, roman: bool) -> Key:
    """A sort key for the name of a file or folder: prefaces first, appendices last, numbers by value."""
    plain = _plain(name)
    pattern = f"{NUMBER}|{ROMAN}" if roman else NUMBER
    pieces: list[str | int] = []
    end = 0
    for match in re.finditer(pattern, plain):
        if match.group():
            pieces += [plain[end : match.start()].strip(), number(match.group())]
            end = match.end()
    rank = -1 if FIRST.match(plain) else 1 if EXTRA.match(plain) else 2 if LAST.match(plain) else 0
    return rank, [*pieces, plain[end:].strip()], name  # text and numbers alternate, so like is compared with like


def _has_place(key: Key) -> bool:
    rank, pieces, _ = key
    return rank != 0 or any(isinstance(piece, int) for piece in pieces)


def _plain(name: str) -> str:
    """A name in small letters, with numbers in words and in formal Chinese numerals as ordinary ones."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    usual = FORMALLY.sub(lambda match: "".join(FORMAL.get(each, each) for each in match.group()), plain)
    return IN_WORDS.sub(lambda match: f"{match[1]}{_in_words(match)}", usual)


def _in_words(match: re.Match[str]) -> int:
    if match["unit"]:
        return WORDS.index(match["unit"])
    return 10 * (TENS.index(match["ten"]) + 2) + (WORDS.index(match["rest"]) if match["rest"] else 0)


def _counts_in_roman(names: Iterable[str]) -> bool:
    found = {match.group() for name in names for match in re.finditer(ROMAN, _plain(name))}
    return {"i", "ii"} <= found


def number(numeral: str) -> int:
    """The value of a numeral: digits, Chinese (一百二十, 廿三), 上, 中, 下, 甲, 乙 ..., or Roman in small letters."""
    if numeral.isdecimal():
        return int(numeral[:4000])
    if numeral in VOLUMES:
        return VOLUMES[numeral]
    return _roman(numeral) if numeral[0] in ROMAN_VALUES else _chinese(numeral)


def _roman(numeral: str) -> int:
    values = [ROMAN_VALUES[each] for each in numeral]
    return sum(-value if value < max(values[place:]) else value for place, value in enumerate(values))


def _chinese(numeral: str) -> int:
    if not set(numeral) & (UNITS.keys() | set("廿卅")):
        return int("".join(str(DIGITS[each]) for each in numeral))  # 一二〇: digit by digit
    total = section = digit = 0
    for each in numeral:
        if each in "万萬":
            total, section, digit = total + (section + digit or 1) * UNITS[each], 0, 0
        elif each in UNITS:
            section, digit = section + (digit or 1) * UNITS[each], 0
        elif DIGITS[each] >= 20:
            section, digit = section + DIGITS[each], 0
        else:
            digit = DIGITS[each]
    return total + section + digit
