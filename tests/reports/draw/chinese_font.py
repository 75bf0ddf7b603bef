"""The subset of Noto Sans SC that ships with the package. Run as a script, this makes it again.

python tests/reports/draw/chinese_font.py NotoSansSC-Regular.otf

The argument is the full font, version 2.004, from https://github.com/notofonts/noto-cjk or from the wheel of
pylopdf-fonts-zh-cn 0.1.1 on PyPI. The same font and characters give the same bytes. The subset holds GB 2312, level 1
of Big5 (the common traditional characters), and whatever our own texts and translations contain.
"""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

from fontTools import subset  # type: ignore[import-untyped]

from benchmark.errors import UsageError
from benchmark.reports.draw.fonts import CHINESE_FONT

PACKAGE = Path(__file__).parents[3] / "benchmark"
FULL = "faa6c9df652116dde789d351359f3d7e5d2285a2b2a1f04a2d7244df706d5ea9"  # SHA-256
OURS = ("tasks/corpus/*.txt", "reports/locale/*.po", "reports/write/templates/*", "tutorial/*.py")
BIG5_LEVEL_1 = range(0xA4, 0xC7)


def wanted() -> set[str]:
    """Every character that the subset should hold, if the full font has it."""
    ours = "".join(path.read_text("utf-8") for pattern in OURS for path in sorted(PACKAGE.glob(pattern)))
    return {*ours, *_double_bytes("gb2312", range(0xA1, 0xF8)), *_double_bytes("big5", BIG5_LEVEL_1)}


def _double_bytes(encoding: str, leads: range) -> Iterator[str]:
    """The characters of a legacy encoding whose first byte is one of these."""
    for lead in leads:
        for trail in range(0x40, 0xFF):
            yield from bytes([lead, trail]).decode(encoding, errors="ignore")


def make(full: Path, path: Path) -> None:
    """Write the subset of a full font."""
    if hashlib.sha256(full.read_bytes()).hexdigest() != FULL:
        raise UsageError(f"{str(full)!r} is not NotoSansSC-Regular.otf of version 2.004 (its SHA-256 differs)")
    # Neither matplotlib nor a page's web font uses hints, typographic features or vertical writing.
    options = subset.Options(hinting=False, layout_features=[], recalc_timestamp=False, notdef_outline=True)
    options.name_IDs = [*range(8), 13, 14]  # copyright, names, version, trademark, licence
    options.drop_tables += ["BASE", "VORG", "vhea", "vmtx"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(text="".join(sorted(wanted())))
    with subset.load_font(str(full), options) as font:
        subsetter.subset(font)
        subset.save_font(font, str(path), options)


if __name__ == "__main__":
    make(Path(sys.argv[1]), CHINESE_FONT)
