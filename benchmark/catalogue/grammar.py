"""How a list of encodings or tasks is cut: at commas into items, and an item at colons into its name and settings.

    rope:base=500000,fraction=0.25,mine.py        rope:base=500000:fraction=0.25   mine.py

An item whose setting has several values, separated by "|", is a sweep: it stands for one item per value, and for every
combination where several settings have several.

    rope:base=1e3|1e5:fraction=0.25|1             rope:base=1e3:fraction=0.25   rope:base=1e3:fraction=1
                                                  rope:base=1e5:fraction=0.25   rope:base=1e5:fraction=1

A comma, colon or bar inside the path of a file that exists belongs to the path: of a Python file, or of the text or
folder that a setting names. Full-width commas, colons, bars and equals signs (，、：｜＝), as Chinese and Japanese
keyboards type them, are read as the ASCII ones.
"""

import math
import re
from contextlib import suppress
from itertools import product
from pathlib import Path

from benchmark.errors import UsageError, echo

MOST_VARIANTS = 64  # of one item
WIDE = str.maketrans("，、：｜＝", ",,:|=")
BREAK = re.compile(r"\s*(?:[,:|，、：｜]|$)")  # where the value of a setting may end
ENDS = re.compile(r"\.py(?=\s*(?:[,:|，、：｜]|$))")  # where the path of a file may end


def items(text: str) -> list[str]:
    """The items of a list, stripped."""
    return [item.strip() for item in _cut(text, ",")]


def name_and_settings(item: str) -> tuple[str, list[str]]:
    """The name or path of an item, and its settings: "rope:base=3" is "rope" and ["base=3"]."""
    name, *settings = _cut(item, ":")
    return name, settings


def variants(item: str) -> list[str]:
    """The items that a sweep stands for, in the order of its values; any other item stands for itself."""
    name, settings = name_and_settings(item)
    values = [_values(setting, item) for setting in settings]
    count = math.prod(map(len, values))
    if count > MOST_VARIANTS:
        raise UsageError(
            f"{echo(item)} is a sweep of {count:,} variants, but one item may have at most {MOST_VARIANTS}: "
            "name fewer values"
        )
    return [item] if count == 1 else [":".join((name, *chosen)) for chosen in product(*values)]


def _values(setting: str, item: str) -> list[str]:
    """A setting with each of its values: "base=1e3|1e4" is "base=1e3" and "base=1e4"."""
    first, *others = (part.strip() for part in _cut(setting, "|"))
    key, _, value = first.partition("=")
    if others and not all((value.strip(), *others)):
        raise UsageError(f"{echo(item)} has an empty value: separate the values of a sweep with single bars, 1e3|1e4")
    return [first, *(f"{key}={other}" for other in others)]


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
        end = _end_of_file(text, place) if before in ",:|=" else None
        if end is None and before in ("|", "="):
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
