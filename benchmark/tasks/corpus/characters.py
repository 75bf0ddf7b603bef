"""Characters that no reader can tell apart, made the same: a word must not have two spellings that look alike.

Invisible    zero-width spaces, byte-order marks inside the text, soft hyphens, marks of writing direction, variation
             selectors after ideographs, C1 controls and their like are removed. Kept are joiners that shape what is
             seen: within an emoji, and after a letter of a script that joins its letters (Arabic, the Indic scripts).
Look-alikes  Kangxi radicals and the CJK radicals supplement, which PDFs give in place of the ideograph (⼀ for 一),
             compatibility ideographs, Latin ligatures, Arabic presentation forms and vertical punctuation are replaced
             by the usual character.
Composed     a letter and the accent that follows it (or the parts of a Korean syllable) become one character: NFC.
"""

import re
import unicodedata
from dataclasses import dataclass

LINE_ENDS = re.compile("\r\n|[\r\x85\u2028\u2029]")
# The radicals, ideographs and forms that are replaced, by block.
LOOK_ALIKE = re.compile(
    "[\u2e80-\u2ef3\u2f00-\u2fd5\uf900-\ufaff\U0002f800-\U0002fa1f\ufb00-\ufb06\ufb50-\ufdcf\ufe70-\ufefc"
    "\ufe10-\ufe19\ufe30-\ufe44]"
)
# Of the supplement, Unicode's compatibility mapping has two; these are its equivalent unified ideographs.
RADICALS = dict(
    zip(
        "⺁⺄⺅⺆⺉⺊⺋⺎⺏⺐⺒⺓⺔⺕⺖⺘⺙⺛⺜⺝⺞⺟⺠⺡⺢⺣⺤⺥⺦⺧⺨⺩⺪⺬⺭⺮⺯⺰⺱⺲⺳⺶⺷⺸⺹⺺⺻⺼⺽⺾⺿⻀⻁⻂⻃⻄⻅⻆⻇⻈⻉⻋⻌⻍⻎⻏⻐⻑⻒⻓⻔⻕⻖⻗⻘⻙⻚⻛⻜⻝⻞⻟⻠⻡⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲⻳",
        "厂乙亻冂刂卜㔾兀尣尢巳幺彑彐忄扌攵旡日月歺母民氵氺灬爫爫丬牜犭王疋示礻𥫗糹纟罓罒网羊羊羊耂肀聿月臼艹艹艹虎衤覀西见角角讠贝车辶辶辶阝钅長镸长门阝阝雨青韦页风飞食食飠饣首马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀龟",
        strict=True,
    )
)
JOINERS = "\u200c\u200d"
# Besides format characters (Cf): fillers, combining characters without a shape, C1 controls, variation selectors.
SHAPELESS = re.compile(
    "[\x80-\x84\x86-\x9f\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\ufe00-\ufe0f\U000e0000-\U000e0fff]"
)
# Format characters that have a shape: signs of Arabic, Syriac and Kaithi numbers.
SHAPED = re.compile("[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd]")
# Arabic, Syriac, the Indic and other Brahmic scripts, Mongolian: their letters join, or form conjuncts.
JOINING = re.compile("[\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\ua840-\ua9ff\ufb50-\ufdff\ufe70-\ufefc]")
EMOJI = re.compile(
    "[\xa9\xae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
KEY_CAP = re.compile("[#*0-9][\ufe0e\ufe0f]\u20e3")
SELECTORS = "\ufe0e\ufe0f"  # text or emoji style
TAGS = re.compile("[\U000e0020-\U000e007f]")  # within the emoji of a region's flag


@dataclass(frozen=True, kw_only=True)
class Plain:
    """A text in usual characters, and counts of what was changed."""

    text: str
    invisible: int = 0
    look_alikes: int = 0
    composed: int = 0


def plain(text: str) -> Plain:
    """The text in visible, usual characters, with line feeds at the ends of its lines."""
    lines = LINE_ENDS.sub("\n", text)
    usual, look_alikes = LOOK_ALIKE.subn(_usual, lines)
    visible = _visible(usual)
    composed = unicodedata.normalize("NFC", visible)
    return Plain(
        text=composed,
        invisible=len(usual) - len(visible),
        look_alikes=look_alikes - sum(map(lines.count, _unchanged(lines))),
        composed=len(visible) - len(composed),
    )


def _unchanged(text: str) -> set[str]:
    return {each for each in set(LOOK_ALIKE.findall(text)) if _usual_of(each) == each}


def _usual(match: re.Match[str]) -> str:
    return _usual_of(match.group())


def _usual_of(character: str) -> str:
    return RADICALS.get(character) or unicodedata.normalize("NFKC", character)


def _visible(text: str) -> str:
    hidden = {each for each in set(text) if _is_hidden(each)}
    if not hidden:
        return text
    pattern = re.compile(f"[{''.join(map(re.escape, sorted(hidden)))}]")
    return pattern.sub(lambda match: match.group() if _shapes(text, match.start()) else "", text)


def _is_hidden(character: str) -> bool:
    if SHAPELESS.match(character):
        return True
    return unicodedata.category(character) == "Cf" and not SHAPED.match(character)


def _shapes(text: str, place: int) -> bool:
    """True for a joiner, selector or tag that changes how its neighbours are drawn."""
    character, before = text[place], text[place - 1 : place]
    if character in JOINERS and JOINING.match(before) and not _is_hidden(before):
        return True
    if character in SELECTORS and KEY_CAP.match(text[max(place - 1, 0) : place + 2]):
        return True
    if character == "\u200d" or character in SELECTORS or TAGS.match(character):
        base = place - 1
        while base >= 0 and (text[base] in SELECTORS or TAGS.match(text[base])):
            base -= 1
        followed = character != "\u200d" or EMOJI.match(text[place + 1 : place + 2])
        return bool(base >= 0 and EMOJI.match(text[base]) and followed)
    return False
