"""Running from Python: `from benchmark import run, load`.

results = run(encodings=["rope", "alibi"], preset="smoke")
results.frame()          # a tidy pandas table, one row a measured value
load("results").frame()  # the same, from disk
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.errors import UsageError
from benchmark.experiments.executors import Event
from benchmark.experiments.plan import Request, make_plan, outstanding
from benchmark.experiments.runs import execute, went_wrong
from benchmark.results.spec import Precision
from benchmark.results.store import Store

if TYPE_CHECKING:
    import pandas

RESULTS = Path("results")


@dataclass(frozen=True)
class Results:
    """A results folder, or what one run asked for of it."""

    store: Store
    failures: list[str] = field(default_factory=list)  # cells of this run that failed or diverged, and why

    def frame(self) -> "pandas.DataFrame":
        """A tidy table: one row a task, encoding, seed, length and metric."""
        from benchmark.reports.tables.values import metric_table

        return metric_table(self.store)


def run(
    encodings: Sequence[str] | str = "classic",
    tasks: Sequence[str] | str | None = None,
    *,
    preset: str = "quick",
    seeds: int | Sequence[int] | None = None,
    lengths: Sequence[int] | None = None,
    corpus: str | Path | None = None,
    precision: Precision = "float32",
    results: str | Path = RESULTS,
    workers: int | None = None,
    device: str = "auto",
    cell_timeout: float | None = None,
    force: bool = False,
    retry_failed: bool = False,
    on_event: Callable[[Event], None] | None = None,
) -> Results:
    """Train and measure what is not yet in the results folder; the outcome of all that was asked.

    `encodings` and `tasks` are named as on the command line; `lengths` are multiples of the trained length, and
    `cell_timeout` is in seconds. Raises UsageError for what cannot work, before anything is trained. A cell that fails
    is recorded, and the rest go on.
    """
    request = Request(
        encodings=_joined(encodings) or "classic",
        tasks=_joined(tasks),
        preset=preset,
        seeds=tuple(range(seeds)) if isinstance(seeds, int) else (None if seeds is None else tuple(seeds)),
        multiples=None if lengths is None else tuple(lengths),
        corpus=None if corpus is None else str(corpus),
        precision=precision,
    )
    plan = make_plan(request)
    store = Store(Path(results))
    todo = outstanding(plan, store, force=force, retry_failed=retry_failed)
    for event in execute(
        plan,
        todo,
        store,
        device=device,
        workers=workers,
        cell_timeout=cell_timeout,
        force=force,
        retry_failed=retry_failed,
    ):
        if on_event is not None:
            on_event(event)
    return Results(store=Store(store.root, only=plan.keys), failures=went_wrong(plan, store))


def load(results: str | Path = RESULTS) -> Results:
    """What a results folder holds."""
    folder = Path(results)
    if not folder.is_dir():
        raise UsageError(f"no results folder {str(folder)!r}: run something first, or name another folder")
    return Results(store=Store(folder))


def _joined(names: Sequence[str] | str | None) -> str | None:
    return names if names is None or isinstance(names, str) else ",".join(names)
