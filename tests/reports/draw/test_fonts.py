"""Fonts cover Latin and Chinese text; other characters are spelled out."""

from matplotlib import font_manager

from benchmark.reports.draw.fonts import drawable, families


def test_families_are_found_without_a_fallback() -> None:
    for family in families():
        assert font_manager.findfont(family, fallback_to_default=False)


def test_chinese_and_latin_stay_and_the_rest_is_spelled_out() -> None:
    assert drawable("次日，玄德 rope — ×\n√") == "次日，玄德 rope — ×\n√"
    assert drawable("a\U0001f9ff\U00012000") == "a[U+1F9FF][U+12000]"
