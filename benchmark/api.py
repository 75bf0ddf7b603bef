"""Running from Python: `from benchmark import run, load`.

results = run(encodings=["rope", "alibi"], preset="smoke")
results.frame()          # a tidy pandas table, one row per measured value
load("results").frame()  # the same, from disk
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.errors import UsageError
from benchmark.experiments.executor import Event, Executor
from benchmark.experiments.plan import make_plan, outstanding
from benchmark.experiments.pool import Pool
from benchmark.experiments.request import Request
from benchmark.experiments.runs import execute, went_wrong
from benchmark.results.spec import Precision
from benchmark.results.store import Store

if TYPE_CHECKING:
    import pandas

RESULTS = Path("results")


@dataclass(frozen=True)
class Results:
    """The results in a folder, or those that one run requested."""

    store: Store
    failures: list[str] = field(default_factory=list)  # cells of this run that failed or diverged, and why

    def frame(self) -> "pandas.DataFrame":
        """A tidy table: one row per task, encoding, seed, length and metric."""
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
    executor: Executor | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> Results:
    """Train and measure whatever is not in the results folder yet, and return the results of the whole request.

    `encodings` and `tasks` are named as on the command line; `lengths` are multiples of the trained length, and
    `cell_timeout` is in seconds. The default executor is the pool of this machine, which `workers`, `device` and
    `cell_timeout` configure; an `executor` of your own brings its own settings and writes to the same folder. Raises
    UsageError before anything is trained if something cannot work. A cell that fails is recorded, and the rest go on.
    """
    pool_settings = {"workers": workers, "device": None if device == "auto" else device, "cell_timeout": cell_timeout}
    given = [name for name, value in pool_settings.items() if value is not None]
    if executor is not None and given:
        raise UsageError(f"{given[0]} configures the pool of this machine: set it on your executor, or omit executor")
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
        executor or Pool(store=store, device=device, workers=workers, cell_timeout=cell_timeout),
        force=force,
        retry_failed=retry_failed,
    ):
        if on_event is not None:
            on_event(event)
    return Results(store=Store(store.root, only=plan.keys), failures=went_wrong(plan, store))


def load(results: str | Path = RESULTS) -> Results:
    """The contents of a results folder."""
    folder = Path(results)
    if not folder.is_dir():
        raise UsageError(f"no results folder {str(folder)!r}: run something first, or name another folder")
    return Results(store=Store(folder))


def _joined(names: Sequence[str] | str | None) -> str | None:
    return names if names is None or isinstance(names, str) else ",".join(names)
