"""Automatic seeds: they come in rounds, all encodings of a task together, until its comparisons are decided.

    first round   the fewest seeds at which anything can be shown, or as many as the store already has
    then          look; a task that is decided gets no more; another gets the seeds that its next decision takes
    at most       the cap

How many seeds a task has reached follows from the store, so the same command resumes, or does nothing. What is decided
is not known here: `Look` asks the reports, whose rule errs no more often for being asked after every round. A request
with seeds of its own is one round without a look.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from benchmark.experiments.outstanding import outstanding
from benchmark.experiments.plan import Cell, Plan, Span
from benchmark.results.record import Share
from benchmark.results.store import Store


class Standing(Protocol):
    """What the seeds of one task have decided so far."""

    @property
    def comparisons(self) -> Mapping[int, int]:
        """The number of comparisons at each length that counts."""

    @property
    def open(self) -> Mapping[int, int]:
        """How many of them are undecided; no entry where none is."""

    @property
    def more(self) -> int:
        """Further seeds that could decide the next one; 0 if all are decided, or none can be below the cap."""


Look = Callable[[Store, int], Standing]  # at the records of one task, with so many seeds left below the cap


@dataclass(frozen=True, kw_only=True)
class Round:
    """Cells that are about to run."""

    number: int  # within one call
    todo: Sequence[Cell]
    automatic: bool
    stage: str = ""  # its name, in a run of several stages

    @property
    def unit(self) -> str:
        """What it has several of for each task: "seed" or "document"."""
        return self.todo[0].unit

    @property
    def shares(self) -> list[Share]:
        """The seeds of each task."""
        return [
            Share(
                task=cells[0].train.task.label,
                train_length=cells[0].train.budget.train_length,
                seeds=sorted({cell.seed for cell in cells}),
            )
            for cells in by_contest(self.todo).values()
        ]


@dataclass(frozen=True, kw_only=True)
class Looked:
    """A look at one task after a round."""

    label: str  # of the task; with the settings in which others of the plan differ
    task: str
    train_length: int
    seeds: int  # so far
    cap: int
    standing: Standing
    unit: str = "seed"  # or "document"
    stage: str = ""

    @property
    def more(self) -> int:
        """The seeds that the next round gives it."""
        return self.standing.more


@dataclass
class Rounds:
    """The automatic seeds of a plan: how many each task has reached."""

    plan: Plan
    look: Look | None = None
    stage: str = ""  # its name, in a run of several stages
    counts: dict[str, int] = field(default_factory=dict)  # seeds by contest
    looks: dict[str, Looked] = field(default_factory=dict)  # the last one, by contest

    @classmethod
    def begin(cls, plan: Plan, store: Store, look: Look, stage: str = "") -> "Rounds":
        """Start with the seeds that the store has, but no fewer than those of the first round."""
        missing = by_contest(outstanding(plan, store))
        counts = {
            contest: min(span.most, max(span.first, _leading(missing.get(contest, ()), span)))
            for contest, span in plan.spans.items()
        }
        return cls(plan, look, stage, counts)

    @property
    def reached(self) -> Plan:
        """The plan up to the seeds that each task has reached."""
        if not self.counts:
            return self.plan
        cells = tuple(cell for cell in self.plan.cells if cell.seed < self.counts[cell.contest])
        return self.plan.model_copy(update={"cells": cells})

    @property
    def later(self) -> tuple[Cell, ...]:
        """The cells that rounds after the next may come to."""
        return tuple(
            cell
            for cell in self.plan.cells
            if cell.contest in self.counts and cell.seed >= self.counts[cell.contest] and self._may_go_on(cell.contest)
        )

    @property
    def undecided(self) -> list[Looked]:
        """The last look at each task that was left undecided."""
        return [looked for looked in self.looks.values() if looked.standing.open]

    def advance(self, store: Store) -> list[Looked]:
        """Look at each task that may still get seeds, and give it those that it needs."""
        if self.look is None:
            return []
        contests = by_contest(self.reached.cells).items()
        return [self._look(self.look, cells, store) for contest, cells in contests if self._may_go_on(contest)]

    def catch_up(self, store: Store) -> list[Looked]:
        """Advance past rounds that are already in the store; the looks at them."""
        looks: list[Looked] = []
        while not outstanding(self.reached, store):
            latest = self.advance(store)
            looks += latest
            if not any(looked.more for looked in latest):
                break
        return looks

    def _may_go_on(self, contest: str) -> bool:
        last = self.looks.get(contest)
        return last is None or last.more > 0

    def _look(self, look: Look, cells: Sequence[Cell], store: Store) -> Looked:
        contest, spec = cells[0].contest, cells[0].train
        count, cap = self.counts[contest], self.plan.spans[contest].most
        standing = look(Store(store.root, store.problems, only=_ends(cells)), cap - count)
        self.looks[contest] = Looked(
            label=cells[0].task_label,
            task=spec.task.label,
            train_length=spec.budget.train_length,
            seeds=count,
            cap=cap,
            standing=standing,
            unit=cells[0].unit,
            stage=self.stage,
        )
        self.counts[contest] = min(cap, count + standing.more)
        return self.looks[contest]


def by_contest(cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    """Cells by what they are compared on, in the order of the first of each."""
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(cell.contest, []).append(cell)
    return found


def _leading(missing: Sequence[Cell], span: Span) -> int:
    """How many seeds from 0 on are finished."""
    return min((cell.seed for cell in missing), default=span.most)


def _ends(cells: Sequence[Cell]) -> frozenset[str]:
    """The keys of models and of what was measured at the trained and at the longest length, where it is decided."""
    keys = {cell.train.key for cell in cells}
    for cell in cells:
        for measure in cell.measures:
            longest = max(spec.length for spec in measure.evaluations)
            ends = {cell.train.budget.train_length, longest}
            keys |= {spec.key for spec in measure.evaluations if spec.length in ends}
    return frozenset(keys)
