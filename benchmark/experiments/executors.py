"""Where cells run: worker processes on this machine, each with its own share of the cores.

The parent imports no torch: it plans, hands out cells (longest first), and passes on what workers tell. A worker that
dies takes its cell with it and nothing else: the cell is recorded as failed, with the reason, and another worker takes
its place.
"""

import json
import os
import selectors
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal

import psutil

from benchmark.errors import UsageError
from benchmark.experiments.plan import Cell
from benchmark.results.environment import environment
from benchmark.results.record import Status, TrainRecord
from benchmark.results.store import Store

# glibc gives the logits of every step back to the system, and faults them in again at the next: a fifth of the time of
# a language step (93 against 72 ms, measured). Other C libraries do not know these names.
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**36), "MALLOC_TOP_PAD_": str(2**26)}
WORKER_MEMORY_BYTES = 1_200_000_000  # resident size of a worker on the quick preset, measured, rounded up


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that a cell went through."""

    kind: Literal["started", "progress", "measuring", "done"]
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
    idle: bool = False

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
    """Workers on this machine. `workers` and `threads` default to a worker a core, with one thread each."""

    store: Store
    device: str = "auto"
    workers: int | None = None
    _running: list[Worker] = field(default_factory=list)

    def run(self, cells: Sequence[Cell], *, force: bool = False) -> Iterator[Event]:
        """Do the cells, and tell of each as it goes. UsageError before anything runs if one of them cannot work."""
        if not cells:
            return
        self.store.root.mkdir(parents=True, exist_ok=True)
        count = min(self.workers or default_workers(self.device), len(cells))
        queue = deque(cells)
        try:
            self._running = [self._start(count) for _ in range(count)]
            self._check(cells)
            yield from self._serve(queue, count, force)
        finally:
            self._stop()

    def _start(self, count: int) -> Worker:
        threads = max(1, cores() // count)
        package = str(Path(__file__).parents[2])  # where `benchmark` is imported from
        paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
        # A file, not a pipe: nobody has to read it for the worker to go on.
        log = tempfile.TemporaryFile()  # lives as long as the worker
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmark.experiments.worker", str(self.store.root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**KEEP_MEMORY, **os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONPATH": os.pathsep.join(paths)},
            start_new_session=True,  # Ctrl-C reaches the parent alone
        )
        return Worker(process=process, log=log)

    def _check(self, cells: Sequence[Cell]) -> None:
        worker = self._running[0]
        worker.send(do="check", cells=[cell.model_dump(mode="json") for cell in cells], device=self.device)
        while (lines := worker.lines()) is not None:
            for line in lines:
                if line["event"] == "refused":
                    raise UsageError(line["reason"])
                if line["event"] == "checked":
                    return
        raise ChildProcessError(worker.epitaph())

    def _serve(self, queue: "deque[Cell]", count: int, force: bool) -> Iterator[Event]:
        selector = selectors.DefaultSelector()
        for worker in self._running:
            self._watch(selector, worker)
            self._assign(worker, queue, force)
        while any(worker.cell for worker in self._running):
            for key, _ in selector.select():
                worker = key.data
                lines = worker.lines()
                if lines is None:
                    selector.unregister(key.fileobj)
                    self._running.remove(worker)
                    if worker.cell is not None:
                        yield self._bury(worker, worker.cell)
                    worker.close()
                    if queue:
                        self._running.append(self._start(count))
                        self._watch(selector, self._running[-1])
                        self._assign(self._running[-1], queue, force)
                    continue
                for line in lines:
                    cell = worker.cell
                    if cell is None or line["event"] == "ready":
                        continue
                    event = Event(cell=cell, kind=line.pop("event"), **{k: v for k, v in line.items() if k != "key"})
                    if event.kind == "done":
                        self._assign(worker, queue, force)
                    yield event

    def _watch(self, selector: selectors.BaseSelector, worker: Worker) -> None:
        assert worker.process.stdout is not None
        selector.register(worker.process.stdout, selectors.EVENT_READ, worker)

    def _assign(self, worker: Worker, queue: "deque[Cell]", force: bool) -> None:
        worker.cell = queue.popleft() if queue else None
        if worker.cell is not None:
            worker.send(do="run", cell=worker.cell.model_dump(mode="json"), device=self.device, force=force)

    def _bury(self, worker: Worker, cell: Cell) -> Event:
        """Record the cell of a dead worker as failed, unless its model was already trained."""
        reason = worker.epitaph()
        known = self.store.train(cell.train.key)
        if known is None or known.status != "ok":
            record = TrainRecord(
                status="failed",
                reason=reason,
                created=datetime.now(UTC),
                environment=environment(self.device, 1),
                spec=cell.train,
            )
            self.store.put(record)
        return Event(kind="done", cell=cell, status="failed", reason=reason)

    def _stop(self) -> None:
        for worker in self._running:
            worker.process.kill()  # finished cells are on disk, and a half-written file has a temporary name
            worker.process.wait()
            worker.close()
        self._running = []


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def default_workers(device: str) -> int:
    """A worker a core on a processor, as memory allows; one on a GPU."""
    if device in ("cuda", "mps") or (device == "auto" and _has_nvidia()):
        return 1
    fitting = int(psutil.virtual_memory().available // WORKER_MEMORY_BYTES)
    return max(1, min(cores(), fitting))


def _has_nvidia() -> bool:
    return Path("/proc/driver/nvidia/version").exists()
