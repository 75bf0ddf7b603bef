"""A tokenised corpus: built once per machine, then read from the cache.

The last chapters, about a tenth of the text, are held out; the vocabulary is learned on the others. The cache file is
named after the hash of the text, the tokenizer and the vocabulary size, and is written atomically: workers that build
it at the same time duplicate the work but do no harm.
"""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import UsageError, unknown
from benchmark.files import write_atomically
from benchmark.tasks.corpus.characters import plain
from benchmark.tasks.corpus.cleaning import clean, is_simplified, normalise, traditional_share
from benchmark.tasks.corpus.sources import Source, address, find, hash_of
from benchmark.tasks.corpus.vocabulary import UNKNOWN, Token, build, encode
from benchmark.tasks.corpus.words import AUTO, TOKENIZERS, common_characters, cut, suited, writable_cache

DEFAULT_VOCABULARY = 4096
SMALLEST_VOCABULARY = 64
MENTIONED = 0.1  # share of traditional characters from which the notes mention them
PROBE_WORDS = range(16, 25)

Ids = NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class CorpusInfo:
    """The figures that `list corpora` shows, and counts of what was normalised in the text."""

    name: str
    license: str
    source: str
    content_hash: str
    tokenizer: str
    chapters: int
    characters: int  # of the whole normalised text
    words: int  # of the whole text, as cut by the tokenizer
    types: int  # distinct words
    tokens: int  # of the whole text
    unknown_rate: float  # share of <unk> among the held-out tokens
    characters_per_token: float  # of the held-out text
    traditional: float | None  # share of traditional among characters specific to one script; None: not Chinese
    joined_lines: int  # line ends of a hard-wrapped text that do not end a paragraph
    full_width_spaces: int
    private_use: int  # characters that have a meaning only in one font
    invisible: int  # characters removed
    look_alikes: int  # characters replaced by those that look the same
    composed: int  # accents that became one character with their letter
    reading: tuple[str, ...]  # notes on how the text was read and divided

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on the text, for people."""
        share = self.traditional or 0.0
        notes = (
            (share >= MENTIONED, f"traditional Chinese ({share:.0%} of the characters specific to one script)"),
            (self.joined_lines, f"{self.joined_lines:,} wrapped lines joined"),
            (self.full_width_spaces, f"{self.full_width_spaces:,} full-width spaces normalised"),
            (self.private_use, f"{self.private_use:,} private-use characters replaced"),
            (self.invisible, f"{self.invisible:,} invisible characters removed"),
            (self.look_alikes, f"{self.look_alikes:,} look-alike characters replaced (Kangxi radicals and their like)"),
            (self.composed, f"{self.composed:,} accents joined to their letters"),
        )
        return (*(note for found, note in notes if found), *self.reading)


@dataclass(frozen=True, kw_only=True, eq=False)
class Corpus:
    """Token ids of the training chapters and of the held-out chapters, each in text order."""

    info: CorpusInfo
    vocabulary: tuple[str, ...]  # id -> word; id 0 is <unk>
    train: Ids  # [tokens]
    held_out: Ids  # [tokens]
    encoded: Mapping[str, tuple[list[int], list[str]]]  # the probe sentence -> its ids and words, cut in advance

    @cached_property
    def ids(self) -> dict[str, int]:
        """Word -> id."""
        return {word: place for place, word in enumerate(self.vocabulary) if place != UNKNOWN}

    def encode(self, text: str) -> tuple[Ids, list[str]]:
        """The ids of a sentence, and the piece of text behind each id."""
        if text in self.encoded:
            ids, words = self.encoded[text]
            return np.array(ids, dtype=np.int32), words
        tokens = encode(self._cut(text), self.ids)
        return _ids(tokens), [token.text for token in tokens]

    def spelled(self, text: str) -> list[str]:
        """The words of a sentence that are read one character at a time, because they have no id."""
        words = (word for word in self._cut(text) if word not in self.ids)
        return [word for word in dict.fromkeys(map(str.strip, words)) if len(word) > 1]

    def without_id(self, text: str) -> list[str]:
        """The characters of a sentence that are read as <unk>."""
        words = (word for word in self._cut(text) if word not in self.ids)
        return list(dict.fromkeys(letter for word in words for letter in word if letter not in self.ids))

    def _cut(self, text: str) -> list[str]:
        return cut(normalise(plain(text).text).removesuffix("\n"), self.info.tokenizer)


def load(text: str, vocabulary: int = DEFAULT_VOCABULARY, tokenizer: str = AUTO) -> Corpus:
    """The corpus of a name or path, cut by a tokenizer, with at most `vocabulary` ids."""
    if vocabulary < SMALLEST_VOCABULARY:
        raise UsageError(f"corpus:vocabulary is {vocabulary}, but must be at least {SMALLEST_VOCABULARY}")
    if tokenizer not in (AUTO, *TOKENIZERS):
        raise unknown("tokenizer", tokenizer, (AUTO, *TOKENIZERS))
    source = find(text)
    if tokenizer == AUTO:
        tokenizer = suited_to(source)
    path = file_of(source, vocabulary, tokenizer)
    cached = _read(path, source)
    if cached is not None:
        return cached
    made = _with_probe(_tokenised(source, vocabulary, tokenizer))
    write_atomically(path, _packed(made))
    return made


def file_of(source: Source, vocabulary: int, tokenizer: str) -> Path:
    """The cache file of a source that is cut by a tokenizer, other than "auto"."""
    return writable_cache() / f"{hash_of(source)}-{tokenizer}-{vocabulary}.npz"


def suited_to(source: Source) -> str:
    """The tokenizer that "auto" chooses for a source."""
    return suited("".join(source.chapters))


def _with_probe(corpus: Corpus) -> Corpus:
    """Cut the probe sentence in advance: jieba takes half a second to read its dictionary, in every worker."""
    text = probe_sentence(corpus)
    ids, words = corpus.encode(text)
    return replace(corpus, encoded={text: (ids.tolist(), words)})


def describe(text: str, tokenizer: str = AUTO, encoding: str | None = None) -> CorpusInfo:
    """The figures of a corpus, at the default vocabulary."""
    return load(address(text, encoding), tokenizer=tokenizer).info


def probe_sentence(corpus: Corpus) -> str:
    """The first held-out sentence of 16 to 24 tokens, none unknown; failing that, the first 20 known tokens."""
    sentence: list[int] = []
    for token in corpus.held_out.tolist():
        word = corpus.vocabulary[token]
        sentence.append(token)
        if word in "。！？.!?\n":
            if (
                word != "\n"
                and len(sentence) in PROBE_WORDS
                and UNKNOWN not in sentence
                and _is_plain(sentence, corpus)
            ):
                return _text(sentence, corpus)
            sentence = []
    known = [token for token in corpus.held_out.tolist() if token != UNKNOWN and corpus.vocabulary[token] != "\n"]
    return _text(known[:20], corpus)


def _is_plain(sentence: Sequence[int], corpus: Corpus) -> bool:
    """True for a sentence without quotation marks: one cut out of direct speech may have half a pair."""
    return not set(_text(sentence, corpus)) & set('“”‘’《》"「」')


def _text(tokens: Sequence[int], corpus: Corpus) -> str:
    return "".join(corpus.vocabulary[token] for token in tokens).strip()


def _tokenised(source: Source, size: int, tokenizer: str) -> Corpus:
    cleaned = [clean(chapter) for chapter in source.chapters]
    texts = [made.text for made in cleaned]
    chapters = [cut(text, tokenizer) for text in texts]
    train, test = _flat(chapters[: -source.held_out]), _flat(chapters[-source.held_out :])
    traditional = traditional_share("".join(texts))
    vocabulary = build(train, size, _common(traditional))
    ids = {word: place for place, word in enumerate(vocabulary) if place != UNKNOWN}
    training, tokens = encode(train, ids), encode(test, ids)
    info = CorpusInfo(
        **_of(source),
        content_hash=hash_of(source),
        tokenizer=tokenizer,
        chapters=len(chapters),
        characters=sum(map(len, texts)),
        words=len(train) + len(test),
        types=len({*train, *test}),
        tokens=len(training) + len(tokens),
        unknown_rate=sum(token.id == UNKNOWN for token in tokens) / len(tokens),
        characters_per_token=sum(len(token.text) for token in tokens) / len(tokens),
        traditional=traditional,
        joined_lines=sum(made.joined_lines for made in cleaned),
        full_width_spaces=sum(made.full_width_spaces for made in cleaned),
        private_use=sum(made.private_use for made in cleaned),
    )
    return Corpus(info=info, vocabulary=vocabulary, train=_ids(training), held_out=_ids(tokens), encoded={})


def _of(source: Source) -> dict[str, Any]:
    """The facts that follow from where a text lies and how it was read; two files may hold the same text."""
    return {
        "name": source.name,
        "license": source.license,
        "source": source.origin,
        "invisible": source.invisible,
        "look_alikes": source.look_alikes,
        "composed": source.composed,
        "reading": source.notes,
    }


def _common(traditional: float | None) -> list[str]:
    """Common characters that a small Chinese text may lack; for a traditional text only those that both scripts share.

    None for a text in another language.
    """
    if traditional is None:
        return []
    return [each for each in common_characters() if traditional < 0.5 or not is_simplified(each)]


def _flat(chapters: Sequence[Sequence[str]]) -> list[str]:
    return [word for chapter in chapters for word in chapter]


def _ids(tokens: Sequence[Token]) -> Ids:
    return np.array([token.id for token in tokens], dtype=np.int32)


def _packed(corpus: Corpus) -> bytes:
    texts = json.dumps(
        {"info": asdict(corpus.info), "vocabulary": corpus.vocabulary, "encoded": corpus.encoded}
    ).encode()
    buffer = io.BytesIO()
    np.savez(buffer, train=corpus.train, held_out=corpus.held_out, texts=np.frombuffer(texts, dtype=np.uint8))
    return buffer.getvalue()


def _read(path: Path, source: Source) -> Corpus | None:
    """The corpus in a cache file; None if the file is absent or damaged, and the corpus must be built."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            texts = json.loads(arrays["texts"].tobytes())
            return Corpus(
                info=CorpusInfo(**texts["info"] | _of(source)),  # the same text may now have another name and form
                vocabulary=tuple(texts["vocabulary"]),
                train=arrays["train"],
                held_out=arrays["held_out"],
                encoded={text: (ids, words) for text, (ids, words) in texts["encoded"].items()},
            )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile):
        return None
