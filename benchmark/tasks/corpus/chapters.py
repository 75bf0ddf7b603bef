"""Division of a text into chapters, and which of them are held out.

A single file is divided at lines that look like headings (第一回 ..., 第3章, Chapter IV); without headings, it is cut
at blank lines into about twenty sections of equal length, failing that at line ends, sentence ends, white space, or
anywhere. The last tenth of the chapters is held out, if it has about a tenth of the text. If it has not (chapters of
very different lengths, false headings), another number of whole chapters is, failing that the last tenth of the text:

    chapters    1 | 2 | 3 ..................................... | 4       whole chapters: nearly all or nearly nothing
    held out                                              |------        a tenth of the text, from a paragraph on
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import median

HELD_OUT = 10  # one chapter in ten
LEAST, MOST = 0.05, 0.15  # shares of the text that are about a tenth
SECTIONS = 20  # in a text without headings
FEWEST_SECTIONS = 10  # if paragraphs are too long to give this many, divide at smaller units
ODD_SHARE, ODD_RATIO = 2 / 3, 8  # of the text, and to the median: a longer chapter is mentioned
HEADING = re.compile(
    r"^[^\S\n]*(?:第[零〇一二三四五六七八九十百千两\d]{1,9}[回章节卷]|Chapter\s+[\dIVXLC]+\b).{0,40}$", re.I | re.M
)
PARAGRAPHS, LINES, SENTENCES, WORDS = r"(?<=\n)\s*\n", r"(?<=\n)", r"(?<=[。！？.!?])", r"(?<=\s)(?=\S)"


@dataclass(frozen=True, kw_only=True)
class Split:
    """Chapters in order, of which the last are held out; and notes on both."""

    chapters: tuple[str, ...]
    held_out: int  # chapters
    notes: tuple[str, ...] = ()


def usual(chapters: int) -> int:
    """The last tenth of the chapters, at least one."""
    return max(1, chapters // HELD_OUT)


def split(chapters: Sequence[str]) -> Split:
    """Chapters that can be split into training and held-out ones: the last about a tenth of the text.

    A chapter is cut in two only if no number of whole chapters is about a tenth.
    """
    starts = [0, *accumulate(map(len, chapters))]
    total = starts.pop()
    shares = {len(chapters) - place: 1 - start / total for place, start in enumerate(starts) if place}
    ordinary = usual(len(chapters))
    if LEAST <= shares.get(ordinary, 0) <= MOST:
        return Split(chapters=tuple(chapters), held_out=ordinary)
    nearest = min(shares, key=lambda number: abs(shares[number] - 1 / HELD_OUT), default=0)
    if LEAST <= shares.get(nearest, 0) <= MOST:
        note = f"the last {nearest:,} of {len(chapters):,} chapters held out, as about a tenth of the text"
        return Split(chapters=tuple(chapters), held_out=nearest, notes=(note,))
    wanted = total - max(1, total // HELD_OUT)
    place = max((place for place, start in enumerate(starts) if start < wanted), default=0)
    cut = _cut(chapters[place], wanted - starts[place], total)
    parts = [part for part in (chapters[place][:cut], chapters[place][cut:]) if part.strip()]
    made = (*chapters[:place], *parts, *chapters[place + 1 :])
    note = f"the held-out tenth begins within chapter {place + 1:,} of {len(chapters):,}"
    return Split(chapters=made, held_out=max(1, len(made) - place - 1), notes=(note,) * (len(chapters) > 1))


def _cut(chapter: str, wanted: int, total: int) -> int:
    """The place nearest to the wanted one at which a chapter can be cut, of the largest units that allow it."""
    near = (MOST - LEAST) / 2 * total
    for boundary in (PARAGRAPHS, LINES, SENTENCES, WORDS):
        ends = [match.end() for match in re.finditer(boundary, chapter) if _has_both(chapter, match.end())]
        best = min(ends, key=lambda end: abs(end - wanted), default=None)
        if best is not None and abs(best - wanted) <= near:
            return best
    return wanted


def _has_both(chapter: str, end: int) -> bool:
    return bool(chapter[:end].strip() and chapter[end:].strip())


def odd_sizes(chapters: Sequence[str]) -> tuple[str, ...]:
    """A note if one of the chapters is much longer than the others: headings may be missing, or false."""
    sizes = sorted(map(len, chapters))
    share = sizes[-1] / sum(sizes)
    if len(sizes) > 1 and (share > ODD_SHARE or sizes[-1] > ODD_RATIO * median(sizes)):
        return (f"chapters of very different lengths: the longest of {len(sizes):,} has {share:.0%} of the text",)
    return ()


def divided(text: str) -> list[str]:
    """The chapters of a text: at its headings, if it has several, else sections."""
    return headed(text) if len(HEADING.findall(text)) > 1 else sections(text)


def headed(text: str) -> list[str]:
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


def sections(text: str) -> list[str]:
    """About SECTIONS stretches of nearly equal length, of the largest units that give enough of them."""
    for boundary in (PARAGRAPHS, LINES, SENTENCES, WORDS):
        cuts = [0, *(match.end() for match in re.finditer(boundary, text)), len(text)]
        found = _grouped([text[start:end] for start, end in pairwise(cuts)], len(text))
        if len(found) >= FEWEST_SECTIONS:
            return found
    return _grouped(list(text), len(text))


def _grouped(units: list[str], total: int) -> list[str]:
    sections: dict[int, list[str]] = {}
    begin = 0
    for unit in units:
        sections.setdefault(begin * SECTIONS // total, []).append(unit)
        begin += len(unit)
    return [section for section in map("".join, sections.values()) if section.strip()]
