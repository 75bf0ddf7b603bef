"""Invisible and look-alike characters."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.tasks.corpus.characters import RADICALS, plain

INVISIBLE = (
    "\u200b\ufeff\xad\u200e\u200f\u202a\u202e\u2060\u2066\u2069\u180e\u034f\u061c\u3164\x80\U000e0100\ufe0f\u200d"
)


@given(st.text("却说董卓大怒ab，。 ", min_size=1), st.data())
def test_invisible_characters_are_removed_wherever_they_stand(text: str, data: st.DataObject) -> None:
    made, count = text, data.draw(st.integers(0, 5))
    for _ in range(count):
        place = data.draw(st.integers(0, len(made)))
        made = made[:place] + data.draw(st.sampled_from(INVISIBLE)) + made[place:]
    cleaned = plain(made)
    assert (cleaned.text, cleaned.invisible) == (text, count)


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",
        "क्\u200dष",
        "ന്\u200d",
        "👨\u200d👩\u200d👧",
        "❤\ufe0f",
        "1\ufe0f⃣",
        "🏴\U000e0067\U000e007f",
        "日本語ｶﾅ",
    ],
)
def test_what_shapes_its_neighbours_stays(text: str) -> None:
    assert plain(text).text == text
    assert plain(text).invisible == 0


@pytest.mark.parametrize("code", range(0x2F00, 0x2FD6))
def test_a_kangxi_radical_becomes_the_ideograph(code: int) -> None:
    made = plain(f"病{chr(code)}人")
    assert made.text == f"病{unicodedata.normalize('NFKC', chr(code))}人"
    assert made.look_alikes == 1


def test_other_look_alikes_become_usual_characters() -> None:
    assert plain("⻓⻔⻢豈ﬁ︒").text == "长门马豈fi。"
    assert plain("cafe\u0301 한").text == "café 한"
    assert plain("cafe\u0301").composed == 1
    assert all("CJK RADICAL" in unicodedata.name(each) for each in RADICALS)
    assert plain("a\r\nb\rc\u2028d").text == "a\nb\nc\nd"
