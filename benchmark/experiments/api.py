"""Running from Python: `from benchmark import run, load`.

results = run(encodings=["rope", "alibi"], preset="smoke")
results.frame()          # a tidy pandas table, one row a measured value
load("results").frame()  # the same, from disk
"""

import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.errors import UsageError
from benchmark.experiments.executors import Event, Pool
from benchmark.experiments.plan import Cell, Plan, Request, make_plan, outstanding, statuses
from benchmark.files import write_atomically
from benchmark.results.record import RunRecord
from benchmark.results.spec import Precision
from benchmark.results.store import Store

if TYPE_CHECKING:
    import pandas

RESULTS = Path("results")


@dataclass(frozen=True)
class Results:
    """A results folder, or the cells of one run in it."""

    store: Store
    failures: list[str] = field(default_factory=list)  # cells of this run that failed or diverged, and why

    def frame(self) -> "pandas.DataFrame":
        """A tidy table: one row a task, encoding, seed, length and metric."""
        from benchmark.reports.aggregate import frame

        return frame(self.store)


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
    force: bool = False,
    retry_failed: bool = False,
    on_event: Callable[[Event], None] | None = None,
) -> Results:
    """Train and measure what is not yet in the results folder; the outcome of all that was asked.

    `encodings` and `tasks` are named as on the command line; `lengths` are multiples of the trained length. Raises
    UsageError for what cannot work, before anything is trained. A cell that fails is recorded, and the rest go on.
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
    for event in execute(plan, todo, store, device=device, workers=workers, force=force):
        if on_event is not None:
            on_event(event)
    return collect(plan, store)


def load(results: str | Path = RESULTS) -> Results:
    """What a results folder holds."""
    folder = Path(results)
    if not folder.is_dir():
        raise UsageError(f"no results folder {str(folder)!r}: run something first, or name another folder")
    return Results(store=Store(folder))


def execute(
    plan: Plan, todo: Sequence[Cell], store: Store, *, device: str, workers: int | None, force: bool
) -> Iterator[Event]:
    """Do the outstanding cells of a plan, and note the run in the store."""
    started, clock = datetime.now(UTC), time.perf_counter()
    yield from Pool(store=store, device=device, workers=workers).run(todo, force=force)
    if todo:
        record = RunRecord(
            created=started,
            wall_seconds=time.perf_counter() - clock,
            command=command(plan.request),
            cells=len(todo),
            train_keys=sorted(plan.train_keys),
        )
        name = started.strftime("%Y%m%dT%H%M%S%fZ")
        write_atomically(store.root / "runs" / f"{name}.json", record.model_dump_json(indent=1).encode())


def collect(plan: Plan, store: Store) -> Results:
    """The outcome of a plan: its part of the store, and what went wrong in it."""
    failures = []
    for cell in plan.cells:
        record = store.train(cell.train.key)
        if record is None:
            failures.append(f"{cell.label}: missing")
        elif record.status != "ok":
            failures.append(f"{cell.label}: {record.status}: {record.reason}")
        elif "failed" in statuses(cell, store):
            failures.append(f"{cell.label}: a measure failed")
    return Results(store=Store(store.root, only=plan.train_keys), failures=failures)


def command(request: Request) -> str:
    """The command line that asks for the same again."""
    parts = ["python", "-m", "benchmark", "run", "--encodings", request.encodings, "--preset", request.preset]
    options = {
        "--tasks": request.tasks,
        "--seeds": _numbers(request.seeds),
        "--lengths": _numbers(request.multiples),
        "--corpus": request.corpus,
        "--precision": None if request.precision == "float32" else request.precision,
    }
    for option, value in options.items():
        parts += [option, value] if value is not None else []
    return shlex.join(parts)


def _numbers(numbers: tuple[int, ...] | None) -> str | None:
    if numbers is None:
        return None
    return ",".join(map(str, numbers)) + ("," if len(numbers) == 1 else "")


def _joined(names: Sequence[str] | str | None) -> str | None:
    return names if names is None or isinstance(names, str) else ",".join(names)
