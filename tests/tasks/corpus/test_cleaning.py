"""White space, wrapped lines, characters of one font, and the two scripts of Chinese."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.tasks.corpus.cleaning import clean, normalise, traditional_share

SENTENCE = "那人听了大喜，便与众人商议，次日起兵，往东去了。"
ENGLISH = "It was late, and the lamps were lit along the quay. Nobody spoke to the old man. " * 5


@pytest.mark.parametrize(
    ("given_text", "wanted"),
    [
        ("\u3000\u3000却说董卓\n大怒。\n\u3000\u3000次日，", "却说董卓大怒。\n次日，\n"),
        ("第一回 甲\u3000乙\n\n  \n\t话说", "第一回甲乙\n话说\n"),
        ("one\ntwo  three\n\nfour", "one two three\nfour\n"),
        ("one \n two", "one two\n"),
        ("用 Python 3 写", "用Python 3写\n"),
        ("он сказал\nда", "он сказал да\n"),
        ("", ""),
        (" \n\n ", ""),
    ],
)
def test_white_space_is_made_uniform(given_text: str, wanted: str) -> None:
    assert normalise(given_text) == wanted


@given(st.text(alphabet="却说 \n\t\u3000ab1，。", max_size=60))
def test_only_white_space_is_changed(text: str) -> None:
    made = normalise(text)
    assert "".join(made.split()) == "".join(text.split())
    assert made in ("", made.strip() + "\n")
    assert not {"\t", "\u3000"} & set(made)
    assert not any(pair in made for pair in ("  ", "\n\n", " \n", "\n ", " 却", "，\u0020"))


def test_wrapped_lines_are_joined_and_paragraphs_end_at_short_lines_that_end_a_sentence() -> None:
    paragraphs = [SENTENCE * 3, f"天明。{SENTENCE * 2}", "他道：“好。”"]
    lines = [paragraph[at : at + 20] for paragraph in paragraphs for at in range(0, len(paragraph), 20)]
    made = clean("\n".join(lines))
    assert made.text.splitlines() == paragraphs
    assert made.joined_lines == len(lines) - 3
    assert clean("\n".join(paragraphs)).joined_lines == 0


def test_a_full_line_that_ends_a_sentence_is_joined_in_a_wrapped_text() -> None:
    lines = ["天下大势分久必合", "合久必分周末七国", "分争并入于秦。", "及秦灭之后楚汉分", "争又并入于汉"]
    assert normalise("\n".join(lines)) == "".join(lines) + "\n"


def test_a_line_is_a_paragraph_where_lines_end_sentences() -> None:
    lines = ["第一回 某人", SENTENCE, "他说：", "“你们都来了。”", SENTENCE * 2, "众人都道好"]
    made = clean("\n".join(lines))
    assert made.text.splitlines() == ["第一回某人", *lines[1:]]
    assert made.joined_lines == 0


def test_english_that_was_wrapped_is_whole_again() -> None:
    paragraphs = [ENGLISH.strip(), ENGLISH[ENGLISH.index("Nobody") :].strip()]
    text = "\n\n".join(textwrap.fill(paragraph, 61) for paragraph in paragraphs)
    assert clean(text).text.splitlines() == paragraphs
    assert clean(text).joined_lines == text.replace("\n\n", "").count("\n") > 10


def test_private_use_characters_are_replaced_one_by_one_and_counted() -> None:
    made = clean("曹\ue000操\uf8ff\U000f0001、𠀀\U0010fffd")
    assert made.text == "曹\ufffd操\ufffd\ufffd、𠀀\ufffd\n"
    assert made.private_use == 4


def test_full_width_spaces_are_counted() -> None:
    made = clean("\u3000\u3000却说\u3000董卓\n\u3000\u3000大怒")
    assert made.text == "却说董卓\n大怒\n"
    assert made.full_width_spaces == 5


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("話說天下大勢，分久必合。眾人聽了大喜，張飛與關羽商議。", 1.0, 1.0),
        ("话说天下大势，分久必合。众人听了大喜，张飞与关羽商议。", 0.0, 0.0),
        ("話說天下大势，張飞與关羽", 0.3, 0.7),
        ("天下大人上山", 0.0, 0.0),
    ],
)
def test_the_script_is_told_by_characters_that_only_one_has(text: str, low: float, high: float) -> None:
    share = traditional_share(text)
    assert share is not None and low <= share <= high


@pytest.mark.parametrize(
    "text", ["", " \n", "The quick brown fox", "吾輩は猫である。名前はまだ無い。", "한국어 문장이다"]
)
def test_other_languages_have_no_share(text: str) -> None:
    assert traditional_share(text) is None
