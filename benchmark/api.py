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
from benchmark.experiments.plan import automatic, make_plan
from benchmark.experiments.pool import Pool
from benchmark.experiments.request import Auto, Request, parse_seeds
from benchmark.experiments.rounds import Rounds
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
    seeds: int | Sequence[int] | str | None = None,
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

    `encodings` and `tasks` are named as on the command line; `seeds` are a number, the seeds themselves, or "auto" or
    "auto:12", in rounds until the comparisons of a task are decided; `lengths` are multiples of the trained length, and
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
        seeds=_seeds(seeds),
        multiples=None if lengths is None else tuple(lengths),
        corpus=None if corpus is None else str(corpus),
        precision=precision,
    )
    store = Store(Path(results))
    rounds = rounds_of(request, store)
    for event in execute(
        rounds,
        store,
        executor or Pool(store=store, device=device, workers=workers, cell_timeout=cell_timeout),
        force=force,
        retry_failed=retry_failed,
    ):
        if on_event is not None and isinstance(event, Event):
            on_event(event)
    plan = rounds.reached
    return Results(store=Store(store.root, only=plan.keys), failures=went_wrong(plan, store))


def rounds_of(request: Request, store: Store) -> Rounds:
    """The rounds of a request: one if its seeds are given, else as many as the verdict of the reports takes."""
    if not automatic(request):
        return Rounds(make_plan(request))
    from benchmark.reports.standing import standing
    from benchmark.reports.stats.verdict import fewest_seeds

    return Rounds.begin(make_plan(request, fewest_seeds), store, standing)


def load(results: str | Path = RESULTS) -> Results:
    """The contents of a results folder."""
    folder = Path(results)
    if not folder.is_dir():
        raise UsageError(f"no results folder {str(folder)!r}: run something first, or name another folder")
    return Results(store=Store(folder))


def _joined(names: Sequence[str] | str | None) -> str | None:
    return names if names is None or isinstance(names, str) else ",".join(names)


def _seeds(seeds: int | Sequence[int] | str | None) -> tuple[int, ...] | Auto | None:
    if seeds is None:
        return None
    if isinstance(seeds, str):
        return parse_seeds(seeds)
    return tuple(range(seeds)) if isinstance(seeds, int) else tuple(seeds)
