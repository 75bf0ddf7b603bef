"""Fonts for all text in figures: DejaVu Sans first, then Noto Sans SC for Chinese.

The Chinese font comes with the package pylopdf-fonts-zh-cn (Noto Sans SC, SIL Open Font License). A character that
neither font has is replaced by its code point, so it never becomes an empty box.
"""

from functools import cache
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from benchmark.errors import UsageError

PACKAGE = "pylopdf-fonts-zh-cn"
FILE = "NotoSansSC-Regular.otf"
LATIN = "DejaVu Sans"  # ships with matplotlib
LATIN_WIDTH, CHINESE_WIDTH = 0.068, 0.125  # of a character of a label, in inches


@cache
def chinese_font() -> Path:
    """Path of the Chinese font, wherever pip installed it."""
    try:
        listed = files(PACKAGE) or []
    except PackageNotFoundError:
        listed = []
    for file in listed:
        if file.name == FILE and (path := Path(str(file.locate()))).is_file():
            return path
    raise UsageError(f"the Chinese font {FILE} is not installed; install it: pip install {PACKAGE}")


@cache
def families() -> tuple[str, str]:
    """Register the fonts with matplotlib and return their families, in order of preference."""
    path = str(chinese_font())
    font_manager.fontManager.addfont(path)
    return LATIN, font_manager.FontProperties(fname=path).get_name()


def drawable(text: str) -> str:
    """The text, with each character that our fonts lack written as "[U+1F600]"."""
    known = _characters()
    return "".join(letter if ord(letter) in known or letter == "\n" else f"[U+{ord(letter):04X}]" for letter in text)


def label_width(text: str) -> float:
    """Width of a label in inches."""
    return sum(LATIN_WIDTH if ord(letter) < 0x2E80 else CHINESE_WIDTH for letter in drawable(text))


@cache
def _characters() -> frozenset[int]:
    latin = font_manager.findfont(LATIN, fallback_to_default=False)
    return frozenset(point for path in (latin, str(chinese_font())) for point in FT2Font(path).get_charmap())
