"""Which cell is next: the one expected to take longest, so that no worker is left alone with a long one at the end.

What is expected is learned on the way. A cell takes as long as those of other seeds took, where any is done; otherwise
its work by the sizes of model and budget, at the rate of its encoding so far, or of all.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from statistics import fmean

from benchmark.experiments.plan import Cell


class LongestFirst:
    """Cells to be done, longest first, and those that were put last."""

    def __init__(self, cells: Sequence[Cell] = ()) -> None:
        self._groups: defaultdict[str, deque[Cell]] = defaultdict(deque)  # cells that differ in their seed alone
        for cell in cells:
            self._groups[_kind(cell)].append(cell)
        self._last: deque[Cell] = deque()
        self._seconds: defaultdict[str, list[float]] = defaultdict(list)  # of finished cells, by group
        self._rates: defaultdict[str, list[float]] = defaultdict(list)  # seconds a unit of cost, by encoding

    def __bool__(self) -> bool:
        return bool(self._groups or self._last)

    def take(self) -> Cell | None:
        """The next cell; None if there is none."""
        if not self._groups:
            return self._last.popleft() if self._last else None
        kind = max(self._groups, key=lambda kind: self.expected(self._groups[kind][0]))
        cell = self._groups[kind].popleft()
        if not self._groups[kind]:
            del self._groups[kind]
        return cell

    def put_last(self, cell: Cell) -> None:
        """Try a cell again after all others."""
        self._last.append(cell)

    def note(self, cell: Cell, seconds: float) -> None:
        """Learn from a cell that is done."""
        self._seconds[_kind(cell)].append(seconds)
        self._rates[cell.train.encoding.label].append(seconds / cell.cost)

    def expected(self, cell: Cell) -> float:
        """Seconds that a cell takes; in units of its cost as long as none is done."""
        known = self._seconds.get(_kind(cell))
        if known:
            return fmean(known)
        rates = self._rates.get(cell.train.encoding.label) or [rate for own in self._rates.values() for rate in own]
        return cell.cost * (fmean(rates) if rates else 1.0)


def _kind(cell: Cell) -> str:
    return f"{cell.train.task.label} {cell.train.encoding.label} {cell.train.budget}"
