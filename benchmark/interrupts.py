"""Tell a real Ctrl-C from a KeyboardInterrupt that user code raises itself."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn


class Interrupt(KeyboardInterrupt):
    """A real Ctrl-C."""


def interrupt(*_: object) -> NoReturn:
    """Handle the signal of a Ctrl-C."""
    raise Interrupt


@contextmanager
def known_interrupts() -> Iterator[None]:
    """Have a Ctrl-C raise `Interrupt`, so that any other KeyboardInterrupt is known to come from user code."""
    usual = signal.getsignal(signal.SIGINT)
    if usual is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)


def pass_on(error: BaseException) -> None:
    """Raise an exception again if it is, or may be, a real Ctrl-C; any other is a failure of user code."""
    unknown = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if isinstance(error, Interrupt) or (unknown and isinstance(error, KeyboardInterrupt)):
        raise error
