"""Words of a text, cut in one of three ways.

jieba        Chinese words, and those of Latin letters; other scripts it cuts into single characters
char         every character on its own, in any script
whitespace   for scripts with spaces: words with the space before them, marks apart (a clause in one with none)

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
AUTO = "auto"  # the one that suits a text
MOST_TO_A_SPACE = 15  # characters, where there are spaces between words
# A word, with the space before it; within it an apostrophe or a hyphen between letters. Then marks, and the rest.
PIECE = re.compile(r" ?w+(?:jw+)*| ?[mj]|.", re.S)


def cache_folder() -> Path:
    """Where tokenised corpora and jieba's dictionary are kept; the environment can name another folder."""
    given = os.environ.get("POSITION_BENCHMARK_CACHE")
    return Path(given).expanduser() if given else Path(platformdirs.user_cache_dir("position-benchmark"))


def writable_cache() -> Path:
    """The cache folder, made if need be, and proven to take files."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise UsageError(
            f"the cache folder {str(folder)!r} cannot be written ({error.strerror}); "
            f"set POSITION_BENCHMARK_CACHE to a folder that can"
        ) from None


def suited(text: str) -> str:
    """The tokenizer for a text: jieba for Chinese, words where there are spaces between them, else characters."""
    if is_chinese(text):
        return "jieba"
    return "whitespace" if len(text) <= MOST_TO_A_SPACE * text.count(" ") else "char"


def cut(text: str, tokenizer: str = "jieba") -> list[str]:
    """The words of a text; joined, they give the text again."""
    if tokenizer == "jieba":
        words: list[str] = _jieba().lcut(text)
        return words
    if tokenizer == "char":
        return list(text)
    if tokenizer == "whitespace":
        return [text[piece.start() : piece.end()] for piece in PIECE.finditer(text.translate(_Kinds()))]
    raise unknown("tokenizer", tokenizer, TOKENIZERS)


class _Kinds(dict[int, str]):
    """The kind of each character: w of a word, j may join letters, m a mark; white space stands for itself."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        kind = "j" if character in "'’-" else "m" if unicodedata.category(character)[0] in "PS" else "w"
        self[code] = character if character.isspace() else kind
        return self[code]


def common_characters() -> list[str]:
    """The characters of jieba's own dictionary, the most frequent first: it knows nothing of the corpus."""
    jieba = _jieba()
    jieba.initialize()
    characters = [word for word, frequency in jieba.FREQ.items() if len(word) == 1 and frequency]
    return sorted(characters, key=lambda character: (-jieba.FREQ[character], character))


@cache
def _jieba() -> Any:
    """A tokenizer of our own: nobody's user dictionary, and its cache in our folder rather than in the shared /tmp."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jieba's own syntax and imports warn on recent Pythons
        import jieba  # type: ignore[import-untyped]
    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    tokenizer.tmp_dir = str(writable_cache())
    tokenizer.cache_file = f"jieba-{version('jieba')}.cache"
    return tokenizer
