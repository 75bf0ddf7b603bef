"""The log that `-v` and `--log-file` ask for, and what `-v` and `-q` mean for a verb's display.

Results go to standard output, and so does progress, in the form that `--display` names. The log is another stream: a
line per step, with its time, on standard error (-v) or in a file (--log-file). `-q` means `--display none`, for verbs
that have that option. With -v, the display is plain unless named, since log lines would tear a live one apart.
"""

import logging
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from benchmark import __version__
from benchmark.errors import UsageError

LOG = logging.getLogger("benchmark")
LEVELS = (logging.CRITICAL, logging.INFO, logging.DEBUG)  # by how often -v is given
FORM = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S")


@contextmanager
def logged(verbosity: int, file: Path | None) -> Iterator[None]:
    """Log to standard error and to a file while a verb runs, from its command line to its end.

    The file is appended to and has everything, whatever the verbosity. Raises UsageError if it cannot be written.
    """
    handlers = [*([_terminal(verbosity)] if verbosity else []), *([_file(file)] if file is not None else [])]
    if not handlers:
        yield
        return
    before = LOG.level
    LOG.setLevel(min(handler.level for handler in handlers))
    for handler in handlers:
        handler.setFormatter(FORM)
        LOG.addHandler(handler)
    try:
        with _from_start_to_end():
            yield
    finally:
        LOG.setLevel(before)
        for handler in handlers:
            LOG.removeHandler(handler)
            handler.close()


@contextmanager
def _from_start_to_end() -> Iterator[None]:
    """Log the command line, and how it ends."""
    started = time.perf_counter()
    LOG.info("position-benchmark %s: %s", __version__, shlex.join(sys.argv[1:]))
    try:
        yield
    except click.exceptions.Exit as end:
        LOG.info("exit code %d after %.1f s", end.exit_code, time.perf_counter() - started)
        raise
    except BaseException as error:
        LOG.critical("%s: %s", type(error).__name__, error, exc_info=True)
        raise
    LOG.info("finished after %.1f s", time.perf_counter() - started)


def _terminal(verbosity: int) -> logging.Handler:
    handler = logging.StreamHandler()
    handler.setLevel(LEVELS[min(verbosity, len(LEVELS) - 1)])
    handler.addFilter(lambda record: record.levelno < logging.CRITICAL)  # the error itself is printed anyway
    return handler


class _File(logging.FileHandler):
    """A file that ends the verb when it cannot be written, as a full disk does for results; logging would go on."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Raise the error that is being handled."""
        raise


def _file(path: Path) -> logging.Handler:
    try:
        handler = _File(path, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--log-file {str(path)!r} cannot be written: {error.strerror}; name another file") from None
    handler.setLevel(logging.DEBUG)
    return handler


def display_of(command: click.Command, verbosity: int, *, quiet: bool) -> dict[str, str]:
    """The default of a verb's --display that -q or -v implies, by its parameter; {} for a verb without progress."""
    if not quiet and not verbosity:
        return {}
    implied = "none" if quiet else "plain"
    displays = [option for option in command.params if "--display" in option.opts]
    return {str(option.name): implied for option in displays if implied in getattr(option.type, "choices", ())}
