"""A text as a checkpoint reads it, and the documents that are cut from it.

    document i ends at the place  N - N v(i)  of N tokens,    v = 0, 1/2, 1/4, 3/4, 1/8, 5/8 ...

and what is read of it lies before its end, however much is asked for. So a document is the same in every run, whatever
lengths and however many documents a run has, and the first 2^k documents share no token up to length N / 2^k.

Source: van der Corput 1935 (the sequence v: the binary digits of i, mirrored at the point).
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.checkpoints.checkpoint import Checkpoint
from benchmark.errors import UsageError
from benchmark.tasks import corpus as corpora
from benchmark.tasks.corpus.cleaning import clean

CHINESE = 0.2  # of its letters, from which a text counts as Chinese


@dataclass(frozen=True, kw_only=True, eq=False)
class Text:
    """The tokens of a whole text."""

    name: str
    tokens: Int[Tensor, " time"]
    chinese: bool  # decides the language of prompts
    characters_per_token: float

    def before_end(self, document: int, count: int) -> Int[Tensor, " count"]:
        """The last `count` tokens before the end of a document."""
        end = len(self.tokens) - int(len(self.tokens) * mirrored(document))
        if end < count:
            raise ValueError(f"document {document} has {end} tokens before its end, but {count} are asked for")
        return self.tokens[end - count : end]

    def documents(self, length: int) -> int:
        """How many documents have so many tokens each, none of them in two."""
        rooms = len(self.tokens) // max(1, length)
        return 1 << (rooms.bit_length() - 1) if rooms else 0

    def check(self, documents: int, length: int) -> None:
        """Raise UsageError if the text is too short for so many documents of a length."""
        most = self.documents(length)
        if documents <= most:
            return
        rooms = 1 << (documents - 1).bit_length()
        fits = f"{most} document{'s' * (most != 1)} of that length fit" if most else "no document of that length fits"
        raise UsageError(
            f"{self.name} has {len(self.tokens):,} tokens, too few for {documents} documents of {length:,} that share "
            f"none: {fits}, or {documents} of up to {len(self.tokens) // rooms:,}; change --seeds, --lengths or "
            "--corpus"
        )


def mirrored(number: int) -> float:
    """The binary digits of a number, mirrored at the point: 1 -> 1/2, 2 -> 1/4, 3 -> 3/4."""
    value, place = 0.0, 0.5
    while number:
        value, number, place = value + place * (number & 1), number >> 1, place / 2
    return value


def is_chinese(text: str) -> bool:
    """True if a text is mostly written in Chinese characters."""
    letters = [each for each in text[:100_000] if each.isalpha()]
    return sum("\u4e00" <= each <= "\u9fff" for each in letters) > CHINESE * len(letters)


@lru_cache(maxsize=4)
def read(checkpoint: Checkpoint, address: str) -> Text:
    """The text at an address (`tasks/corpus/sources.py`), in a checkpoint's tokens."""
    source = corpora.find(address)
    text = "\n\n".join(clean(chapter).text for chapter in source.chapters)
    tokens = checkpoint.encode(text)
    return Text(
        name=source.name,
        tokens=tokens.to(torch.long),
        chinese=is_chinese(text),
        characters_per_token=len(text) / max(1, len(tokens)),
    )
