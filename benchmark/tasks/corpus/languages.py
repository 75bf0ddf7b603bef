"""How much a text looks like a language: the bits it takes to write down, by how common its characters are.

    bits(text) = sum over characters of -log2 p(character | language),  the least over the languages

The probabilities are rough, in four steps: frequent characters of the language, the others of its script, characters of
other scripts, and what no text has (unassigned, private-use and control characters). That is enough to choose between
readings of the same bytes, which differ by several bits a character: Korean read as Chinese has hardly any of the
characters that make up half of a Chinese text. ASCII costs the same in every language.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

FREQUENT, ORDINARY = 0.6, 0.3  # of a text's characters are frequent ones of the language, and others of its script
ALPHABET, ACCENTED = 0.9, 0.12  # of them are small letters; accented letters in a language of the Latin alphabet
HEAD = 10  # the most frequent characters of a language are about equally frequent
LATIN_MARK = 5.0  # bits of punctuation among Latin letters
MARK, FOREIGN, UNUSABLE = 8.0, 20.0, 30.0  # bits of punctuation, of another script, of what no text has
MOST_UNUSABLE = 0.05  # of a text's characters
NOISE = 16.0  # bits a character: above it, no text
UNUSED = ("Cn", "Co", "Cc", "Cs")  # categories: unassigned, private use, control, surrogate
JOINED = 15.0  # bits of a letter of another alphabet next to an ASCII letter, in one word
SWUNG = 6.0  # bits of a capital right after a small letter
ALPHABETS = r"[\u0370-\u0e7f\u2500-\u259f]"  # and the box-drawing characters that some encodings mix with letters
MIXED = re.compile(rf"[A-Za-z](?={ALPHABETS})|{ALPHABETS}(?=[A-Za-z])")
CAMEL = re.compile(r"[a-zà-öø-ÿа-яё](?=[A-ZÀ-ÖØ-ÞА-ЯЁ])")
CJK_MARKS = "、。〈〉《》「」『』【】〔〕·…—“”‘’，．：；？！（）～\u3000"
MARKS = "“”‘’„‚«»‹›–—…·•°§€£©®\xa0"
SIMPLIFIED = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所"
    "然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与"
    "长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己"
    "制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系"
    "气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场曰乃兵马却便听叫请喝刀酒王汉张曹吾操军城"
)
TRADITIONAL = (
    "這個們來為國說時會對過發後裡裏種經麼學現當沒動還進樣開從實無與長機關點業將兩間問並應戰頭體見產話內給門東聲員"
    "論處義幾認條氣題爾別變總電數報結務場兒馬卻聽請漢張軍於眾聞難書遠誰讓視親萬單"
)
JAPANESE = (
    "のにはをたがでてとしれさあるいもすなかこりらくそうおけまだきわせめつどえよんやちみびばろずげごべひほへねむゆぬふ"
    "ンールストイアラリクシレドタグジテッフマロコカムサオニプデメキチナバパエウミビハツワブソホネガズダザぎぐじっゃゅょ"
    "日一人年大国本中上出月時分行生見会前後間私彼子方何事自手思言今気来者目小下地心場合長書家女名物山水学先三二十"
)
KOREAN = (
    "이다는에의을가고하은들지도로한기사어나서자그있것시리라인아니여보수해대과를만일게면안정전으부까오주말스구"
    "장었았요거마내야런무와상제적동원비우연신조성선모세소때려러되없않던저간물날문국생각중습같두음더며어머니집좋"
)
RUSSIAN = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъёіїєґ"
GREEK = "αοιετσνηυρπκμλωςδγχθφβξζψάέήίόύώϊϋ"
HEBREW = "יוהלאמרבתשנכדקחפםןעגסטזצץךף"
ARABIC = "اليمنوترهبتعدسفحكقشجخطصذثضزغءظةىأإآؤئپچژگکی،؛؟"
THAI = "านรอกเงมยลวดทสตะปบคหแจพชขใไโผถซธณศฟษภญฐฎฏฆฉฌฑฒฝฤฦฮำๆฯ่้็์ิีึืุูั๊๋"
WESTERN = {
    "French": "éèàçêùâîôûëïœæÿ",
    "German": "äöüß",
    "Spanish": "áéíóúñü¿¡ªº",
    "Portuguese": "áâãàçéêíóôõúªº",
    "Italian": "àèéìòù",
    "Nordic": "åäöøæéðþáíóúý",
}
EASTERN = {
    "Polish": "ąćęłńóśźż",
    "Czech": "áíéěřčýžůšúňťďó",
    "Slovak": "áíéčýžľšúťňôďĺŕäó",
    "Croatian": "čćžšđ",
    "Hungarian": "áéíóöőúüű",
    "Romanian": "ăâîșțşţ",
    "German": "äöüß",
}
TURKISH = {"Turkish": "çğıöşüâîİ"}


@dataclass(frozen=True, kw_only=True)
class Language:
    """A language, for judging what a text would be in it."""

    name: str
    frequent: Mapping[str, float]  # its frequent characters, and the bits of each
    marks: Mapping[str, float]  # its punctuation beyond ASCII, likewise
    ordinary: Callable[[str], bool]  # true for the other characters of its script
    size: int  # roughly how many those are
    share: float  # the least share of frequent characters and marks among the non-ASCII ones of a real text
    plain: bool = False  # a text of it may have none of its frequent characters

    def bits(self, character: str) -> float:
        """The bits of one character that is not ASCII."""
        if character in self.frequent:
            return self.frequent[character]
        if character in self.marks:
            return self.marks[character]
        if self.ordinary(character):
            return math.log2(self.size / ORDINARY)
        return UNUSABLE if _is_unusable(character) else FOREIGN


def _is_unusable(character: str) -> bool:
    if character < "\x80":
        return not (character.isprintable() or character.isspace())
    return unicodedata.category(character) in UNUSED or character == "\ufffd"


def _ranked(characters: Iterable[str], share: float) -> dict[str, float]:
    """The bits of each of the characters, most frequent first, which are together that share of a text: Zipf's law."""
    distinct = list(dict.fromkeys(characters))
    weights = [1 / (HEAD + rank) for rank in range(len(distinct))]
    return {each: -math.log2(share * weight / sum(weights)) for each, weight in zip(distinct, weights, strict=True)}


def _first_level(codec: str, first: int, last: int) -> Callable[[str], bool]:
    """True for the characters that a national standard lists first, since they are common: by their lead byte."""
    return lambda character: len(code := character.encode(codec, "ignore")) == 2 and first <= code[0] <= last


def _characters(name: str, frequent: str, size: int, ordinary: Callable[[str], bool]) -> Language:
    return Language(
        name=name,
        frequent=_ranked(frequent, FREQUENT),
        marks=dict.fromkeys(CJK_MARKS, MARK),
        ordinary=ordinary,
        size=size,
        share=0.25,
    )


def _alphabet(name: str, letters: str, first: str, last: str) -> Language:
    return Language(
        name=name,
        frequent=_ranked(letters, ALPHABET),
        marks=dict.fromkeys(MARKS, MARK),
        ordinary=lambda character: first <= character <= last and character.isalpha(),
        size=len(letters) * 2,
        share=0.8,
    )


def _accented(name: str, letters: str) -> Language:
    capitals = (each.upper() for each in letters if len(each.upper()) == 1)
    return Language(
        name=name,
        frequent=_ranked((*letters, *capitals), ACCENTED),
        marks=dict.fromkeys(MARKS, LATIN_MARK),
        ordinary=lambda character: "\xc0" <= character <= "\u024f" and character.isalpha(),
        size=600,
        share=0.5,
        plain=True,
    )


CHINESE = (
    _characters("Chinese", SIMPLIFIED, 3755, _first_level("gb2312", 0xB0, 0xD7)),
    _characters("traditional Chinese", SIMPLIFIED + TRADITIONAL, 5401, _first_level("big5", 0xA4, 0xC6)),
)
TRADITIONAL_ONLY = CHINESE[1:]
JAPAN = (_characters("Japanese", JAPANESE, 2965, _first_level("shift_jis", 0x88, 0x98)),)
KOREA = (_characters("Korean", KOREAN, 2350, _first_level("euc_kr", 0xB0, 0xC8)),)
CYRILLIC = (_alphabet("Cyrillic", RUSSIAN, "\u0400", "\u04ff"),)
GREECE = (_alphabet("Greek", GREEK, "\u0370", "\u03ff"),)
ISRAEL = (_alphabet("Hebrew", HEBREW, "\u0590", "\u05ff"),)
ARABIA = (_alphabet("Arabic", ARABIC, "\u0600", "\u06ff"),)
THAILAND = (_alphabet("Thai", THAI, "\u0e00", "\u0e7f"),)
WEST, EAST, TURKEY = (
    tuple(_accented(name, letters) for name, letters in region.items()) for region in (WESTERN, EASTERN, TURKISH)
)
ALL = (*CHINESE, *JAPAN, *KOREA, *CYRILLIC, *GREECE, *ISRAEL, *ARABIA, *THAILAND, *WEST, *EAST, *TURKEY)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """How a text looks in the language that fits it best."""

    language: str
    bits: float
    fits: bool  # enough of its characters are common in the language
    foreign: int  # characters that are not ASCII


def judge(text: str, languages: Iterable[Language]) -> Judged:
    """The language that fits a text best, and the bits that the text takes in it."""
    counts = Counter(text)
    plain = sum(count * _ascii_bits(each) for each, count in counts.items() if each < "\x80")
    foreign = {each: count for each, count in counts.items() if each >= "\x80"}
    unusable = sum(count for each, count in counts.items() if _is_unusable(each))
    total, shared = sum(foreign.values()), plain + _odd_words(text)
    found = []
    for language in languages:
        own = sum(count for each, count in foreign.items() if each in language.frequent)
        marks = sum(count for each, count in foreign.items() if each in language.marks)
        found.append(
            Judged(
                language=language.name,
                bits=shared + sum(count * language.bits(each) for each, count in foreign.items()),
                fits=own + marks >= language.share * total
                and (own > 0 or language.plain or not total)
                and unusable <= MOST_UNUSABLE * len(text),
                foreign=total,
            )
        )
    return min(found, key=lambda judged: (not judged.fits, judged.bits))


def _ascii_bits(character: str) -> float:
    if character.isalpha():
        return 5.0
    if character in " \n\r\t\f\v":
        return 3.0
    return 7.0 if character.isprintable() else UNUSABLE


def _odd_words(text: str) -> float:
    """Bits of words that mix alphabets, or have a capital after a small letter."""
    return JOINED * len(MIXED.findall(text)) + SWUNG * len(CAMEL.findall(text))
