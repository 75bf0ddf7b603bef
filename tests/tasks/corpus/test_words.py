"""Three ways to cut words, and the vocabulary."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.errors import UsageError
from benchmark.tasks.corpus import vocabulary, words


@pytest.mark.parametrize("tokenizer", words.TOKENIZERS)
@given(st.text(max_size=60))
def test_words_joined_are_the_text(tokenizer: str, text: str) -> None:
    assert "".join(words.cut(text, tokenizer)) == text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("It's dark, he said.", ["It's", " dark", ",", " he", " said", "."]),
        ("a well-known 'cat'\n", ["a", " well-known", " '", "cat", "'", "\n"]),
        ("house--and", ["house", "-", "-", "and"]),
        ("Это дом. हिन्दी है।", ["Это", " дом", ".", " हिन्दी", " है", "।"]),
        ("他说：“来吧。”", ["他说", "：", "“", "来吧", "。", "”"]),
        ("", []),
    ],
)
def test_at_white_space_words_keep_the_space_before_them_and_marks_stand_apart(text: str, wanted: list[str]) -> None:
    assert words.cut(text, "whitespace") == wanted


def test_characters_are_cut_one_by_one() -> None:
    assert words.cut("四面 ab\n", "char") == ["四", "面", " ", "a", "b", "\n"]


def test_an_unknown_tokenizer_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="unknown tokenizer 'chars'; did you mean 'char'"):
        words.cut("四面", "chars")


def test_jieba_knows_words() -> None:
    assert words.cut("四面八方的好汉都来了") == ["四面八方", "的", "好汉", "都", "来", "了"]


def test_jieba_is_silent_and_keeps_its_cache_in_our_folder(tmp_path: Path) -> None:
    program = "from benchmark.tasks.corpus.words import cut; cut('话说天下大势')"
    environment = {"POSITION_BENCHMARK_CACHE": str(tmp_path / "deep" / "cache"), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, env=environment, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["jieba-0.42.1.cache"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep"]


def test_a_cache_folder_that_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("POSITION_BENCHMARK_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(UsageError, match="set POSITION_BENCHMARK_CACHE"):
        words.writable_cache()


def test_the_vocabulary_holds_characters_then_frequent_words() -> None:
    training = ["玄德", "玄德", "曰", "曹操", "曰", "玄德"] * 100
    table = vocabulary.build(training, 64, common=[])
    assert table == ("<unk>", "德", "玄", "曰", "操", "曹", "玄德", "曹操")


def test_a_small_text_borrows_common_characters_and_a_large_one_does_not() -> None:
    small, large = list("天地玄黄宇宙洪荒"), list("天地玄黄宇宙洪荒") * 100
    assert {"的", "了"} <= set(vocabulary.build(small, 64, common=["的", "了"]))
    assert not {"的", "了"} & set(vocabulary.build(large, 64, common=["的", "了"]))


def test_the_vocabulary_keeps_its_size_and_leaves_room_for_words() -> None:
    training = [chr(0x4E00 + place) for place in range(500)] + ["玄德"] * 3
    table = vocabulary.build(training, 80, common=[])
    assert len(table) == len(set(table)) == 80
    assert "玄德" in table


def test_unknown_words_are_spelled_and_unknown_characters_keep_their_text() -> None:
    ids = {"玄": 1, "德": 2, "曰": 3, "玄德": 4}
    assert vocabulary.encode(["玄德", "曰", "德玄", "德彧"], ids) == [
        (4, "玄德"),
        (3, "曰"),
        (2, "德"),
        (1, "玄"),
        (2, "德"),
        (0, "彧"),
    ]
