"""Timed work in processes of its own: what such a process reports, or how long it takes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmark.experiments.process import KEEP_MEMORY


def told(what: str, module: Sequence[str], text: str = "", *, threads: int = 1) -> Iterator[Any]:
    """Run a module on a text, with a worker's memory settings, and yield the lines of JSON that it writes."""
    with subprocess.Popen(
        [sys.executable, "-m", *module],
        env={**KEEP_MEMORY, **surroundings(), "OMP_NUM_THREADS": str(threads)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # a process that died: its exit code is checked below
            process.stdin.write(text)
            process.stdin.close()
        yield from map(json.loads, process.stdout or ())
    refuse_failure(what, process.returncode)


def wall(module: Sequence[str], text: str) -> float:
    """Wall-clock seconds of a module run as a process on a text, from its start to its end."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", *module], input=text, env=surroundings(), stdout=subprocess.DEVNULL, encoding="utf-8"
    )
    seconds = time.perf_counter() - started
    refuse_failure(module[0], done.returncode)
    return seconds


def surroundings() -> dict[str, str]:
    """The environment of a process that finds this package, with torch's default number of threads."""
    package = str(Path(__file__).parents[2])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    others = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    return {**others, "PYTHONPATH": os.pathsep.join(paths)}


def refuse_failure(what: str, code: int) -> None:
    """Raise ChildProcessError for a process that failed; its own message is on the error stream already."""
    if code:
        raise ChildProcessError(f"{what} failed (exit code {code}); see above")
