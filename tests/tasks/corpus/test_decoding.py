"""Which encoding a text is in, over languages and encodings; damaged, binary and ambiguous files; --text-encoding."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.errors import UsageError
from benchmark.tasks.corpus.decoding import BINARY, decode

ENCODED = {
    "话说天下大势，分久必合，合久必分。那人听了大喜，便与众人商议，次日起兵。": "gb18030 utf-16-le utf-16-be hz",
    "話說天下大勢，分久必合，合久必分。那人聽了大喜，便與眾人商議，次日起兵。": "gbk big5 big5hkscs utf-16-le",
    "佢哋嚟咗香港好耐，成日都話唔知點解呢度咁多人。係咪因為啲嘢平呀？": "big5hkscs",
    "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。": "shift_jis euc_jp iso2022_jp utf-16-be",
    "한국어 문장은 띄어쓰기를 한다. 오늘은 날씨가 좋다. 나는 집에 남았다.": "euc_kr cp949 utf-16-le iso2022_kr",
    "Он прочёл все книги за зиму, и ещё раз весной. Он сказал, что это хорошо.": "cp1251 koi8-r cp866 iso8859-5",
    "Ο μαθητής διάβασε όλα τα βιβλία σε έναν χειμώνα, και ξανά την άνοιξη.": "cp1253",
    "התלמיד קרא את כל הספרים בחורף אחד ושוב באביב.": "cp1255 cp862",
    "قرأ الطالب كل الكتب في شتاء واحد ثم مرة أخرى في الربيع.": "cp1256 iso8859-6",
    "นักเรียนอ่านหนังสือทั้งหมดในฤดูหนาวเดียว และอีกครั้งในฤดูใบไม้ผลิ": "cp874",
    "Déjà vu, à côté, élève, là-bas. L’été était très chaud. Où êtes-vous né ?": "cp1252 mac_roman",
    "Der Schüler hörte über Nacht auf zu lesen. Das Mädchen aß süße Äpfel und große Klöße.": "cp1252 latin-1",
    "Uczeń przeczytał wszystkie książki przez jedną zimę, i jeszcze raz na wiosnę. Gęś, źrebię.": "cp1250 iso8859-2",
    "Öğrenci bütün kitapları bir kışta okudu ve ilkbaharda yine. Çalışkan ışık.": "cp1254",
}
CASES = [(text, encoding) for text, encodings in ENCODED.items() for encoding in encodings.split()]
CHINESE, KOREAN = next(iter(ENCODED)), "한국어 문장은 띄어쓰기를 한다. 오늘은 날씨가 좋다. "


HINDI = "सभी मनुष्यों को गौरव और अधिकारों के मामले में समानता प्राप्त है।\n"


def refusal(content: bytes, encoding: str | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        decode(content, "given.txt", encoding)
    assert "\n" not in str(caught.value)
    assert encoding or "given.txt" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("text", "encoding"), CASES, ids=[encoding for _, encoding in CASES])
@pytest.mark.parametrize("times", [2, 2000])
def test_a_text_is_read_in_the_encoding_it_is_in(text: str, encoding: str, times: int) -> None:
    made = decode((text + "\n").encode(encoding) if times == 1 else f"{text}\n".encode(encoding) * times, "t")
    assert made.text == f"{text}\n" * times
    assert [note for note in made.notes if note.startswith("read as ")]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", [CHINESE, HINDI, "Plain English.\n"])
@pytest.mark.parametrize("times", [1, 2000])
def test_unicode_without_a_mark_is_read_in_any_script(codec: str, text: str, times: int) -> None:
    made = decode((text * times).encode(codec), "t")
    assert made.text == text * times
    assert "without a byte-order mark" in made.notes[0]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_text_is_read_in_another_encoding_in_silence(data: st.DataObject) -> None:
    """Any stretch of a text gives that stretch, or a refusal; never another text."""
    text, encoding = data.draw(st.sampled_from([case for case in CASES if "2022" not in case[1] and case[1] != "hz"]))
    start = data.draw(st.integers(0, len(text) - 20))
    piece = text[start : start + data.draw(st.integers(20, len(text)))] * data.draw(st.integers(2, 5))
    try:
        assert decode(piece.encode(encoding), "t").text == piece
    except UsageError as error:
        assert "--text-encoding" in str(error)


@pytest.mark.parametrize(("codec", "label"), [("utf-8", "UTF-8"), ("gb18030", "GB18030"), ("euc_kr", "EUC-KR")])
@pytest.mark.parametrize("place", [0, 1, 7])
def test_one_bad_byte_is_named_with_its_place(codec: str, label: str, place: int) -> None:
    line = f"{CHINESE if codec != 'euc_kr' else KOREAN}\n".encode(codec)
    content = line * place + b"\xff" + line * 20
    message = refusal(content)
    assert f"is {label}" in message
    assert f"but for byte {len(line) * place + 1:,} of {len(content):,} (0xff, in line {place + 1})" in message


@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_a_file_cut_off_within_a_character_says_so(codec: str) -> None:
    assert "cut off within a character" in refusal((CHINESE * 9).encode(codec)[:-1])


@pytest.mark.parametrize("mark", BINARY)
def test_a_binary_file_is_named_as_such(mark: bytes) -> None:
    assert BINARY[mark].split(";")[0] in refusal(mark + b"\x00\x01 anything")


@pytest.mark.parametrize(("inside", "kind"), [(b"word/document.xml", "docx"), (b"a.txt", "ZIP"), (b"xl/x", "xlsx")])
def test_a_zip_file_is_named_by_what_it_holds(inside: bytes, kind: str) -> None:
    assert kind in refusal(b"PK\x03\x04" + inside)


def test_padding_at_the_end_is_removed_and_other_control_characters_are_placed() -> None:
    made = decode(CHINESE.encode() + b"\0\0\x1a", "t")
    assert made.text == CHINESE
    assert made.notes == ("3 control characters removed at the end",)
    assert "U+0001 in line 3" in refusal(b"one\ntwo\nth\x01ree")
    assert "is empty" in refusal(b"")


@pytest.mark.parametrize("values", [range(256), range(128, 256), range(32, 256)])
@pytest.mark.parametrize("seed", range(5))
def test_noise_is_refused(seed: int, values: range) -> None:
    with pytest.raises(UsageError):
        decode(bytes(Random(seed).choices(values, k=2000)), "t")


def test_a_short_text_that_fits_two_encodings_asks_which() -> None:
    message = refusal("Příliš".encode("iso8859-2"))
    assert "both fit about equally" in message and "--text-encoding" in message


def test_a_given_encoding_overrides_the_guess_and_is_checked() -> None:
    assert decode(KOREAN.encode("cp949"), "t", "gb18030").text != KOREAN
    assert decode("﻿x".encode(), "t", "utf-8").text == "x"
    assert "did you mean 'big5'" in refusal(b"x", "bog5")
    assert "rot13" in refusal(b"x", "rot13") and "hex" in refusal(b"x", "hex")
    assert "is not ascii: byte 1 of" in refusal(KOREAN.encode(), "ascii")
