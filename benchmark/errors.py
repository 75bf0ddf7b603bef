"""The one error that a user's own input can cause: it is shown as a single line, with exit code 2. Others in a line."""

import difflib
from collections.abc import Iterable


def first_line(error: BaseException) -> str:
    """What an error says, in its first line; its kind if it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


class UsageError(ValueError):
    """What was given, what is allowed, and what to do, in one line."""


def unknown(kind: str, given: str, known: Iterable[str], remedy: str = "") -> UsageError:
    """The error for a name that nobody registered, with the nearest known name when there is one."""
    names = sorted(known)
    near = difflib.get_close_matches(given.lower(), names, n=1, cutoff=0.5)
    guess = f"; did you mean {near[0]!r}?" if near else "."
    tail = f" {remedy}" if remedy else ""
    return UsageError(f"unknown {kind} {given!r}{guess} Known: {', '.join(names) or 'none'}.{tail}")
