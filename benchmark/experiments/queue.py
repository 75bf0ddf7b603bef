"""The order of cells: the one expected to take longest is next, so that no worker is left with a long one at the end.

Expectations are learned during the run. A cell takes as long as the same cell took with other seeds, if any is done;
otherwise its work follows from the sizes of model and budget, at the rate of its encoding so far, or of all encodings.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from statistics import fmean

from benchmark.experiments.plan import Cell


class LongestFirst:
    """Cells to run, longest first, and those put last."""

    def __init__(self, cells: Sequence[Cell] = ()) -> None:
        self._groups: defaultdict[str, deque[Cell]] = defaultdict(deque)  # cells that differ only in their seed
        for cell in cells:
            self._groups[_kind(cell)].append(cell)
        self._first: deque[Cell] = deque()
        self._last: deque[Cell] = deque()
        self._seconds: defaultdict[str, list[float]] = defaultdict(list)  # of finished cells, by group
        self._rates: defaultdict[str, list[float]] = defaultdict(list)  # seconds a unit of cost, by encoding

    def __bool__(self) -> bool:
        return bool(self._first or self._groups or self._last)

    def take(self) -> Cell | None:
        """Remove and return the next cell; None if there is none."""
        if self._first:
            return self._first.popleft()
        if not self._groups:
            return self._last.popleft() if self._last else None
        kind = max(self._groups, key=lambda kind: self.expected(self._groups[kind][0]))
        cell = self._groups[kind].popleft()
        if not self._groups[kind]:
            del self._groups[kind]
        return cell

    def put_first(self, cell: Cell) -> None:
        """Put a cell before all others: it has begun."""
        self._first.append(cell)

    def put_last(self, cell: Cell) -> None:
        """Put a cell after all others."""
        self._last.append(cell)

    def note(self, cell: Cell, seconds: float) -> None:
        """Learn from a finished cell."""
        self._seconds[_kind(cell)].append(seconds)
        self._rates[cell.train.encoding.label].append(seconds / cell.cost)

    def expected(self, cell: Cell) -> float:
        """Expected seconds of a cell; in units of its cost until one is done."""
        known = self._seconds.get(_kind(cell))
        if known:
            return fmean(known)
        rates = self._rates.get(cell.train.encoding.label) or [rate for own in self._rates.values() for rate in own]
        return cell.cost * (fmean(rates) if rates else 1.0)


def _kind(cell: Cell) -> str:
    return f"{cell.train.task.label} {cell.train.encoding.label} {cell.train.budget}"
