"""One cell on a machine of the cluster: in a worker process like those of the pool, in a scratch folder.

    order   what to do, as the pool words it, and how: device, threads, memory, time limit
    files   what the store has of the cell

The worker stays for the next cell that Ray sends to the same process of its own. It ends with that process.
"""

import json
import os
import selectors
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from benchmark.errors import UsageError
from benchmark.experiments.cluster.folder import Changes, Files, write_folder
from benchmark.experiments.cluster.parcel import Parcel
from benchmark.experiments.executor import record_lost_cell
from benchmark.experiments.machine import WORKER_MEMORY_BYTES, cores, machine_memory, memory_share
from benchmark.experiments.plan import Cell
from benchmark.experiments.process import WorkerProcess
from benchmark.files import UnwritableError
from benchmark.results.lock import locked
from benchmark.results.store import Store

BEAT_SECONDS = 1.0  # events and files are sent at most this often, and at the end
SCRATCH, FRESH_SECONDS = "position-benchmark-", 60.0
State = Literal["running", "ended", "died"]  # of a cell; "died": its worker
Reply = dict[str, Any]  # "events", "files" and "gone"; or "refused", a reason

_slot: "Slot | None" = None  # of this process


def serve(order: dict[str, Any], parcel: dict[str, Any], files: Files) -> Iterator[Reply]:
    """Carry out an order and yield replies; the parcel is that of `parcel.Parcel`, as a dictionary.

    Raises OSError if this machine cannot write to its scratch folder.
    """
    slot = _slot_for(order, Parcel(**parcel))
    try:
        if order["do"] == "check":
            yield slot.check(order)
        else:
            yield from slot.run(order, files)
    finally:
        if slot.worker.process.poll() is not None:
            leave()


def leave() -> None:
    """End the worker of this process and remove its scratch folder."""
    global _slot
    if _slot is not None:
        _slot.close()
    _slot = None


def _slot_for(order: dict[str, Any], parcel: Parcel) -> "Slot":
    """The slot of this process: a new one if the settings, the GPU or the parcel are others than before."""
    global _slot
    settings = (order["threads"], _memory_limit(order), os.environ.get("CUDA_VISIBLE_DEVICES"), parcel.digest)
    if _slot is not None and _slot.settings != settings:
        leave()
    if _slot is None:
        _slot = Slot.open(settings, parcel)
    return _slot


def _memory_limit(order: dict[str, Any]) -> int:
    """The memory that a worker is held to, in bytes; as in the pool, its share of the machine unless it asked for some.

    0 on a GPU, whose driver maps memory as it likes.
    """
    if order["device"] != "cpu":
        return 0
    fitting = min(cores() // order["threads"], machine_memory() // WORKER_MEMORY_BYTES)
    return int(order["memory_bytes"] or memory_share(max(1, fitting)))


@dataclass
class Slot:
    """A worker, its scratch folder, and the files that came with the cells."""

    settings: tuple[Any, ...]
    parcel: Parcel
    folder: Path
    worker: WorkerProcess
    held: ExitStack  # the lock of the folder
    _waiting: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    @classmethod
    def open(cls, settings: tuple[Any, ...], parcel: Parcel) -> "Slot":
        """Start a worker; scratch folders of processes that were killed are removed."""
        _sweep()
        folder, held = Path(tempfile.mkdtemp(prefix=SCRATCH)), ExitStack()
        held.enter_context(locked(folder, wait=False))
        parcel.unpack(folder)
        threads, memory, *_ = settings
        cache = {"POSITION_BENCHMARK_CACHE": str(folder / "cache")}
        slot = cls(settings, parcel, folder, WorkerProcess.start_worker(folder, memory, threads, cache), held)
        slot._waiting.register(slot.worker.output, selectors.EVENT_READ)
        return slot

    def close(self) -> None:
        """End the worker and remove the folder."""
        self.worker.end()
        self.worker.process.wait()
        self._waiting.close()
        self.worker.close()
        self.held.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def check(self, order: dict[str, Any]) -> Reply:
        """Build every encoding and task of the plan."""
        cells = [json.loads(self.parcel.localise(cell, self.folder)) for cell in order["cells"]]
        try:
            self.worker.check(cells, order["device"], order["cell_timeout"])
        except (UsageError, ChildProcessError) as error:
            kind = "refused" if isinstance(error, UsageError) else "broken"
            return {kind: self.parcel.restore(str(error), self.folder)}
        return {}

    def run(self, order: dict[str, Any], files: Files) -> Iterator[Reply]:
        """Run a cell."""
        cell = Cell.model_validate_json(self.parcel.localise(order["cell"], self.folder))
        store = Store(self.folder)
        place = store.folder(cell.train.key)
        write_folder(place, files)
        changes = Changes(place)
        self.worker.take(cell)
        asked = {name: order[name] for name in ("device", "force", "retry_since")}
        self.worker.send(do="run", cell=cell.model_dump(mode="json"), wait=True, **asked)
        try:
            for events, state in self._beats(order["cell_timeout"]):
                if state == "died":
                    reason = self._reason(order["cell_timeout"])
                    record_lost_cell(cell, store, order["device"], reason)
                    events.append({"event": "done", "status": "failed", "reason": reason})
                reply = self._reply(events, changes, final=state != "running")
                if any(reply.values()):
                    yield reply
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _beats(self, limit: float | None) -> Iterator[tuple[list[dict[str, Any]], State]]:
        """The events of each beat, and the state of the cell after it."""
        events: list[dict[str, Any]] = []
        state: State = "running"
        sent = time.monotonic()
        while state == "running":
            due = sent + BEAT_SECONDS
            if self._waiting.select(max(0.0, due - time.monotonic())):
                lines = self.worker.lines()
                events += (self._noted(line) for line in lines or () if line["event"] != "ready")
                state = "died" if lines is None else state
            if any(event["event"] == "done" for event in events):
                state = "ended"
            if state != "running" or time.monotonic() >= due:
                yield events, state
                events, sent = [], time.monotonic()
            self._end_overdue(limit)

    def _noted(self, line: dict[str, Any]) -> dict[str, Any]:
        if line["event"] == "unwritable":
            raise UnwritableError(line["errno"], line["reason"], line["file"])
        self.worker.note(line["event"])
        line.pop("key", None)
        whole = self.worker.whole_seconds if line["event"] == "done" else None
        return line if whole is None else {**line, "whole_seconds": whole}

    def _end_overdue(self, limit: float | None) -> None:
        started = self.worker.started
        if limit is not None and started is not None and time.monotonic() >= started + limit:
            self.worker.overdue = True
            self.worker.end()

    def _reason(self, limit: float | None) -> str:
        epitaph = self.worker.epitaph()
        return f"it took longer than --cell-timeout {limit:g} seconds" if self.worker.overdue else epitaph

    def _reply(self, events: list[dict[str, Any]], changes: Changes, *, final: bool) -> Reply:
        files, gone = changes.take(checkpoint=final)
        named = {
            name: self._restored(content.decode()).encode() if name.endswith(".json") else content
            for name, content in files.items()
        }
        told = json.loads(self._restored(json.dumps(events, ensure_ascii=False)))
        return {"events": told, "files": named, "gone": gone}

    def _restored(self, text: str) -> str:
        return self.parcel.restore(text, self.folder)


def _sweep() -> None:
    """Remove the scratch folders that nobody holds any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{SCRATCH}*"):
        try:
            state = folder.lstat()
            if state.st_uid == os.getuid() and time.time() - state.st_mtime > FRESH_SECONDS:
                with locked(folder, wait=False) as free:
                    if free:
                        shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # another process removed it
            continue
