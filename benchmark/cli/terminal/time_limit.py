"""A time limit for code that a user's file runs in this process: past it, the process ends with one line.

A thread keeps the time and ends the process itself: no exception that the file's own code could catch, and it also
ends a call that is waiting for something.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click

from benchmark.cli.terminal.options import Seconds

SECONDS = 300.0
EXIT = os._exit

time_limit = click.option(
    "--timeout",
    type=Seconds(),
    default=SECONDS,
    show_default=True,
    help="Seconds after which the check of one of them is given up.",
)


@contextmanager
def within(seconds: float, what: str) -> Iterator[None]:
    """Print an error and end the process with exit code 2 unless the work inside is done in time.

    An `os._exit` of the work itself is a SystemExit, which can be reported.
    """
    watch = threading.Timer(min(seconds, threading.TIMEOUT_MAX), _end, (seconds, what))
    watch.daemon = True
    watch.start()
    owner = os.getpid()

    def refuse(status: int) -> NoReturn:
        if os.getpid() != owner:  # a child process may end as it likes
            EXIT(status)
        raise SystemExit(f"os._exit({status}) would end the whole process")

    os._exit = refuse
    try:
        yield
    finally:
        os._exit = EXIT
        watch.cancel()


def _end(seconds: float, what: str) -> None:
    message = (
        f"error: {what} took longer than {seconds:g} seconds: does its code loop for ever, or wait for something? "
        "If it is only slow, allow more with --timeout\n"
    )
    os.write(2, message.encode(sys.stderr.encoding or "utf-8", "replace"))
    EXIT(2)
