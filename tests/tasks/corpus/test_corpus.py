"""The tokenised corpus: its split, its figures, its cache, its sentences."""

import dataclasses
import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from benchmark.errors import UsageError
from benchmark.tasks.corpus import (
    BUILT_IN,
    TOKENIZERS,
    TUTORIAL_PASSAGES,
    Corpus,
    content_hash,
    corpus,
    describe,
    find,
    load,
    probe_sentence,
)
from benchmark.tasks.corpus.cleaning import is_simplified, normalise

PROSE = "那人听了大喜，便与众人商议，次日起兵，往东去了。"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("POSITION_BENCHMARK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def novel(tmp_path: Path) -> str:
    """Twenty chapters; only the last two mention dragons (龙), and only the last 龘."""
    subjects = ["虎"] * 18 + ["龙", "龙龘"]
    text = "".join(f"第{place}回 {subject}\n\n{subject}{PROSE * 9}\n\n" for place, subject in enumerate(subjects, 1))
    path = tmp_path / "<script>alert(1)<"
    path.write_text(text, "utf-8")
    return str(path)


def spelled(made: Corpus, ids: np.ndarray) -> str:
    return "".join(made.vocabulary[place] for place in ids.tolist())


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_corpus_is_split_by_chapter_and_misses_few_characters(name: str) -> None:
    made, source = load(name), find(name)
    held_out = max(1, len(source.chapters) // 10)
    texts = [normalise(chapter) for chapter in source.chapters]
    last = [token for chapter in source.chapters[-held_out:] for token in (*made.encode(chapter)[0], made.ids["\n"])]
    assert made.held_out.tolist() == last
    first = made.encode(source.chapters[0])[0]
    assert np.array_equal(made.train[: len(first)], first)
    training = source.chapters[-held_out - 1]
    assert np.array_equal(made.train[-len(made.encode(training)[0]) - 1 : -1], made.encode(training)[0])
    assert 0 < made.info.unknown_rate < 0.01
    assert made.info.unknown_rate == np.mean(made.held_out == 0)
    assert made.info.characters == sum(map(len, texts))
    assert made.info.characters_per_token == pytest.approx(sum(map(len, texts[-held_out:])) / len(made.held_out))
    assert made.info.types < made.info.words < made.info.characters
    assert len(made.vocabulary) <= 4096
    assert made.train.dtype == made.held_out.dtype == np.int32
    assert max(made.train.max(), made.held_out.max()) < len(made.vocabulary)


@pytest.mark.parametrize(("name", "digest"), [("sanguo", "5bdcc9bc120a6bd3"), ("shuihu", "4aeadb6311e8238e")])
def test_the_ids_of_a_built_in_corpus_are_those_of_the_first_version(name: str, digest: str) -> None:
    """Changing them changes every figure measured on the corpus: raise TOKENIZER, then update this hash."""
    made = load(name)
    ids = made.train.tobytes() + made.held_out.tobytes() + json.dumps(made.vocabulary).encode()
    assert hashlib.sha256(ids).hexdigest()[:16] == digest


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_every_tokenizer_accounts_for_every_character(tokenizer: str) -> None:
    made = load("shuihu", tokenizer=tokenizer)
    text = "".join(map(normalise, find("shuihu").chapters[-1:]))
    assert made.info.tokenizer == tokenizer
    assert made.info.tokens == len(made.train) + len(made.held_out)
    assert made.info.characters_per_token * len(made.held_out) == pytest.approx(len(text))
    assert "".join(made.encode(text)[1]) == text.removesuffix("\n")
    assert made.info.unknown_rate < 0.01


def test_the_char_tokenizer_makes_every_character_a_token() -> None:
    made = load("shuihu", tokenizer="char")
    assert made.info.characters_per_token == 1
    assert made.info.tokens == made.info.words == made.info.characters
    assert all(len(word) == 1 for word in made.vocabulary[1:])


def test_english_is_cut_at_white_space_and_rare_words_are_spelled(cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "english.txt"
    lines = [f"The captain's {noun} was lost, and nobody saw it again." for noun in ("dog", "cat", "hat", "map") * 50]
    path.write_text("\n".join([*lines, "The captain's coat was lost."]), "utf-8")
    made = load(str(path), tokenizer="whitespace")
    assert {" captain's", " was", " dog", "The"} <= set(made.vocabulary)
    assert made.encode("The captain's goat was lost.")[1] == ["The", " captain's", *" goat", " was", " lost", "."]
    assert made.spelled("The captain's goat was lost, goat!") == ["goat"]
    assert made.info.unknown_rate == 0
    assert made.info.traditional is None
    assert not any("\u4e00" <= word for word in made.vocabulary)  # it borrows no Chinese characters
    assert made.info.characters_per_token > 3


def test_the_cache_keeps_tokenizers_apart(cache: Path, novel: str) -> None:
    made = {tokenizer: load(novel, tokenizer=tokenizer) for tokenizer in TOKENIZERS}
    again = {tokenizer: load(novel, tokenizer=tokenizer) for tokenizer in TOKENIZERS}
    assert [each.info for each in again.values()] == [each.info for each in made.values()]
    assert len({each.held_out.tobytes() for each in again.values()}) == 3
    assert len(list(cache.glob("*.npz"))) == 3
    assert len({each.info.content_hash for each in made.values()}) == 1


def test_findings_about_a_text_are_noted(cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "old.txt"
    chapter = (
        "\u3000\u3000話說天下大勢，分久必合，合久必分。周末七國\n分爭，并入於秦。眾人聽\ue123了大喜，與關羽商議。\n\n"
    )
    path.write_text(chapter * 20, "utf-8")
    made = load(str(path))
    assert made.info.joined_lines == 20
    assert made.info.full_width_spaces == 40
    assert made.info.private_use == 20
    assert made.info.notes == (
        "traditional Chinese (100% of the characters specific to one script)",
        "20 wrapped lines joined",
        "40 full-width spaces normalised",
        "20 private-use characters replaced",
    )
    assert {"天下", "分久必合", "眾人"} <= set(made.vocabulary)  # jieba finds words of this script too
    assert load("shuihu").info.notes == ()


def test_a_small_traditional_text_borrows_no_simplified_characters(cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "small.txt"
    path.write_text("話說天下大勢，分久必合。\n\n眾人聽了大喜，與關羽商議。\n\n", "utf-8")
    made = load(str(path))
    assert len(made.vocabulary) > 1000
    assert {"的", "我", "話"} <= set(made.vocabulary)
    assert not any(is_simplified(word) for word in made.vocabulary if len(word) == 1)


def test_the_held_out_chapters_are_the_last_tenth_and_teach_the_vocabulary_nothing(cache: Path, novel: str) -> None:
    made = load(novel)
    assert made.info.chapters == 20
    assert spelled(made, made.held_out).startswith("第19回")
    assert spelled(made, made.train).endswith(f"{PROSE}\n")
    assert made.vocabulary.count("虎") == 1
    assert not any("龘" in word for word in made.vocabulary)
    assert spelled(made, made.held_out).count("<unk>") > 0


def test_the_corpus_is_read_from_the_cache_without_being_cut_again(
    cache: Path, novel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load(novel)
    monkeypatch.setattr(corpus, "cut", None)  # calling it would raise
    again = load(novel)
    assert again.info == first.info
    assert again.vocabulary == first.vocabulary
    assert np.array_equal(again.train, first.train)
    assert np.array_equal(again.held_out, first.held_out)


def test_the_cache_follows_the_text_and_the_vocabulary(cache: Path, novel: str) -> None:
    first = load(novel)
    assert len(load("shuihu", 64).vocabulary) == 64
    assert len(load("shuihu", 65).vocabulary) == 65
    Path(novel).write_text(Path(novel).read_text("utf-8").replace("大喜", "大怒"), "utf-8")
    changed = load(novel)
    assert changed.info.content_hash == content_hash(novel) != first.info.content_hash
    assert "大怒" in changed.vocabulary
    assert "大怒" not in first.vocabulary


def test_the_same_text_under_another_name_shows_that_name(cache: Path, novel: str, tmp_path: Path) -> None:
    load(novel)
    copy = tmp_path / "copy.txt"
    copy.write_bytes(Path(novel).read_bytes())
    assert load(str(copy)).info.name == "copy.txt"
    assert describe(novel).name == "<script>alert(1)<"


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 torn", b"not a zip"])
def test_a_damaged_cache_file_is_made_again(cache: Path, novel: str, damage: bytes) -> None:
    first = load(novel)
    (path,) = cache.glob("*.npz")
    path.write_bytes(damage)
    assert np.array_equal(load(novel).train, first.train)
    assert path.stat().st_size > 1000


def test_workers_that_start_together_agree(cache: Path, novel: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(load, [novel] * 8))
    assert all(np.array_equal(one.train, other.train) for one, other in pairwise(made))
    assert [path.suffix for path in cache.iterdir()] == [".npz"]


def test_a_cached_corpus_loads_fast() -> None:
    load("sanguo")
    start = time.perf_counter()
    load("sanguo")
    assert time.perf_counter() - start < 0.5  # 0.1 s measured; room for a busy machine


def test_a_vocabulary_too_small_and_an_unknown_tokenizer_are_refused(novel: str) -> None:
    with pytest.raises(UsageError, match="corpus:vocabulary is 3, but must be at least 64"):
        load(novel, 3)
    with pytest.raises(UsageError, match="unknown tokenizer 'word'"):
        load(novel, tokenizer="word")


@pytest.mark.parametrize(
    ("text", "tokenizer"),
    [
        ("玄德曰：“吾弟已死，何忍独生！”遂大哭。", "jieba"),
        ("玄德曰：“吾弟已死，何忍獨生！”遂大哭。", "jieba"),
        ("Call me Ishmael. Some years ago I went to sea.", "whitespace"),
        ("Ученик прочёл «三国» за одну зиму, и ещё раз весной.", "whitespace"),
        ("어머니는 시장에 가셨다. 나는 집에 남았다.", "whitespace"),
        ("わたしはその人をつねにせんせいと呼んでいた。だからここでもただせんせいと書くだけで、", "char"),
        ("あかいとり\nことり\nなぜなぜあかい\nあかいみをたべた", "char"),
        ("ฉันเรียกเขาว่าอาจารย์เสมอมาและจะเรียกเช่นนั้นต่อไปในเรื่องนี้", "char"),
    ],
)
def test_a_text_gets_the_tokenizer_that_suits_it(tmp_path: Path, text: str, tokenizer: str) -> None:
    path = tmp_path / "text.txt"
    path.write_text(f"{text}\n\n" * 40, encoding="utf-8")
    assert load(str(path)).info.tokenizer == tokenizer
    assert load(str(path), tokenizer="char").info.tokenizer == "char"


def test_encode_gives_an_id_and_its_piece_of_text() -> None:
    made = load("shuihu")
    ids, words = made.encode("武松打𪚥虎。")
    assert "".join(words) == "武松打𪚥虎。"
    assert len(ids) == len(words)
    assert all(made.vocabulary[place] == word for place, word in zip(ids, words, strict=True) if place)
    assert ids[words.index("𪚥")] == 0
    assert made.without_id("武松打𪚥虎。") == ["𪚥"] and made.without_id("武松打虎。") == []
    assert made.encode("")[1] == []


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_probe_sentence_is_a_whole_known_sentence_of_the_held_out_text(name: str) -> None:
    made = load(name)
    sentence = probe_sentence(made)
    ids, words = made.encode(sentence)
    assert 16 <= len(words) <= 24
    assert 0 not in ids
    assert sentence[-1] in "。！？"
    assert sentence in "".join(normalise(chapter) for chapter in find(name).chapters[-12:])


def test_the_probe_sentence_is_cut_once_and_for_all(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = load("shuihu")
    sentence = probe_sentence(made)
    ids, words = made.encode(sentence)
    by_jieba, same_words = dataclasses.replace(made, encoded={}).encode(sentence)
    monkeypatch.setattr("benchmark.tasks.corpus.corpus.cut", None)
    read_ids, read_words = load("shuihu").encode(sentence)
    assert ids.tolist() == by_jieba.tolist() == read_ids.tolist()
    assert words == same_words == read_words


def test_a_text_without_sentences_still_has_a_probe(cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "verse.txt"
    path.write_text("白日依山尽黄河入海流欲穷千里目更上一层楼\n" * 40, "utf-8")
    made = load(str(path))
    assert len(made.encode(probe_sentence(made))[1]) > 10


def test_the_tutorial_passages_are_words_of_our_own_text() -> None:
    chapters = find("shuihu").chapters
    assert len(TUTORIAL_PASSAGES) == 3
    for (title, passage), chapter in zip(TUTORIAL_PASSAGES.items(), chapters, strict=False):
        assert title in chapter.splitlines()[0]
        assert passage in chapter
        assert 20 <= len(load("sanguo").encode(passage)[1]) <= 60


def test_the_corpus_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        load("shuihu").info.name = "other"  # type: ignore[misc]
