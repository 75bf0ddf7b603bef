"""Normalisation of a text before it is cut, with counts of what was changed.

White space: a blank line or an indented line begins a paragraph, and a paragraph ends in one line feed, which is a
word. Any other run of white space (including full-width spaces) is removed beside a Chinese character and becomes one
space elsewhere.
Wrapped lines: a text is hard-wrapped if most of its other line ends fall in the middle of a sentence. Its lines are
then joined, except after a line that ends a sentence and is clearly shorter than the wrapped ones. In any other text
each line is a paragraph. (Verse without full stops looks like wrapped prose, and is joined.)
Private-use characters, which have a meaning only in one font, become U+FFFD, the replacement character.
Traditional Chinese is detected but left unchanged, by characters that are in Big5 but not in GB 2312, or the reverse.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

PARAGRAPH = re.compile(r"\n(?:\s*\n| *[\t\u3000]| {2})\s*")
SPACE = re.compile(r"\s+")
# Chinese and Japanese characters, their punctuation and full-width forms: scripts without spaces (Korean has them).
WIDE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff]")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SENTENCE_END = re.compile(r"[。！？!?.…：:；;][”’』」》）)\]\"']*$")
PRIVATE_USE = re.compile(r"[\ue000-\uf8ff\U000f0000-\U0010ffff]")
LOST = "\ufffd"
FULL_WIDTH_SPACE = "\u3000"
FULL = 0.75  # of the usual length of a wrapped line; shorter lines count as short


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """A normalised text, and counts of what was changed."""

    text: str
    joined_lines: int
    full_width_spaces: int
    private_use: int


def clean(text: str) -> Cleaned:
    """Normalise a text into paragraphs that each end in one line feed."""
    known, private_use = PRIVATE_USE.subn(LOST, text)
    blocks = [[line.strip() for line in block.split("\n")] for block in PARAGRAPH.split(known.strip())]
    full = _full_length(blocks)
    paragraphs = [paragraph for block in blocks for paragraph in _paragraphs(block, full)]
    return Cleaned(
        text="".join(f"{paragraph}\n" for paragraph in map(_joined, paragraphs) if paragraph),
        joined_lines=sum(map(len, blocks)) - len(paragraphs),
        full_width_spaces=text.count(FULL_WIDTH_SPACE),
        private_use=private_use,
    )


def normalise(text: str) -> str:
    """The normalised text only."""
    return clean(text).text


def _full_length(blocks: Sequence[Sequence[str]]) -> float | None:
    """The length from which a line of a hard-wrapped text counts as full; None if the text is not hard-wrapped."""
    before_ends = [line for block in blocks for line in block[:-1]]
    wrapped = [len(line) for line in before_ends if not SENTENCE_END.search(line)]
    return FULL * median(wrapped) if 2 * len(wrapped) > len(before_ends) else None


def _paragraphs(lines: Sequence[str], full: float | None) -> Iterator[str]:
    paragraph = lines[0]
    for line, following in pairwise(lines):
        if full is not None and (len(line) >= full or not SENTENCE_END.search(line)):
            paragraph = f"{paragraph}\n{following}"
        else:
            yield paragraph
            paragraph = following
    yield paragraph


def _joined(paragraph: str) -> str:
    def between(match: re.Match[str]) -> str:
        before, after = paragraph[match.start() - 1], paragraph[match.end()]
        return "" if WIDE.match(before) or WIDE.match(after) else " "

    return SPACE.sub(between, paragraph)


def is_chinese(text: str) -> bool:
    """True if more than half of the characters other than white space are Chinese."""
    return _mostly_chinese(Counter(text))


def _mostly_chinese(counts: Counter[str]) -> bool:
    chinese = sum(count for character, count in counts.items() if CHINESE.match(character))
    return 2 * chinese > sum(count for character, count in counts.items() if not character.isspace())


def traditional_share(text: str) -> float | None:
    """Share of traditional characters among those specific to one script; None if the text is not Chinese."""
    counts = Counter(text)
    if not _mostly_chinese(counts):
        return None
    traditional = sum(count for character, count in counts.items() if _only_in(character, "big5", "gb2312"))
    return traditional / ((traditional + sum(counts[each] for each in counts if is_simplified(each))) or 1)


def is_simplified(character: str) -> bool:
    """True for a character that only simplified Chinese has."""
    return _only_in(character, "gb2312", "big5")


def _only_in(character: str, here: str, not_there: str) -> bool:
    return bool(CHINESE.match(character) and character.encode(here, "ignore")) and not character.encode(
        not_there, "ignore"
    )
