"""The vocabulary: which words and characters get an id.

    id 0            <unk>
    at most 7/8     the most frequent characters of the training text, until COVERAGE of it can be spelled; for a small
                    text, which lacks many characters of its held-out chapters, then those of jieba's own dictionary
    the rest        the most frequent words of two or more characters in the training text, then its other characters

A word with an id is one token; any other word is spelled, one token per character; a character without an id is <unk>.
Whether a text is small follows from the training chapters by the Good-Turing estimate: the probability that the next
character is new is about the share of characters that occurred once.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

UNKNOWN = 0  # the id of <unk>
UNKNOWN_WORD = "<unk>"
COVERAGE = 0.999  # share of the training text's characters that can be spelled
NEW_CHARACTERS = 0.005  # a text is small if its expected share of new characters is higher


class Token(NamedTuple):
    """An id, and the piece of text behind it."""

    id: int
    text: str


def build(words: Sequence[str], size: int, common: Iterable[str]) -> tuple[str, ...]:
    """The vocabulary of the training words, at most `size` entries; a small text also gets `common` characters."""
    characters = Counter(chain.from_iterable(words))
    spare = common if _is_small(characters) else ()
    spelling = list(dict.fromkeys(chain(_spelling(characters), spare)))[: (size - 1) * 7 // 8]
    longer = Counter(word for word in words if len(word) > 1)
    ranked = list(dict.fromkeys(chain(spelling, _ranked(longer), _ranked(characters))))
    return (UNKNOWN_WORD, *ranked[: size - 1])


def encode(words: Iterable[str], ids: dict[str, int]) -> list[Token]:
    """The tokens of words; an <unk> keeps the character it replaces as its text."""
    tokens = []
    for word in words:
        if word in ids:
            tokens.append(Token(ids[word], word))
        else:
            tokens.extend(Token(ids.get(character, UNKNOWN), character) for character in word)
    return tokens


def _spelling(characters: Counter[str]) -> list[str]:
    """The fewest characters that make up COVERAGE of the text, most frequent first."""
    wanted = COVERAGE * characters.total()
    spelled = 0
    chosen = []
    for character in _ranked(characters):
        if spelled >= wanted:
            break
        spelled += characters[character]
        chosen.append(character)
    return chosen


def _is_small(characters: Counter[str]) -> bool:
    once = sum(count == 1 for count in characters.values())
    return once > NEW_CHARACTERS * characters.total()


def _ranked(counts: Counter[str]) -> list[str]:
    """Items by frequency, most frequent first; ties by code point, so the order is the same on every machine."""
    return sorted(counts, key=lambda item: (-counts[item], item))
