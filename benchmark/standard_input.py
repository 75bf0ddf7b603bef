"""No standard input for user code: what would wait for a person fails at once, with a reason that names the cause.

`input()`, `sys.stdin.read()`, `breakpoint()` and debuggers raise an error; descriptor 0, which libraries and child
processes read directly, is the empty device.
"""

import builtins
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

REASON = "reads standard input, which workers do not have: remove input(), breakpoint() and sys.stdin from the code"


class NoInputError(RuntimeError):
    """An attempt to read standard input."""


class _NoInput(io.TextIOBase):
    """A standard input that refuses to be read."""

    encoding = "utf-8"
    errors = "strict"

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 0

    @property
    def buffer(self) -> NoReturn:
        refuse()

    def read(self, *_: Any) -> NoReturn:
        refuse()

    def readline(self, *_: Any) -> NoReturn:
        refuse()

    def __next__(self) -> NoReturn:
        refuse()


def refuse(*_: Any, **__: Any) -> NoReturn:
    """Raise NoInputError, whatever the arguments."""
    raise NoInputError(REASON)


@contextmanager
def no_standard_input() -> Iterator[None]:
    """Refuse standard input to this process for a while."""
    before: tuple[Any, Callable[..., Any], Callable[..., Any]] = sys.stdin, sys.breakpointhook, builtins.input
    kept = _empty_descriptor()
    sys.stdin, sys.breakpointhook, builtins.input = _NoInput(), refuse, refuse  # `input` would print its prompt first
    try:
        yield
    finally:
        sys.stdin, sys.breakpointhook, builtins.input = before
        if kept is not None:
            os.dup2(kept, 0)
            os.close(kept)


def _empty_descriptor() -> int | None:
    """Point descriptor 0 at the empty device; a copy of what it was, None if it was closed."""
    try:
        kept = os.dup(0)
    except OSError:
        kept = None
    empty = os.open(os.devnull, os.O_RDONLY)
    if empty != 0:
        os.dup2(empty, 0)
        os.close(empty)
    return kept
