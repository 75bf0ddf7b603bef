"""Words of a text, cut by jieba.

White space is made uniform first: a blank line, or an indented line, begins a paragraph, and a paragraph ends in one
line feed, which is a word; a line wrapped within a paragraph is joined to the next. Any other run of white space
(full-width spaces too) becomes nothing beside a Chinese character, and one space elsewhere.
jieba knows Chinese words and those of Latin letters; other scripts it cuts into single characters.
"""

import logging
import os
import re
import tempfile
import warnings
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import platformdirs

from benchmark.errors import UsageError

PARAGRAPH = re.compile(r"\n(?:\s*\n| *[\t\u3000]| {2})\s*")
SPACE = re.compile(r"\s+")
# Chinese and Japanese characters, their punctuation and full-width forms: scripts without spaces (Korean has them).
WIDE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff]")


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


def normalise(text: str) -> str:
    """White space made uniform: paragraphs that each end in one line feed."""
    paragraphs = (_joined(paragraph) for paragraph in PARAGRAPH.split(text.strip()))
    return "".join(f"{paragraph}\n" for paragraph in paragraphs if paragraph)


def _joined(paragraph: str) -> str:
    paragraph = paragraph.strip()

    def between(match: re.Match[str]) -> str:
        before, after = paragraph[match.start() - 1], paragraph[match.end()]
        return "" if WIDE.match(before) or WIDE.match(after) else " "

    return SPACE.sub(between, paragraph)


def cut(text: str) -> list[str]:
    """The words of a text; joined, they give the text again."""
    words: list[str] = _jieba().lcut(text)
    return words


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
