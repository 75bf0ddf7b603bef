"""Where cells run: worker processes on this machine, each with its own share of the cores.

The parent imports no torch: it plans, hands out cells (longest first, as `queue` has it), and passes on what workers
tell. A worker that dies, or is ended because its cell takes too long, takes that cell with it and nothing else: what
the cell lacks is recorded as failed, with the reason, and another worker takes its place. Memory is shared out like the
cores, all that the machine has: a worker that wants more than its share fails.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal

from benchmark.errors import UsageError
from benchmark.experiments.machine import cores, default_workers, memory_share, most_workers, on_gpu
from benchmark.experiments.plan import Cell, failures, missing
from benchmark.experiments.queue import LongestFirst
from benchmark.files import UnwritableError
from benchmark.results.environment import environment
from benchmark.results.lock import locked
from benchmark.results.record import Status, TrainRecord
from benchmark.results.store import Store

# glibc gives the logits of every step back to the system, and faults them in again at the next: a fifth of the time of
# a language step (93 against 72 ms, measured). Other C libraries do not know these names.
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**36), "MALLOC_TOP_PAD_": str(2**26)}
STARTING_SECONDS = 60.0  # that a worker has to load its libraries and make what is asked for, if a cell has a limit


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that a cell went through."""

    kind: Literal["started", "resumed", "progress", "measuring", "done"]
    cell: Cell
    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    status: Status | None = None
    reason: str | None = None


@dataclass
class Worker:
    """A worker process and the cell that it holds."""

    process: "subprocess.Popen[bytes]"
    log: IO[bytes]  # its stderr, for the reason if it dies
    cell: Cell | None = None
    pending: bytes = b""
    started: float | None = None  # when its cell did, by time.monotonic
    trained: bool = False  # it has trained that cell
    resumed: bool = False  # not from the first step on
    overdue: bool = False  # it was ended because of that

    def send(self, **order: Any) -> None:
        """Give an order; a worker that is gone is noticed when its output ends."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write((json.dumps(order) + "\n").encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def lines(self) -> list[dict[str, Any]] | None:
        """What it told since last asked; None once its output has ended."""
        assert self.process.stdout is not None
        chunk = os.read(self.process.stdout.fileno(), 65536)
        if not chunk:
            return None
        *whole, self.pending = (self.pending + chunk).split(b"\n")
        return [json.loads(line) for line in whole]

    def close(self) -> None:
        """Let go of the streams of a process that has ended."""
        for stream in (self.process.stdin, self.process.stdout, self.log):
            if stream is not None:
                with suppress(BrokenPipeError):  # an order that nobody will read
                    stream.close()

    def end(self) -> None:
        """Kill it, with whatever processes it started."""
        if self.process.poll() is None:  # else its id may be another's by now
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


@dataclass
class Pool:
    """Workers on this machine: by default a worker a core with one thread, and no limit to a cell's seconds."""

    store: Store
    device: str = "auto"
    workers: int | None = None
    cell_timeout: float | None = None  # seconds
    _running: list[Worker] = field(default_factory=list)
    _queue: LongestFirst = field(default_factory=LongestFirst)
    _busy: set[str] = field(default_factory=set)  # keys of cells that another run held when they were first tried
    _order: dict[str, Any] = field(default_factory=dict)  # what all orders share
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)  # of what workers tell

    def run(self, cells: Sequence[Cell], *, force: bool = False, retry_failed: bool = False) -> Iterator[Event]:
        """Do the cells, and tell of each as it goes.

        UsageError before anything runs if one of them cannot work; UnwritableError as soon as one cannot be stored.
        """
        if not cells:
            return
        since = datetime.now(UTC).isoformat() if retry_failed else None
        self._order = {"do": "run", "device": self.device, "force": force, "retry_since": since}
        with locked(self.store.folder(cells[0].train.key), wait=False):
            pass  # at once, rather than once the workers have started: where nothing can be written, nothing is tried
        count = min(self.workers or default_workers(self.device), len(cells))
        self._queue = LongestFirst(cells)
        try:
            self._running = [self._start() for _ in range(count)]
            self._check(cells)
            yield from self._serve()
        finally:
            self._stop()

    def _start(self) -> Worker:
        # By what was asked for and by the machine, not by what is left to do: two threads add up in another order than
        # one, and a run that is resumed for its last cell would give other last digits.
        threads = max(1, cores() // (self.workers or most_workers(self.device)))
        package = str(Path(__file__).parents[2])  # where `benchmark` is imported from
        paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
        # A file, not a pipe: nobody has to read it for the worker to go on.
        log = tempfile.TemporaryFile()  # lives as long as the worker
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmark.experiments.worker", str(self.store.root), str(self._share())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**KEEP_MEMORY, **os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONPATH": os.pathsep.join(paths)},
            start_new_session=True,  # Ctrl-C reaches the parent alone
        )
        return Worker(process=process, log=log)

    def _share(self) -> int:
        """Bytes that a worker is held to; 0 for no limit: on a GPU, whose driver maps memory as it likes."""
        if on_gpu(self.device):
            return 0
        return memory_share(self.workers or most_workers(self.device))

    def _check(self, cells: Sequence[Cell]) -> None:
        worker = self._running[0]
        worker.send(do="check", cells=[cell.model_dump(mode="json") for cell in cells], device=self.device)
        assert worker.process.stdout is not None
        patience = None if self.cell_timeout is None else max(self.cell_timeout, STARTING_SECONDS)
        with selectors.DefaultSelector() as waiting:
            waiting.register(worker.process.stdout, selectors.EVENT_READ)
            while waiting.select(patience):
                lines = worker.lines()
                if lines is None:
                    raise ChildProcessError(worker.epitaph())
                for line in lines:
                    if line["event"] == "refused":
                        raise UsageError(line["reason"])
                    if line["event"] == "checked":
                        return
        raise UsageError(f"making the encodings and tasks took longer than {patience:g} seconds: does one wait?")

    def _serve(self) -> Iterator[Event]:
        for worker in self._running:
            self._engage(worker)
        while self._queue or any(worker.cell for worker in self._running):
            for key, _ in self._selector.select(self._patience()):
                worker = key.data
                lines = worker.lines()
                if lines is None:
                    yield from self._replace(worker)
                else:
                    yield from filter(None, (self._hear(worker, line) for line in lines))
            self._end_overdue()

    def _engage(self, worker: Worker) -> None:
        assert worker.process.stdout is not None
        self._selector.register(worker.process.stdout, selectors.EVENT_READ, worker)
        self._assign(worker)

    def _assign(self, worker: Worker) -> None:
        worker.cell = None if worker.overdue else self._queue.take()
        worker.started, worker.trained, worker.resumed = None, False, False
        if worker.cell is not None:
            wait = worker.cell.train.key in self._busy
            worker.send(**self._order, cell=worker.cell.model_dump(mode="json"), wait=wait)

    def _hear(self, worker: Worker, line: dict[str, Any]) -> Event | None:
        """Take in a line of a worker's; the event that others are to be told of, if it is one."""
        kind, cell = line.pop("event"), worker.cell
        if kind == "unwritable":
            raise UnwritableError(line["errno"], line["reason"], line["file"])
        if cell is None or kind == "ready":
            return None
        if kind == "busy":  # the others first
            self._busy.add(cell.train.key)
            self._queue.put_last(cell)
        if kind == "started":
            worker.started = time.monotonic()
        worker.trained |= kind == "progress"
        worker.resumed |= kind == "resumed"
        if kind == "done" and line["status"] == "ok" and worker.trained and not worker.resumed and worker.started:
            self._queue.note(cell, time.monotonic() - worker.started)
        if kind in ("busy", "done"):
            self._assign(worker)
        line.pop("key")
        return None if kind == "busy" else Event(cell=cell, kind=kind, **line)

    def _replace(self, worker: Worker) -> Iterator[Event]:
        """Bury a worker that has ended, and start another if there is something left to do."""
        assert worker.process.stdout is not None
        self._selector.unregister(worker.process.stdout)
        self._running.remove(worker)
        if worker.cell is not None:
            yield self._bury(worker, worker.cell)
        worker.close()
        if self._queue:
            self._running.append(self._start())
            self._engage(self._running[-1])

    def _patience(self) -> float | None:
        """Seconds until the first of the running cells has taken too long; None if none can."""
        started = [each.started for each in self._running if each.started is not None and not each.overdue]
        if self.cell_timeout is None or not started:
            return None
        return max(0.0, min(started) + self.cell_timeout - time.monotonic())

    def _end_overdue(self) -> None:
        for worker in self._running:
            if self.cell_timeout is None or worker.started is None or worker.overdue:
                continue
            if time.monotonic() >= worker.started + self.cell_timeout:
                worker.overdue = True
                worker.end()

    def _bury(self, worker: Worker, cell: Cell) -> Event:
        """Record what the cell of a dead worker lacks as failed, unless another run is at it by now."""
        reason = worker.epitaph()
        if worker.overdue:
            reason = f"it took longer than --cell-timeout {self.cell_timeout:g} seconds"
        with locked(self.store.folder(cell.train.key), wait=False) as held:
            if held:
                self._record_failure(cell, reason)
        return Event(kind="done", cell=cell, status="failed", reason=reason)

    def _record_failure(self, cell: Cell, reason: str) -> None:
        facts: dict[str, Any] = {"created": datetime.now(UTC), "environment": environment(self.device, 1)}
        known = self.store.train(cell.train.key)
        if known is None or known.status != "ok":
            self.store.put(TrainRecord(**facts, status="failed", reason=reason, spec=cell.train, task=cell.facts))
            return
        for measure in cell.measures:
            lacking = missing(measure, cell.train.key, self.store, lambda _: True)
            for record in failures(lacking, reason, facts):
                self.store.put(record)

    def _stop(self) -> None:
        for worker in self._running:
            worker.end()  # finished cells are on disk, and a half-written file has a temporary name
            worker.process.wait()
            worker.close()
        self._running = []
        self._selector.close()
