"""An executor that runs cells in the process of the test."""

from collections.abc import Iterator, Sequence

from benchmark.experiments.cell import run_cell
from benchmark.experiments.executor import Event
from benchmark.experiments.plan import Cell
from benchmark.experiments.precheck import check
from benchmark.results.store import Store


class Here:
    """Runs cells in this process, and keeps what it was given."""

    def __init__(self, store: Store) -> None:
        self.store, self.given = store, 0

    def run(self, cells: Sequence[Cell], *, force: bool, retry_failed: bool) -> Iterator[Event]:
        check(cells, "cpu", lambda *_, **__: None)
        for cell in cells:
            self.given += 1
            status = run_cell(cell, self.store, "cpu", lambda *_, **__: None, force=force)
            yield Event(kind="done", cell=cell, status=status)
