"""A worker process as its owner sees it: the cell it holds, its orders, and what it reports."""

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from benchmark.errors import UsageError
from benchmark.experiments.plan import Cell

# By default glibc returns the memory of each step's logits to the system and faults it in again at the next step, which
# costs a fifth of a language step (93 against 72 ms, measured). Other C libraries ignore these variables.
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**36), "MALLOC_TOP_PAD_": str(2**26)}

# Seconds that a worker gets to load its libraries, and to build each encoding and task, if cells have a time limit.
STARTING_SECONDS = 60.0
PATIENCE_SECONDS = 600.0  # the same, if they have none: a large text takes minutes to read


@dataclass
class WorkerProcess:
    """A worker process and the cell it holds."""

    process: "subprocess.Popen[bytes]"
    log: IO[bytes]  # its stderr: the reason, if it dies
    cell: Cell | None = None
    pending: bytes = b""  # the beginning of a line that has not arrived in full
    started: float | None = None  # when its cell started, by time.monotonic
    trained: bool = False  # it has trained this cell
    resumed: bool = False  # the training continued from a checkpoint
    overdue: bool = False  # it was killed because its cell took too long

    @classmethod
    def start(cls, module: str, arguments: Sequence[str], environment: Mapping[str, str]) -> "WorkerProcess":
        """Run a module as a process that takes orders as lines of JSON."""
        package = str(Path(__file__).parents[2])  # where `benchmark` is imported from
        paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
        # A file rather than a pipe: a worker must not block because nobody reads its stderr.
        log = tempfile.TemporaryFile()  # lives as long as the worker
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, **environment, "PYTHONPATH": os.pathsep.join(paths)},
            start_new_session=True,  # Ctrl-C reaches only the parent
        )
        return cls(process=process, log=log)

    @classmethod
    def start_worker(
        cls, results: Path, memory_bytes: int, threads: int, environment: Mapping[str, str] | None = None
    ) -> "WorkerProcess":
        """Start a worker that trains; a memory limit of 0 is none."""
        kept = {name: os.environ.get(name, value) for name, value in KEEP_MEMORY.items()}
        around = {**kept, **(environment or {}), "OMP_NUM_THREADS": str(threads)}
        return cls.start("benchmark.experiments.worker", [str(results), str(memory_bytes)], around)

    @property
    def output(self) -> IO[bytes]:
        """The stream that it reports on."""
        assert self.process.stdout is not None
        return self.process.stdout

    def take(self, cell: Cell | None) -> None:
        """Hold another cell, or none."""
        self.cell, self.started, self.trained, self.resumed = cell, None, False, False

    def send(self, **order: Any) -> None:
        """Send an order; if the worker is gone, its owner notices when its output ends."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write((json.dumps(order) + "\n").encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def lines(self) -> list[dict[str, Any]] | None:
        """The messages that have arrived since the last call; None once its output has ended."""
        chunk = os.read(self.output.fileno(), 65536)
        if not chunk:
            return None
        *whole, self.pending = (self.pending + chunk).split(b"\n")
        return [json.loads(line) for line in whole]

    def check(self, cells: Sequence[Any], device: str, cell_timeout: float | None) -> None:
        """Have it build every encoding and task of some cells, given as JSON.

        Raises UsageError for what cannot work, and for code that neither returns nor raises within a time.
        """
        self.send(do="check", cells=cells, device=device)
        patience = PATIENCE_SECONDS if cell_timeout is None else max(cell_timeout, STARTING_SECONDS)
        built = "torch"
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.output, selectors.EVENT_READ)
            while waiting.select(patience):
                lines = self.lines()
                if lines is None:
                    raise ChildProcessError(f"{self.epitaph()}; it was building {built}")
                for line in lines:
                    if line["event"] == "refused":
                        raise UsageError(line["reason"])
                    if line["event"] == "checked":
                        return
                    built = line.get("what", built)
        raise UsageError(
            f"building {built} took longer than {patience:g} seconds: does its code block, or loop for ever? "
            "If it is only slow, allow more with --cell-timeout"
        )

    def note(self, event: str) -> None:
        """Update the state of its cell after an event."""
        if event == "started":
            self.started = time.monotonic()
        self.trained |= event == "progress"
        self.resumed |= event == "resumed"

    @property
    def whole_seconds(self) -> float | None:
        """Seconds since its cell started; None unless it trained that cell from the first step on."""
        whole = self.trained and not self.resumed
        return time.monotonic() - self.started if whole and self.started is not None else None

    def close(self) -> None:
        """Close the streams of a process that has ended."""
        for stream in (self.process.stdin, self.process.stdout, self.log):
            if stream is not None:
                with suppress(BrokenPipeError):  # an order that nobody will read
                    stream.close()

    def end(self) -> None:
        """Kill it, with any processes it started."""
        if self.process.poll() is None:  # otherwise its id may belong to another process by now
            os.killpg(self.process.pid, signal.SIGKILL)

    def epitaph(self) -> str:
        """Why it died, in one line."""
        code = self.process.wait()
        self.log.seek(0)
        last = self.log.read().decode(errors="replace").strip().splitlines()[-1:]
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        if code == -9:
            how += " (killed; out of memory?)"
        return f"the worker died: {how}" + (f": {last[0]}" if last else "")
