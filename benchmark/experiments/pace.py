"""The progress of a run: what share of a round's work is done, and how long the rest will take."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmark.experiments.executor import Event
from benchmark.experiments.plan import Cell
from benchmark.experiments.rounds import Round


@dataclass
class Pace:
    """The progress of a round, weighted by the cost of its cells, and the time it has left."""

    cells: Sequence[Cell] = ()
    scope: str = ""  # of the time left, for people
    started: float = field(default_factory=time.perf_counter)
    finished: int = 0
    running: dict[str, float] = field(default_factory=dict)  # train key -> share done
    done_cost: float = 0.0

    def note(self, event: Event) -> None:
        """Update the progress after an event."""
        key = event.cell.train.key
        if event.kind == "done":
            self.running.pop(key, None)
            self.finished += 1
            self.done_cost += event.cell.cost
        else:
            self.running[key] = event.step / max(1, event.cell.train.budget.steps)

    @classmethod
    def of(cls, round: Round) -> "Pace":
        """The pace of a round that begins."""
        return cls(round.todo, f" in this {'round' if round.automatic else 'stage'}" * announced(round))

    @property
    def share(self) -> float:
        """The share of the work that is done, from 0 to 1."""
        costs = {cell.train.key: cell.cost for cell in self.cells}
        done = self.done_cost + sum(share * costs[key] for key, share in self.running.items())
        return done / sum(cell.cost for cell in self.cells) if self.cells else 0.0

    @property
    def seconds_left(self) -> float | None:
        """An estimate from the pace so far; None until there is one."""
        share = self.share
        return (time.perf_counter() - self.started) * (1 - share) / share if share > 0.02 else None


def announced(event: Round) -> bool:
    """True if a line tells that a round begins: unless it is all there is to a run."""
    return event.automatic or bool(event.stage)
