"""A progress bar in Jupyter: a line of HTML, replaced while cells run, that stays in the notebook when it is saved.

It uses IPython's display handle, so it needs no widgets and no extension.
"""

import html
import sys
import time
from contextlib import AbstractContextManager
from datetime import timedelta

from benchmark.experiments.executor import Event
from benchmark.experiments.pace import Pace
from benchmark.experiments.rounds import Looked, Round
from benchmark.experiments.tuning import Chosen

INTERVAL = 0.25  # seconds between two updates


def in_notebook() -> bool:
    """True inside a Jupyter kernel. It imports nothing: a kernel has loaded IPython."""
    found = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return found is not None and hasattr(found(), "kernel")


class Bar(AbstractContextManager["Bar"]):
    """The progress of a run: the round, its cells, the time left, and the cells that are running."""

    def __init__(self) -> None:
        self.pace = Pace()
        self.name = ""  # of the round or stage
        self.running: dict[str, str] = {}  # train key -> what it does, for people
        self.cells, self.wrong = 0, 0  # finished in all rounds, and those among them that failed or diverged
        self.ending = ""  # how the run ended, once it has
        self._started, self._drawn = time.perf_counter(), 0.0

    def __enter__(self) -> "Bar":
        from IPython.display import display

        self._handle = display(self, display_id=True)  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.running.clear()
        self.ending = "done" if kind is None else "interrupted" if kind is KeyboardInterrupt else "stopped by an error"
        self._draw()

    def __call__(self, event: Event | Round | Looked | Chosen) -> None:
        """Update the bar after an event."""
        if isinstance(event, Round):
            self.pace = Pace.of(event)
            self.name = ", ".join([*filter(None, [event.stage]), *[f"round {event.number}"] * event.automatic])
        elif isinstance(event, Event):
            self._note(event)
        if isinstance(event, Round) or time.perf_counter() - self._drawn > INTERVAL:
            self._draw()

    def _note(self, event: Event) -> None:
        self.pace.note(event)
        if event.kind != "done":
            steps = f"step {event.step} of {event.cell.train.budget.steps}"
            doing = "measuring" if event.kind == "measuring" else steps
            self.running[event.cell.train.key] = f"{event.cell.label}: {doing}"
            return
        self.running.pop(event.cell.train.key, None)
        self.cells += 1
        self.wrong += event.status not in ("ok", "unsupported")

    def _draw(self) -> None:
        self._drawn = time.perf_counter()
        self._handle.update(self)

    def __repr__(self) -> str:
        wrong = f", {self.wrong} failed or diverged (see .failures)" if self.wrong else ""
        if self.ending:
            took = timedelta(seconds=round(time.perf_counter() - self._started))
            done = f"{self.cells} cell{'s' * (self.cells != 1)} in {took}" if self.cells else "nothing had to be run"
            return f"{self.ending}: {done}{wrong}"
        left = self.pace.seconds_left
        after = "" if left is None else f", about {timedelta(seconds=round(left))} left{self.pace.scope}"
        before = f"{self.name}: " if self.name else ""
        return f"{before}{self.pace.finished} of {len(self.pace.cells)} cells{after}{wrong}"

    def _repr_html_(self) -> str:
        line = html.escape(repr(self))
        if self.ending:
            return line
        running = "".join(f"<br><small>{html.escape(each)}</small>" for each in self.running.values())
        return f'<progress max="1" value="{self.pace.share:.3f}"></progress> {line}{running}'
