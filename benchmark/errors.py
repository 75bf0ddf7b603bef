"""The error for a mistake in the user's input, shown as one line with exit code 2; and other errors in one line."""

import difflib
from collections.abc import Iterable


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or its type if it has none."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


class UsageError(ValueError):
    """A message in one line: what was given, what is allowed, and what to do."""


def unknown(kind: str, given: str, known: Iterable[str], remedy: str = "") -> UsageError:
    """The error for an unknown name, suggesting the nearest known one if there is any."""
    names = sorted(known)
    near = difflib.get_close_matches(given.lower(), names, n=1, cutoff=0.5)
    guess = f"; did you mean {near[0]!r}?" if near else "."
    tail = f" {remedy}" if remedy else ""
    return UsageError(f"unknown {kind} {given!r}{guess} Known: {', '.join(names) or 'none'}.{tail}")
