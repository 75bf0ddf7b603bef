"""Texts: built-in names, files in several encodings, folders, chapters, and every refusal."""

import hashlib
import os
from pathlib import Path

import pytest

from benchmark.errors import UsageError
from benchmark.tasks.corpus import address, content_hash, find, sources
from benchmark.tasks.corpus.chapters import SECTIONS
from benchmark.tasks.corpus.decoding import decode

PROSE = "话说天下大势，分久必合，合久必分。那人听了大喜，便与众人商议，次日起兵，往东去了。"
TRADITIONAL = "話說天下大勢，分久必合，合久必分。那人聽了大喜，便與眾人商議，次日起兵，往東去了。"


def headed(chapters: int) -> str:
    return "\n".join(f"第{number}回 某人某事\n\n{PROSE}\n第二天，{PROSE}\n" for number in range(1, chapters + 1))


def refusal(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        find(text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_sanguo_is_the_whole_novel() -> None:
    chapters = find("sanguo").chapters
    assert len(chapters) == 120 and sum(map(len, chapters)) == 599_828
    assert all(chapter.startswith("第") and "回 " in chapter[:8] for chapter in chapters)


def test_sanguo_is_the_text_that_the_stored_records_were_measured_on() -> None:
    """The records of results/reference state this hash; another text would change the key of every language cell."""
    assert content_hash("sanguo") == "4378b5ffdf267819979d9fb0a479df26"


def test_shuihu_is_a_dozen_episodes_with_the_three_of_the_tutorial() -> None:
    source = find("shuihu")
    titles = [chapter.splitlines()[0] for chapter in source.chapters]
    assert len(titles) >= 12
    assert {"第一回 洪太尉误走妖魔", "第二回 史进拜师王进", "第三回 鲁达拳打镇关西"} <= set(titles)
    assert all(len(chapter) > 300 for chapter in source.chapters)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gb2312", "utf-16"])
def test_a_file_reads_the_same_in_every_recognised_encoding(tmp_path: Path, encoding: str) -> None:
    plain, other = tmp_path / "a.txt", tmp_path / "b.txt"
    plain.write_bytes(headed(5).encode())
    other.write_bytes(headed(5).replace("\n", "\r\n").encode(encoding))
    assert find(str(other)).chapters == find(str(plain)).chapters
    assert content_hash(str(other)) == content_hash(str(plain))


def test_traditional_characters_in_gbk_are_recognised() -> None:
    assert decode(TRADITIONAL.encode("gbk"), "t").text == TRADITIONAL


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"", "is empty"),
        (" \n\u3000\n".encode(), "is empty"),
        (bytes(range(128, 256)) * 9, "nor does any other encoding"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)), "is an image (PNG)"),
        (b"MZ\x00\x01\x02 program", "is a Windows program"),
        (b"\x01\x02\x00\x03\xff\x00" * 99, "NUL bytes"),
        (b"\xff\xfe\x00", "UTF-16, as its byte-order mark says, but for"),
        ("你".encode(), "too short"),
    ],
)
def test_anything_but_text_is_refused_with_the_remedy(tmp_path: Path, content: bytes, wanted: str) -> None:
    path = tmp_path / "given.txt"
    path.write_bytes(content)
    line = refusal(str(path))
    assert wanted in line
    assert "given.txt" in line


def test_unknown_names_and_missing_paths_are_refused() -> None:
    assert "did you mean 'sanguo'" in refusal("sangou")
    for name in ("", "no/such/file.txt", "x" * 5000, "a\0b", "~nobody-of-that-name/x", "/dev/null"):
        assert "Known: sanguo, shuihu" in refusal(name)


def test_a_folder_has_one_chapter_per_file_in_numeric_order(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        (tmp_path / f"{number}.txt").write_text(f"{number}{PROSE}", "utf-8")
    (tmp_path / "notes.md").write_text("no chapter", "utf-8")
    (tmp_path / "._1.txt").write_bytes(b"\x00\x05\x16\x07")
    source = find(str(tmp_path))
    assert "".join(source.chapters) == "".join(f"{number}{PROSE}" for number in (1, 2, 10))
    assert source.chapters[:2] == tuple(f"{number}{PROSE}" for number in (1, 2))
    assert "skipped, as not a chapter (.txt): ._1.txt, notes.md" in source.notes
    (tmp_path / "3.txt").write_text(" ", "utf-8")
    assert "3.txt' is empty" in refusal(str(tmp_path))


def test_replacement_characters_of_an_earlier_conversion_are_counted(tmp_path: Path) -> None:
    for number, text in enumerate(("天下\ufffd大势，\ufffd分久必合。", "合久\ufffd必分。", "周末七国分争。"), 1):
        (tmp_path / f"{number}.txt").write_text(text * 400, "utf-8")
    assert find(str(tmp_path)).notes[0] == (
        "1,200 replacement characters (U+FFFD) in the text, from an earlier conversion"
    )
    assert not [note for note in find(str(tmp_path / "3.txt")).notes if "U+FFFD" in note]


def test_a_folder_without_texts_is_refused_and_one_with_a_single_file_is_that_file(tmp_path: Path) -> None:
    assert "has no .txt file" in refusal(str(tmp_path))
    (tmp_path / "only.txt").write_text(headed(4), "utf-8")
    assert "".join(find(str(tmp_path)).chapters) == headed(4)


def test_headings_divide_and_a_table_of_contents_joins_the_first_chapter(tmp_path: Path) -> None:
    path = tmp_path / "novel.txt"
    contents = "".join(f"第{number}回 某人某事\n" for number in range(1, 8))
    path.write_text(f"目录\n{contents}\n{headed(7)}", "utf-8")
    chapters = find(str(path)).chapters
    assert len(chapters) == 7 + 1  # the line above the first heading counts as text of its own
    assert "".join(chapters) == f"目录\n{contents}\n{headed(7)}"
    assert [chapter.count(PROSE) for chapter in chapters] == [0, 2, 2, 2, 2, 2, 2, 2]


@pytest.mark.parametrize("separator", ["\n\n", "\n", ""])
def test_a_text_without_headings_is_divided_into_even_sections(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "plain.txt"
    text = separator.join([PROSE] * 200)
    path.write_text(text, "utf-8")
    chapters = find(str(path)).chapters
    assert len(chapters) == SECTIONS
    assert "".join(chapters) == text
    assert max(map(len, chapters)) <= 1.2 * min(map(len, chapters))


def test_the_hash_follows_the_text_and_not_its_name(tmp_path: Path) -> None:
    first, same, other = (tmp_path / name for name in ("first.txt", "<script>alert(1)<", "other.txt"))
    first.write_text(headed(3), "utf-8")
    same.write_text(headed(3), "utf-8")
    other.write_text(headed(3) + "。", "utf-8")
    hashes = [content_hash(str(path)) for path in (first, same, other)]
    assert hashes[0] == hashes[1] != hashes[2]
    assert len(hashes[0]) == 32
    assert find(str(same)).name == "<script>alert(1)<"


def test_our_own_text_is_the_one_that_was_reviewed() -> None:
    """Changing shuihu.txt changes every figure measured on it: raise the task's version, then update this hash."""
    text = Path(sources.__file__).with_name("shuihu.txt").read_bytes()
    assert hashlib.sha256(text).hexdigest()[:16] == "44cc966457ac0814"


@pytest.mark.parametrize(
    "name", ["a,b:c.txt", "逗，号：.txt", "?encoding=x#%41.txt", os.fsdecode(b"\xff\xfe.txt"), "a b\tc.txt"]
)
def test_a_path_of_any_characters_is_found_and_its_address_is_plain(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(headed(20).encode("gb18030"))
    found = find(str(path))
    assert found.name.isprintable() and found.name.encode()
    for encoding in (None, "gb18030"):
        place = address(str(path), encoding)
        assert find(place).chapters == found.chapters
    assert address(str(path), "gb18030").isascii()


def test_an_address_carries_the_encoding_and_the_hash_counts_the_text(tmp_path: Path) -> None:
    plain, other = tmp_path / "plain.txt", tmp_path / "other.txt"
    plain.write_text(headed(20), "utf-8")
    other.write_text(headed(20), "gb18030")
    assert content_hash(address(str(other), "gb18030")) == content_hash(str(plain))
    assert "is not gb18030: byte 3 of" in refusal(address(str(plain), "gb18030"))
    assert address("sanguo", "big5") == "sanguo"


def test_the_home_folder_may_be_abbreviated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "novel.txt").write_text(headed(20), "utf-8")
    assert find("~/novel.txt").held_out == 2
    assert address("~/novel.txt", None) == str((tmp_path / "novel.txt").resolve())


def test_headings_behind_invisible_and_look_alike_characters_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "novel.txt"
    path.write_text(headed(12).replace("第", "\u200b第").replace("人", "⼈"), "utf-8")
    found = find(str(path))
    assert found.chapters[1].startswith("第2回 某人某事")
    assert found.invisible == headed(12).count("第") and found.look_alikes == headed(12).count("人")
