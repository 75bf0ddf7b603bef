"""Running from Python: `from benchmark import run, load`.

results = run(encodings=["rope", "alibi"], preset="smoke")
results                           # in a notebook: what the results show, and the summary table
results.verdict()                 # the findings in words; .table has the numbers
results.plot("curves", "copy")    # or "heatmap"; .save("figures", "pdf")
results.compare("rope", "alibi")  # a pandas table, one row per task and length
results.frame()                   # a tidy pandas table, one row per measured value
results.report("reports").html    # the whole report
load("results")                   # the same, from disk
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.catalogue import items, variants
from benchmark.errors import UsageError, unknown
from benchmark.experiments.cluster.executor import Cluster, refuse_without_ray
from benchmark.experiments.cluster.machines import Ask
from benchmark.experiments.executor import Event, Executor
from benchmark.experiments.plan import Plan, automatic, make_plan
from benchmark.experiments.pool import Pool
from benchmark.experiments.pretrained import make_pretrained_plan, usual_precision
from benchmark.experiments.request import Request, Tune
from benchmark.experiments.rounds import Rounds
from benchmark.experiments.runs import execute, went_wrong
from benchmark.experiments.settings import Settings, flag, folder, place
from benchmark.experiments.tuning import AT_BEST, SAME_RATE, Stages, Trials, at_best, trials_of
from benchmark.notebook import Bar, in_notebook
from benchmark.results.spec import Mixing, Precision
from benchmark.results.store import Store
from benchmark.tracker import logged

if TYPE_CHECKING:
    import pandas

    from benchmark.reports.write.notebook import Findings, Plot
    from benchmark.reports.write.report import ReportPaths

RESULTS, REPORTS = Path("results"), Path("reports")


@dataclass(frozen=True)
class Results:
    """The results in a folder, or those that one run requested."""

    store: Store
    failures: list[str] = field(default_factory=list)  # cells of this run that failed or diverged, and why

    def frame(self) -> "pandas.DataFrame":
        """A tidy table: one row per task, encoding, seed, length and metric."""
        from benchmark.reports.tables.values import metric_table

        return metric_table(self.store)

    def verdict(self) -> "Findings":
        """What the results show: the report's sentences, and a table of every encoding, task and length."""
        from benchmark.reports.write.notebook import verdict

        with self._speaking():
            return verdict(self.store)

    def compare(self, first: str, second: str) -> "pandas.DataFrame":
        """Two encodings, named as for a run: one row per task and length; a sweep gives those of each encoding in it.

        The columns are those of `python -m benchmark compare --out`: docs/compare.md.
        """
        import pandas

        from benchmark.reports.page.selection import Selection
        from benchmark.reports.page.two_encodings import paired

        pairs = list(product(variants(first), variants(second)))
        selection = Selection.of(self.store)
        with self._speaking():
            return pandas.DataFrame([row for pair in pairs for row in paired(selection, *pair).rows()])

    def plot(self, kind: str = "curves", tasks: Sequence[str] | str = ()) -> "Plot":
        """A figure for each task, or for some: "curves" by length, or a "heatmap" of encodings and lengths."""
        from benchmark.reports.write.notebook import plot

        with self._speaking():
            return plot(self.store, kind, items(tasks) if isinstance(tasks, str) else list(tasks))

    def report(
        self,
        out: str | Path = REPORTS,
        *,
        reference: str | None = None,
        language: str = "en",
        figures: str | None = None,
    ) -> "ReportPaths":
        """Write the report into a folder, and say where its files are.

        `language` is "en" or "zh"; with `figures`, "pdf", "svg" or "png", the figures are also written for print.
        """
        from benchmark.claims.page import section
        from benchmark.experiments.reproduce import command_for
        from benchmark.reports.draw.canvas import PRINTED
        from benchmark.reports.words import LANGUAGES
        from benchmark.reports.write.report import write_report

        for kind, given, known in (("language", language, LANGUAGES), ("format", figures or "pdf", PRINTED)):
            if given not in known:
                raise unknown(kind, str(given), known)
        store = self.store.held()
        return write_report(
            store,
            Path(out),
            command=command_for(store),
            reference=reference,
            language=language,
            figures=figures,
            claims=section,
        )

    def __repr__(self) -> str:
        return f"Results({str(self.store.root)!r}, {len(self.failures)} failures)"

    def _repr_html_(self) -> str:
        from benchmark.reports.write.notebook import overview

        with self._speaking():
            return overview(self.store, self.failures)

    def _speaking(self) -> AbstractContextManager[None]:
        """A context that says "document" instead of "seed" if the results are of a checkpoint."""
        from benchmark.reports.words import speaking
        from benchmark.reports.write.report import of_checkpoints

        return speaking("en", documents=of_checkpoints(self.store))


def run(
    encodings: Sequence[str | Path] | str | Path | None = None,
    tasks: Sequence[str | Path] | str | Path | None = None,
    *,
    checkpoint: str | Path | None = None,
    preset: str = "quick",
    seeds: int | Sequence[int] | str | None = None,
    lengths: Sequence[float] | float | str | None = None,
    corpus: str | Path | None = None,
    text_encoding: str | None = None,
    precision: Precision | None = None,
    width: int | Sequence[int] | None = None,
    heads: int | None = None,
    layers: int | None = None,
    mixing: Mixing | None = None,
    train_length: int | Mapping[str, int] | str | None = None,
    steps: int | Mapping[str, int] | str | None = None,
    batch: int | Mapping[str, int] | str | None = None,
    learning_rate: float | Mapping[str, float] | str | None = None,
    budgets: Sequence[int] | int | str | None = None,
    tune: str | None = None,
    mechanism: bool = False,
    results: str | Path = RESULTS,
    workers: int | None = None,
    device: str = "auto",
    cell_timeout: float | None = None,
    executor: Executor | str | None = None,
    address: str | None = None,
    cores_per_cell: int | None = None,
    memory_per_cell: float | None = None,
    gpus_per_cell: float | None = None,
    force: bool = False,
    retry_failed: bool = False,
    log: str | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> Results:
    """Train and measure whatever is not in the results folder yet, and return the results of the whole request.

    With a `checkpoint` (a folder, a .gguf file, or "hub:owner/name"), that is measured and nothing is trained: `seeds`
    are documents, and `lengths` multiples of its own L, such as 1.5, or tokens, from 64 on.
    `encodings` and `tasks` are named as on the command line; `seeds` are a number, the seeds themselves, or "auto" or
    "auto:12", in rounds until the comparisons of a task are decided; `lengths` are multiples of the trained length, and
    `cell_timeout` is in seconds. `text_encoding` names the encoding of a text of your own, instead of the one it fits.
    `width` to `budgets` change the preset: several widths make the same comparison at each; a dictionary gives single
    tasks a value of their own (as does the text "2000,copy=4000"); `budgets` are multiples of the steps.
    `tune="learning-rate"` first finds the rate at which each encoding is best, and makes the comparison both at the
    same rate for all and with each at its own. With `mechanism`, every model is looked into at every length: entropy of
    attention, a linear probe of position, and how much of the scores is due to position. The default executor is the
    pool of this machine, which `workers`, `device` and `cell_timeout` configure; "ray" is a Ray cluster, with the
    `address` of its head and what a cell takes there (memory in GB); an `executor` of your own brings its own settings
    and writes to the same folder. `log="tensorboard"` writes event files. In a notebook a bar shows the progress,
    unless `on_event` takes the events. Raises UsageError before anything is trained if something cannot work. A cell
    that fails is recorded, and the rest go on.
    """
    own = None if executor is None or isinstance(executor, str) else executor
    if own is not None and not callable(getattr(own, "run", None)):
        raise UsageError(f"executor is of type {type(own).__name__}, which has no method run: see Executor")
    settings = Settings.read(
        executor=executor if isinstance(executor, str) else "pool",
        workers=workers,
        device=device,
        cell_timeout=cell_timeout,
        address=address,
        cores_per_cell=cores_per_cell,
        memory_per_cell=memory_per_cell,
        gpus_per_cell=gpus_per_cell,
    )
    given = [name for name, value in settings if value != Settings.model_fields[name].default]
    if own is not None and given:
        raise UsageError(f"{given[0]} configures the pool or Ray: set it on your executor, or omit executor")
    if on_event is not None and not callable(on_event):
        raise UsageError(f"on_event is of type {type(on_event).__name__}, but must be a function of an event")
    again = {"force": flag("force", force), "retry_failed": flag("retry_failed", retry_failed)}
    changes = {
        **{"width": width, "heads": heads, "layers": layers, "mixing": mixing, "budgets": budgets},
        **{"train_length": train_length, "steps": steps, "batch": batch, "learning_rate": learning_rate},
    }
    request = Request.read(
        encodings=encodings,
        tasks=tasks,
        preset=preset,
        seeds=seeds,
        lengths=lengths,
        corpus=corpus,
        text_encoding=text_encoding,
        precision=precision_of(checkpoint, device) if precision is None else precision,
        tune=tune,
        changes=changes,
        checkpoint=checkpoint,
        mechanism=mechanism,
    )
    store = Store(folder(results))
    stages = stages_of(request, store)
    events = execute(stages, store, executor_of(request, settings, store) if own is None else own, **again)
    with Bar() if on_event is None and in_notebook() else nullcontext() as bar:
        for event in logged(events, log, stages, store):
            if bar is not None:
                bar(event)
            elif on_event is not None and isinstance(event, Event):
                on_event(event)
    plan = stages.reached
    return Results(store=Store(store.root, only=plan.keys), failures=went_wrong(plan, store))


def executor_of(request: Request, settings: Settings, store: Store) -> Executor:
    """The executor that settings describe; for a checkpoint one worker with all cores, unless more are asked for."""
    if settings.executor == "pool":
        one = {"workers": 1} if request.checkpoint is not None and settings.workers is None else {}
        return Pool(store=store, **{**settings.model_dump(include={"workers", "device", "cell_timeout"}), **one})
    if request.checkpoint is not None:
        raise UsageError("--executor ray trains models; a checkpoint is read on this machine: omit --executor")
    refuse_without_ray()
    memory = settings.memory_per_cell
    ask = Ask(
        cores=settings.cores_per_cell or 1,
        memory_bytes=None if memory is None else round(memory * 1e9),
        gpus=settings.gpus_per_cell or 0.0,
    )
    return Cluster(
        store=store, address=settings.address, ask=ask, device=settings.device, cell_timeout=settings.cell_timeout
    )


def precision_of(checkpoint: str | Path | None, device: str) -> Precision:
    """The precision of a request that names none."""
    return "float32" if checkpoint is None else usual_precision(device)


def stages_of(request: Request, store: Store) -> Stages:
    """The stages of a request: the comparison, or with tuning the three that `experiments.tuning` describes."""
    plan = _plan(request)
    return Stages(plan, iter([_rounds(plan, store)]) if request.tune is None else _tuned(plan, request.tune, store))


def _plan(request: Request) -> Plan:
    planned = make_plan if request.checkpoint is None else make_pretrained_plan
    if not automatic(request):
        return planned(request)
    from benchmark.reports.stats.verdict import fewest_seeds

    return planned(request, fewest_seeds)


def _rounds(plan: Plan, store: Store, stage: str = "") -> Rounds:
    """The rounds of a plan: one if its seeds are given, else as many as the verdict of the reports takes."""
    if not plan.spans:
        return Rounds(plan, stage=stage)
    from benchmark.reports.standing import standing

    return Rounds.begin(plan, store, standing, stage)


def _tuned(plan: Plan, tune: Tune, store: Store) -> Iterator[Trials | Rounds]:
    from benchmark.reports.tables.tuning import best_rate

    trials = Trials(trials_of(plan, tune), best_rate)
    yield trials
    yield _rounds(plan, store, SAME_RATE)
    best = at_best(plan, trials)
    if best is not None:
        yield _rounds(best, store, AT_BEST)


def load(results: str | Path = RESULTS) -> Results:
    """The contents of a results folder or of a pack."""
    path = place(results)
    if not path.is_dir() and not path.is_file():
        raise UsageError(f"no results folder {str(path)!r}: run something first, or name another folder")
    return Results(store=Store(path))
