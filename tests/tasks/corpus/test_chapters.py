"""About a tenth of a text is held out, whatever its headings; and a folder's files come in a reader's order."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.tasks.corpus.chapters import LEAST, MOST, divided, split
from benchmark.tasks.corpus.folders import chapters_in, number

PROSE = "那人听了大喜，便与众人商议，次日起兵，往东去了。"


@settings(deadline=None)
@given(st.lists(st.sampled_from([PROSE, PROSE * 4, "第二回某人", "Chapter 3", ""]), min_size=40, max_size=120))
def test_about_a_tenth_of_the_text_is_held_out_whatever_the_headings(lines: list[str]) -> None:
    text = "\n".join([*lines, *[PROSE] * 30])
    made = split(divided(text))
    assert "".join(made.chapters) == text
    assert LEAST <= sum(map(len, made.chapters[-made.held_out :])) / len(text) <= MOST


@given(st.text("字 a。\n", min_size=2, max_size=9).filter(str.strip))
def test_of_a_tiny_text_something_is_held_out(text: str) -> None:
    made = split(divided(text))
    assert made.held_out >= 1 and all(map(str.strip, made.chapters))


@pytest.mark.parametrize("unit", ["word " * 3, "字", PROSE, f"{PROSE}\n"])
def test_a_text_of_one_line_is_divided_and_split(unit: str) -> None:
    text = unit * 300
    made = split(divided(text))
    assert len(made.chapters) == 20 and made.held_out == 2
    assert "".join(made.chapters) == text


def test_equal_chapters_are_split_by_the_chapter_and_odd_ones_are_noted() -> None:
    assert split(["x" * 100] * 30).held_out == 3
    assert split(["x" * 100] * 30).notes == ()
    assert split([*["x" * 100] * 29, "x" * 290]).held_out == 1
    assert "within chapter 2 of 2" in split([PROSE, PROSE * 90]).notes[0]


@pytest.mark.parametrize(
    "names",
    [
        [
            "序",
            "第一回",
            "第二回",
            "第九回",
            "第十回",
            "第十一回",
            "第九十九回",
            "第一百回",
            "第一百零八回",
            "第一百二十回",
            "后记",
        ],
        ["1", "2", "10", "11", "100"],
        ["卷上", "卷中", "卷下"],
        ["第一回上", "第一回下", "第二回上"],
        ["Chapter I", "Chapter II", "Chapter IV", "Chapter IX", "Chapter X", "Chapter XL"],
        ["序", "甲", "乙", "丙", "丁", "癸", "番外", "番外二", "后记"],
        ["卷甲", "卷乙", "卷丙"],
        ["甲、起", "乙、承", "丙、转"],
        ["１", "２", "１０"],
        ["卷一/第二章", "卷一/第十章", "卷二/第一章"],
        ["第壹回", "第贰回", "第叁回", "第拾回", "第拾贰回"],
        ["Chapter One", "Chapter Two", "Chapter Three", "Chapter Ten", "Chapter Twenty", "Chapter Twenty-Two"],
    ],
)
def test_a_folder_is_read_in_the_order_of_a_reader(tmp_path: Path, names: list[str]) -> None:
    shuffled = random.Random(0).sample(names, len(names))
    for place, name in enumerate(shuffled):
        path = tmp_path / f"{name}{('.txt', '.TXT', '.Txt')[place % 3]}"
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    found = chapters_in(tmp_path)
    assert [path.relative_to(tmp_path).with_suffix("").as_posix() for path in found.paths] == names
    assert found.notes == ()


@pytest.mark.parametrize(
    "names",
    [["a", "b", "c", "d", "i", "m", "v"], ["花", "陆小凤", "香"], ["第一回", "春", "秋"], ["卷一/冬", "卷一/春"]],
)
def test_an_order_that_is_only_that_of_the_names_is_noted(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        path = tmp_path / f"{name}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    found = chapters_in(tmp_path)
    assert {path.relative_to(tmp_path).with_suffix("").as_posix() for path in found.paths} == {*names}
    assert found.notes == ("order not recognised: read by name",)


def test_what_is_skipped_is_named_and_a_loop_of_links_ends(tmp_path: Path) -> None:
    for name in ("1.txt", "notes.md", ".2.txt", "gone.txt"):
        (tmp_path / name).write_text("x")
    (tmp_path / "gone.txt").unlink()
    (tmp_path / "gone.txt").symlink_to("nowhere")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "up").symlink_to(tmp_path)
    found = chapters_in(tmp_path)
    assert [path.name for path in found.paths] == ["1.txt"]
    assert found.skipped == (".2.txt", "gone.txt", "notes.md", "sub/up")


def test_no_chapter_is_read_twice_and_no_link_leads_out_to_a_folder_above(tmp_path: Path) -> None:
    folder = tmp_path / "book" / "text"
    folder.mkdir(parents=True)
    (tmp_path / "other.txt").write_text("x")
    (folder / "1.txt").write_text("x")
    (folder / "2.txt").symlink_to("1.txt")
    (folder / "up").symlink_to("../..")
    found = chapters_in(folder)
    assert [path.name for path in found.paths] == ["1.txt"]
    assert found.skipped == ("2.txt", "up")


@given(st.integers(1, 9999))
def test_a_chinese_numeral_has_its_value(value: int) -> None:
    digits, text = "零一二三四五六七八九", ""
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = value // unit % 10
        text += digits[digit] + name if digit else "零" if text and not text.endswith("零") else ""
    assert number(text.rstrip("零")) == value
