"""A web font with the Chinese glyphs of a page, for readers whose system has no Chinese font."""

import base64
import io
import re

from fontTools import subset  # type: ignore[import-untyped]

from benchmark.reports.draw.fonts import CHINESE_FONT

CHINESE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")


def font_face(text: str) -> str:
    """A stylesheet rule with the glyphs of a text's Chinese characters; "" if it has none."""
    characters = "".join(sorted(set(CHINESE.findall(text))))
    if not characters:
        return ""
    data = base64.b64encode(_glyphs(characters)).decode()
    source = f'url("data:font/woff;base64,{data}") format("woff")'
    return f'@font-face {{ font-family: "Report Chinese"; src: {source}; }}\n'


def _glyphs(characters: str) -> bytes:
    """Noto Sans SC reduced to these characters, as a web font."""
    options = subset.Options(flavor="woff", recalc_timestamp=False, layout_features=[], hinting=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=characters)
    buffer = io.BytesIO()
    with subset.load_font(str(CHINESE_FONT), options) as font:
        subsetter.subset(font)
        subset.save_font(font, buffer, options)
    return buffer.getvalue()
