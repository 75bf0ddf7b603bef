"""The parts that a cell's work consists of, and a stopwatch for them.

    @part("rows")
    def rows(...): ...

    with stopwatch() as seconds:
        ...                        # seconds["rows"] is the processor time of all calls of `rows`

No part is called within another. While no stopwatch runs, a part costs one look at a variable per call.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Literal, ParamSpec, TypeVar, get_args

Part = Literal["gradients", "optimiser", "rows", "evaluation", "a look inside"]
PARTS: tuple[Part, ...] = get_args(Part)

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_seconds: ContextVar[dict[str, float] | None] = ContextVar("seconds", default=None)


def part(name: Part) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Count a function's processor time towards a part while a stopwatch runs."""

    def timed(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        @wraps(function)
        def call(*arguments: Arguments.args, **options: Arguments.kwargs) -> Result:
            seconds = _seconds.get()
            if seconds is None:
                return function(*arguments, **options)
            started = time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                seconds[name] += time.process_time() - started

        return call

    return timed


@contextmanager
def stopwatch() -> Iterator[dict[str, float]]:
    """Seconds of processor time by part, counted inside the context."""
    seconds: dict[str, float] = dict.fromkeys(PARTS, 0.0)
    token = _seconds.set(seconds)
    try:
        yield seconds
    finally:
        _seconds.reset(token)
