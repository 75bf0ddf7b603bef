"""Tokenizers: three ways to cut a text into words.

jieba        Chinese words and words of Latin letters; other scripts are cut into single characters
char         every character on its own, in any script
whitespace   for scripts with spaces: words with their preceding space, and punctuation (without spaces, whole clauses)

It's dark, he said    jieba       It ' s _ dark , _ he _ said        (_ is a space)
                      char        I t ' s _ d a r k , _ h e _ s a i d
                      whitespace  It's _dark , _he _said
"""

import logging
import os
import re
import tempfile
import unicodedata
import warnings
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import platformdirs

from benchmark.errors import UsageError, unknown
from benchmark.tasks.corpus.cleaning import is_chinese

TOKENIZERS = ("jieba", "char", "whitespace")
AUTO = "auto"  # chosen by the text
MOST_TO_A_SPACE = 15  # most characters per space in a script with spaces between words
# A word with its preceding space, including apostrophes and hyphens between letters. Then punctuation, then the rest.
PIECE = re.compile(r" ?w+(?:jw+)*| ?[mj]|.", re.S)


def cache_folder() -> Path:
    """The folder of tokenised corpora and jieba's dictionary; POSITION_BENCHMARK_CACHE overrides the default."""
    given = os.environ.get("POSITION_BENCHMARK_CACHE")
    return Path(given).expanduser() if given else Path(platformdirs.user_cache_dir("position-benchmark"))


def writable_cache() -> Path:
    """The cache folder, created if needed and tested for writing."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise UsageError(
            f"the cache folder {str(folder)!r} is not writable ({error.strerror}); "
            f"set POSITION_BENCHMARK_CACHE to a writable folder"
        ) from None


def suited(text: str) -> str:
    """The tokenizer that suits a text: jieba for Chinese, whitespace where words have spaces, else char."""
    if is_chinese(text):
        return "jieba"
    return "whitespace" if len(text) <= MOST_TO_A_SPACE * text.count(" ") else "char"


def cut(text: str, tokenizer: str = "jieba") -> list[str]:
    """The words of a text; joined, they reproduce it."""
    if tokenizer == "jieba":
        words: list[str] = _jieba().lcut(text)
        return words
    if tokenizer == "char":
        return list(text)
    if tokenizer == "whitespace":
        return [text[piece.start() : piece.end()] for piece in PIECE.finditer(text.translate(_Kinds()))]
    raise unknown("tokenizer", tokenizer, TOKENIZERS)


class _Kinds(dict[int, str]):
    """The kind of each character: w for word, j for one that may join letters, m for mark; white space is kept."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        kind = "j" if character in "'’-" else "m" if unicodedata.category(character)[0] in "PS" else "w"
        self[code] = character if character.isspace() else kind
        return self[code]


def common_characters() -> list[str]:
    """The characters of jieba's own dictionary, most frequent first; they do not depend on the corpus."""
    jieba = _jieba()
    jieba.initialize()
    characters = [word for word, frequency in jieba.FREQ.items() if len(word) == 1 and frequency]
    return sorted(characters, key=lambda character: (-jieba.FREQ[character], character))


@cache
def _jieba() -> Any:
    """A private tokenizer: no user dictionary, and its cache in our folder instead of the shared /tmp."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jieba's syntax and imports raise warnings on recent Pythons
        import jieba  # type: ignore[import-untyped]
    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    tokenizer.tmp_dir = str(writable_cache())
    tokenizer.cache_file = f"jieba-{version('jieba')}.cache"
    return tokenizer
