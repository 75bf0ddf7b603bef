"""Running from Python: `from benchmark import run, load`.

results = run(encodings=["rope", "alibi"], preset="smoke")
results.frame()          # a tidy pandas table, one row per measured value
load("results").frame()  # the same, from disk
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.errors import UsageError
from benchmark.experiments.changes import as_text
from benchmark.experiments.executor import Event, Executor
from benchmark.experiments.plan import automatic, make_plan
from benchmark.experiments.pool import Pool
from benchmark.experiments.request import Request
from benchmark.experiments.rounds import Rounds
from benchmark.experiments.runs import execute, went_wrong
from benchmark.results.spec import Mixing, Precision
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
    width: int | Sequence[int] | None = None,
    heads: int | None = None,
    layers: int | None = None,
    mixing: Mixing | None = None,
    train_length: int | Mapping[str, int] | str | None = None,
    steps: int | Mapping[str, int] | str | None = None,
    batch: int | Mapping[str, int] | str | None = None,
    learning_rate: float | Mapping[str, float] | str | None = None,
    budgets: Sequence[int] | None = None,
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
    `cell_timeout` is in seconds. `width` to `budgets` change the preset: several widths make the same comparison at
    each; a dictionary gives single tasks a value of their own (as does the text "2000,copy=4000"); `budgets` are
    multiples of the steps. The default executor is the pool of this machine, which `workers`, `device` and
    `cell_timeout` configure; an `executor` of your own brings its own settings and writes to the same folder. Raises
    UsageError before anything is trained if something cannot work. A cell that fails is recorded, and the rest go on.
    """
    pool_settings = {"workers": workers, "device": None if device == "auto" else device, "cell_timeout": cell_timeout}
    given = [name for name, value in pool_settings.items() if value is not None]
    if executor is not None and given:
        raise UsageError(f"{given[0]} configures the pool of this machine: set it on your executor, or omit executor")
    changes = {
        **{"width": width, "heads": heads, "layers": layers, "mixing": mixing, "budgets": budgets},
        **{"train_length": train_length, "steps": steps, "batch": batch, "learning_rate": learning_rate},
    }
    request = Request.read(
        encodings=as_text("encodings", encodings) or "classic",
        tasks=as_text("tasks", tasks),
        preset=str(preset),
        seeds=_seeds(seeds),
        lengths=as_text("lengths", lengths),
        corpus=None if corpus is None else str(corpus),
        precision=str(precision),
        changes={name: as_text(name, value) for name, value in changes.items()},
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


def _seeds(seeds: int | Sequence[int] | str | None) -> str | None:
    """Seeds as the command line spells them: a comma at the end makes a list of a single one."""
    text = as_text("seeds", seeds)
    return text if text is None or isinstance(seeds, int | str) else f"{text},"
