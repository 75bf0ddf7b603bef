"""The error for a mistake in the user's input, shown as one line with exit code 2; and other errors in one line."""

import difflib
import re
from collections.abc import Iterable

ECHOED = 60  # characters of a value that the user gave, in an error


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or its type if it has none."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def echo(given: object) -> str:
    """A value that the user gave, as Python writes it; the middle of a long one gives way to an ellipsis."""
    text = repr(given)
    return text if len(text) <= ECHOED else f"{text[: ECHOED - 20]}…{text[-19:]}"


class UsageError(ValueError):
    """A message in one line: what was given, what is allowed, and what to do."""


def nearest(given: str, names: Iterable[str]) -> str | None:
    """The name most like a given one; None if none is."""
    near = difflib.get_close_matches(given[:ECHOED].lower(), sorted(names), n=1, cutoff=0.5)
    return near[0] if near else None


def unknown(kind: str, given: str, known: Iterable[str], remedy: str = "") -> UsageError:
    """The error for an unknown name, suggesting the nearest known one if there is any."""
    names = sorted(known)
    near = nearest(given, names)
    guess = f"; did you mean {near!r}?" if near else "."
    tail = f" {remedy}" if remedy else ""
    return UsageError(f"unknown {kind} {echo(given)}{guess} Known: {', '.join(names) or 'none'}.{tail}")


def storable(text: str) -> str:
    """A text with an escape for each byte that is not UTF-8, as the name of a file may have."""
    return text.encode("utf-8", "backslashreplace").decode()


def is_storable(text: str) -> bool:
    """True if a record can hold a text: the name of a file may have bytes that are not UTF-8."""
    return not re.search("[\ud800-\udfff]", text)


def refuse_undecodable(what: str, text: str) -> None:
    """Raise UsageError for a text that no record can hold."""
    if not is_storable(text):
        raise UsageError(
            f"{what} is not valid UTF-8: {storable(text)[:200]}; rename the file or folder, or correct the text"
        )
