"""The seam between a plan and whatever runs its cells: this machine's pool, a cluster, or a fake one in a test.

An executor gets cells, runs each of them in full (see `cell.run_cell`), and yields events on the way. It leaves its
results in the store that it was made with. The pool of this machine is `pool.Pool`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from benchmark.experiments.outstanding import missing
from benchmark.experiments.plan import Cell, failures
from benchmark.results.environment import environment
from benchmark.results.lock import locked
from benchmark.results.record import Status, TrainRecord
from benchmark.results.store import Store


@dataclass(frozen=True, kw_only=True)
class Event:
    """A step in the life of a cell."""

    kind: Literal["started", "resumed", "progress", "measuring", "done"]
    cell: Cell
    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    status: Status | None = None
    reason: str | None = None


class Executor(Protocol):
    """Runs cells."""

    def run(self, cells: Sequence[Cell], *, force: bool, retry_failed: bool) -> Iterator[Event]:
        """Run the cells in any order and yield their events; each cell ends with one "done".

        `force` runs again what the store already holds, `retry_failed` only what failed before this call. Raises
        UsageError before anything runs if a cell cannot work, and UnwritableError as soon as a record cannot be
        stored. A cell that fails is recorded with its reason, and the others go on.
        """
        ...


def record_lost_cell(cell: Cell, store: Store, device: str, reason: str) -> None:
    """Record as failed whatever a cell lacks whose worker died; do nothing if another run holds the cell by now."""
    with locked(store.folder(cell.train.key), wait=False) as held:
        if held:
            record_failure(cell, store, device, reason)


def record_failure(cell: Cell, store: Store, device: str, reason: str) -> None:
    """Record as failed whatever a cell lacks, while its lock is held."""
    facts: dict[str, Any] = {"created": datetime.now(UTC), "environment": environment(device, 1)}
    known = store.train(cell.train.key)
    if known is None or known.status != "ok":
        about: dict[str, Any] = {"spec": cell.train, "task": cell.facts, "multiple": cell.multiple}
        store.put(TrainRecord(**facts, **about, status="failed", reason=reason))
        return
    for measure in cell.measures:
        lacking = missing(measure, cell.train.key, store, lambda _: True)
        for record in failures(lacking, reason, facts):
            store.put(record)
