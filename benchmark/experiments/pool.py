"""The executor of this machine: worker processes, each with its own share of the cores.

The parent does not import torch: it plans, hands out cells (longest first, see `queue`), and passes on what workers
report. A worker that dies, or is killed because its cell takes too long, takes only that cell with it: what the cell
lacks is recorded as failed with the reason, and another worker takes its place. All of the machine's memory is divided
among the workers like its cores; a worker that wants more than its share fails.
"""

import selectors
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from benchmark.experiments.executor import Event, record_lost_cell
from benchmark.experiments.machine import cores, default_workers, memory_share, most_workers, on_gpu
from benchmark.experiments.plan import Cell
from benchmark.experiments.process import WorkerProcess
from benchmark.experiments.queue import LongestFirst
from benchmark.files import UnwritableError
from benchmark.results.lock import locked
from benchmark.results.store import Store


@dataclass
class Pool:
    """Workers on this machine: by default one per core with one thread each, and no time limit for a cell."""

    store: Store
    device: str = "auto"
    workers: int | None = None
    cell_timeout: float | None = None  # seconds
    _running: list[WorkerProcess] = field(default_factory=list)
    _queue: LongestFirst = field(default_factory=LongestFirst)
    _busy: set[str] = field(default_factory=set)  # keys of cells that another run held at the first attempt
    _order: dict[str, Any] = field(default_factory=dict)  # common to all orders
    _selector: selectors.BaseSelector = field(init=False)  # over the workers' output

    def run(self, cells: Sequence[Cell], *, force: bool = False, retry_failed: bool = False) -> Iterator[Event]:
        """Run the cells and yield their events.

        Raises UsageError before anything runs if a cell cannot work; UnwritableError as soon as one cannot be stored.
        """
        if not cells:
            return
        since = datetime.now(UTC).isoformat() if retry_failed else None
        self._order = {"do": "run", "device": self.device, "force": force, "retry_since": since}
        with locked(self.store.folder(cells[0].train.key), wait=False):
            pass  # fails now, before the workers start, if the folder cannot be written
        count = min(self.workers or default_workers(self.device), len(cells))
        self._queue = LongestFirst(cells)
        self._selector = selectors.DefaultSelector()
        try:
            self._running = [self._start() for _ in range(count)]
            self._check(cells)
            yield from self._serve()
        finally:
            self._stop()

    def _start(self) -> WorkerProcess:
        # Threads depend on the request and the machine, not on how many cells are left: two threads add up in another
        # order than one, and a run resumed for its last cell would differ in the last digits.
        threads = max(1, cores() // (self.workers or most_workers(self.device)))
        return WorkerProcess.start_worker(self.store.root, self._share(), threads)

    def _share(self) -> int:
        """Memory limit of a worker in bytes; 0 for none: on a GPU, whose driver maps memory as it likes."""
        if on_gpu(self.device):
            return 0
        return memory_share(self.workers or most_workers(self.device))

    def _check(self, cells: Sequence[Cell]) -> None:
        self._running[0].check([cell.model_dump(mode="json") for cell in cells], self.device, self.cell_timeout)

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

    def _engage(self, worker: WorkerProcess) -> None:
        self._selector.register(worker.output, selectors.EVENT_READ, worker)
        self._assign(worker)

    def _assign(self, worker: WorkerProcess) -> None:
        worker.take(None if worker.overdue else self._queue.take())
        if worker.cell is not None:
            wait = worker.cell.train.key in self._busy
            worker.send(**self._order, cell=worker.cell.model_dump(mode="json"), wait=wait)

    def _hear(self, worker: WorkerProcess, line: dict[str, Any]) -> Event | None:
        """Act on a message from a worker; the event to pass on, if it is one."""
        kind, cell = line.pop("event"), worker.cell
        if kind == "unwritable":
            raise UnwritableError(line["errno"], line["reason"], line["file"])
        if cell is None or kind == "ready":
            return None
        worker.note(kind)
        if kind == "busy":  # the others first
            self._busy.add(cell.train.key)
            self._queue.put_last(cell)
        if kind == "done" and line["status"] == "ok" and worker.whole_seconds is not None:
            self._queue.note(cell, worker.whole_seconds)
        if kind in ("busy", "done"):
            self._assign(worker)
        line.pop("key")
        return None if kind == "busy" else Event(cell=cell, kind=kind, **line)

    def _replace(self, worker: WorkerProcess) -> Iterator[Event]:
        """Bury a worker that has ended, and start another if cells are left."""
        self._selector.unregister(worker.output)
        self._running.remove(worker)
        if worker.cell is not None:
            yield self._bury(worker, worker.cell)
        worker.close()
        if self._queue:
            self._running.append(self._start())
            self._engage(self._running[-1])

    def _patience(self) -> float | None:
        """Seconds until the first running cell exceeds the time limit; None if none can."""
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

    def _bury(self, worker: WorkerProcess, cell: Cell) -> Event:
        reason = worker.epitaph()
        if worker.overdue:
            reason = f"it took longer than --cell-timeout {self.cell_timeout:g} seconds"
        record_lost_cell(cell, self.store, self.device, reason)
        return Event(kind="done", cell=cell, status="failed", reason=reason)

    def _stop(self) -> None:
        for worker in self._running:
            worker.end()  # finished cells are on disk, and a half-written file still has its temporary name
            worker.process.wait()
            worker.close()
        self._running = []
        self._selector.close()
