"""Fonts for all text in figures: DejaVu Sans first, then Noto Sans SC for Chinese.

The Chinese font is a subset that ships with the package (SIL Open Font License, `fonts/OFL.txt`): the characters of
GB 2312, the common ones of Big5, and those of our own texts. `tests/reports/draw/chinese_font.py` makes it. A character
that neither font has is replaced by its code point, so it never becomes an empty box.
"""

from functools import cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

CHINESE_FONT = Path(__file__).parents[1] / "fonts" / "NotoSansSC-Subset.otf"
LATIN = "DejaVu Sans"  # ships with matplotlib
LATIN_WIDTH, CHINESE_WIDTH = 0.068, 0.125  # of a character of a label, in inches


@cache
def families() -> tuple[str, str]:
    """Register the fonts with matplotlib and return their families, in order of preference."""
    path = str(CHINESE_FONT)
    font_manager.fontManager.addfont(path)
    return LATIN, font_manager.FontProperties(fname=path).get_name()


def drawable(text: str) -> str:
    """The text, with each character that our fonts lack written as "[U+1F600]"."""
    known = _characters()
    return "".join(letter if ord(letter) in known or letter == "\n" else f"[U+{ord(letter):04X}]" for letter in text)


def label_width(text: str) -> float:
    """Width of a label in inches."""
    return sum(LATIN_WIDTH if ord(letter) < 0x2E80 else CHINESE_WIDTH for letter in drawable(text))


def is_latin(text: str) -> bool:
    """True of a text that the first font draws by itself."""
    known = _charmap(font_manager.findfont(LATIN, fallback_to_default=False))
    return all(ord(letter) in known or letter == "\n" for letter in text)


@cache
def _characters() -> frozenset[int]:
    latin = font_manager.findfont(LATIN, fallback_to_default=False)
    return _charmap(latin) | _charmap(str(CHINESE_FONT))


@cache
def _charmap(path: str) -> frozenset[int]:
    return frozenset(FT2Font(path).get_charmap())
