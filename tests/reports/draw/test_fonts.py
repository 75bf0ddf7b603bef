"""Fonts cover Latin and Chinese text; other characters are spelled out."""

import chinese_font
from matplotlib import font_manager

from benchmark.reports.draw.fonts import drawable, families


def test_families_are_found_without_a_fallback() -> None:
    for family in families():
        assert font_manager.findfont(family, fallback_to_default=False)


def test_chinese_and_latin_stay_and_the_rest_is_spelled_out() -> None:
    assert drawable("次日，玄德 rope — ×\n√") == "次日，玄德 rope — ×\n√"
    assert drawable("a\U0001f9ff\U00012000") == "a[U+1F9FF][U+12000]"


def test_the_subset_has_every_character_of_our_texts_and_translations() -> None:
    """If this fails after an edit, make the subset again: tests/reports/draw/chinese_font.py says how."""
    printable = {letter for letter in chinese_font.wanted() if letter.isprintable()}
    assert len(printable) > 9_000
    assert [letter for letter in sorted(printable) if drawable(letter) != letter] == []


def test_traditional_chinese_is_drawn() -> None:
    assert drawable("話說天下大勢，分久必合，合久必分。") == "話說天下大勢，分久必合，合久必分。"
