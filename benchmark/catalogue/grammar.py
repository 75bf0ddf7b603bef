"""How a list of encodings or tasks is cut: at commas into items, and an item at colons into its name and settings.

    rope:base=500000,fraction=0.25,mine.py        rope:base=500000:fraction=0.25   mine.py

A comma or colon inside the path of a file that exists belongs to the path: of a Python file, or of the text or folder
that a setting names. Full-width commas, colons and equals signs (，、：＝), as Chinese and Japanese keyboards type
them, are read as the ASCII ones.
"""

import re
from contextlib import suppress
from pathlib import Path

from benchmark.errors import UsageError

WIDE = str.maketrans("，、：＝", ",,:=")
BREAK = re.compile(r"\s*(?:[,:，、：]|$)")  # where the value of a setting may end
ENDS = re.compile(r"\.py(?=\s*(?:[,:，、：]|$))")  # where the path of a file may end


def items(text: str) -> list[str]:
    """The items of a list, stripped."""
    return [item.strip() for item in _cut(text, ",")]


def name_and_settings(item: str) -> tuple[str, list[str]]:
    """The name or path of an item, and its settings: "rope:base=3" is "rope" and ["base=3"]."""
    name, *settings = _cut(item, ":")
    return name, settings


def user_path(name: str) -> Path:
    """The path that a name means; "~" is the home folder, as no shell expands it inside a list."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        raise UsageError(f"{name!r}: no such user's home folder; write the whole path") from None


def is_path(name: str) -> bool:
    """True of a name that is spelled like the path of a file."""
    return name.endswith(".py") or "/" in name or "\\" in name


def is_file(name: str) -> bool:
    """True if a name is the path of a file."""
    with suppress(OSError, ValueError, UsageError):  # too long, with a null character, of an unknown user
        return user_path(name).is_file()
    return False


def _cut(text: str, separator: str) -> list[str]:
    parts, place = [""], 0
    while place < len(text):
        before = text[place - 1 : place].translate(WIDE)
        end = _end_of_file(text, place) if before in ",:=" else None
        if end is None and before == "=":
            end = _end_of_text(text, place)
        if end is not None:
            parts[-1] += text[place:end]
            place = end
            continue
        character = text[place].translate(WIDE)
        if character == separator:
            parts.append("")
        else:
            parts[-1] += character
        place += 1
    return parts


def _end_of_file(text: str, start: int) -> int | None:
    """Where the path of a file that begins at a place ends; None if none does."""
    ends = (match.end() for match in ENDS.finditer(text, start))
    return next((end for end in ends if is_file(text[start:end].strip())), None)


def _end_of_text(text: str, start: int) -> int | None:
    """Where the path of a text or folder ends that is the value of a setting; the longest path that exists."""
    ends = [match.start() for match in BREAK.finditer(text, start)]
    return next((end for end in reversed(ends) if end > start and _exists(text[start:end])), None)


def _exists(name: str) -> bool:
    with suppress(OSError, ValueError, UsageError):
        return user_path(name).exists()
    return False
