"""`run`: train and measure whatever is missing, and write the report."""

import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import click

from benchmark.api import rounds_of
from benchmark.cli.terminal.options import (
    Known,
    Seconds,
    reference_encoding,
    report_language,
    reports_folder,
    results_folder,
)
from benchmark.cli.terminal.progress import DISPLAYS, display, duration, show_json_line
from benchmark.cli.terminal.seeds import beginning, caps, closing, looked
from benchmark.cli.terminal.summary import show_findings, show_holds, show_summary
from benchmark.cli.terminal.table import show
from benchmark.errors import UsageError, unknown
from benchmark.experiments.executor import Executor
from benchmark.experiments.machine import (
    cores,
    default_workers,
    memory_share,
    most_workers,
    multiplies_bfloat16,
    on_gpu,
)
from benchmark.experiments.plan import Cell, Plan, outstanding
from benchmark.experiments.pool import Pool
from benchmark.experiments.request import Request, parse_multiples, parse_seeds
from benchmark.experiments.rounds import Round, Rounds
from benchmark.experiments.runs import command as command_line
from benchmark.experiments.runs import execute, went_wrong
from benchmark.results.store import Store

PLAN_COLUMNS = {
    "task": "task",
    "encoding": "trained with",
    "measured": "measured with",
    "seed": "seed",
    "length": "L",
    "steps": "steps",
    "parameters": "parameters",
    "seconds": "seconds to train",
    "state": "state",
}


def read_config(ctx: click.Context, _: click.Parameter, value: Path | None) -> Path | None:
    """Take defaults from a TOML file whose keys are the long options; the command line takes precedence."""
    if value is None:
        return None
    try:
        settings = tomllib.loads(value.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"--config {value}: {' '.join(str(error).split())}") from None
    known = {option.opts[0].removeprefix("--"): option for option in ctx.command.params}
    del known["config"]
    defaults: dict[str, Any] = {}
    for key, setting in settings.items():
        option = known.get(key.replace("_", "-"))
        if option is None:
            raise unknown(f"setting in {value}", key, known)
        defaults[str(option.name)] = read_setting(f"--config {value}: {key}", setting, option)
    ctx.default_map = {**(ctx.default_map or {}), **defaults}
    return value


def read_setting(what: str, setting: object, option: click.Parameter) -> bool | str:
    """A setting in the form the command line would give it."""
    if isinstance(option, click.Option) and option.is_flag:
        if not isinstance(setting, bool):
            raise UsageError(f"{what} is {setting!r}, but must be true or false")
        return setting
    if isinstance(setting, dict):
        raise UsageError(f"{what} is a table, but must be a string, a number or a list")
    if isinstance(setting, bool):
        raise UsageError(f"{what} is {str(setting).lower()}, but must be a string, a number or a list")
    text = ",".join(map(str, setting if isinstance(setting, list) else [setting]))
    if "\0" in text:
        raise UsageError(f"{what} contains a null character, which no option may")
    return text


@click.command("run")
@click.option(
    "--encodings", default="classic", show_default=True, help="Names, groups or files: rope:base=500000,my.py"
)
@click.option("--tasks", default=None, help="Names, groups or files.  [default: the preset's]")
@click.option("--preset", default="quick", show_default=True, help="smoke, quick, standard or paper.")
@click.option(
    "--seeds", default=None, help="A number of seeds, or seeds: 0,4,7; auto or auto:12.  [default: the preset's]"
)
@click.option("--lengths", default=None, help="Multiples of the trained length: 1,2,4,8,16.  [default: the preset's]")
@results_folder
@reports_folder
@reference_encoding
@report_language
@click.option("--workers", type=click.IntRange(1, 256), default=None, help="Processes.  [default: one a core]")
@click.option("--device", type=Known("device", ["auto", "cpu", "cuda", "mps"]), default="auto", show_default=True)
@click.option("--precision", type=Known("precision", ["float32", "bfloat16"]), default="float32", show_default=True)
@click.option("--corpus", default=None, help="sanguo, shuihu, or the path of a text or a folder of texts.")
@click.option("--cell-timeout", type=Seconds(), default=None, help="Seconds after which a cell is abandoned.")
@click.option("--dry-run", is_flag=True, help="Show the plan and what is already there; train nothing.")
@click.option("--force", is_flag=True, help="Recompute what is already there.")
@click.option("--retry-failed", is_flag=True, help="Retry what failed or diverged.")
@click.option("--no-report", is_flag=True, help="Do not write the report.")
@click.option("--display", "style", type=Known("display", DISPLAYS), default="auto", show_default=True)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    callback=read_config,
    is_eager=True,
    expose_value=False,
    help="A TOML file of these options; the command line takes precedence.",
)
@click.pass_context
def command(
    ctx: click.Context,
    encodings: str,
    tasks: str | None,
    preset: str,
    seeds: str | None,
    lengths: str | None,
    results: Path,
    out: Path,
    reference: str | None,
    language: str,
    workers: int | None,
    device: str,
    precision: str,
    corpus: str | None,
    cell_timeout: float | None,
    dry_run: bool,
    force: bool,
    retry_failed: bool,
    no_report: bool,
    style: str,
) -> None:
    """Train and evaluate encodings on tasks, then write the report.

    Running the same command again resumes it, or does nothing; adding encodings, tasks, seeds or lengths computes only
    what is missing. Exit code 0: all good; 1: some cells failed or diverged; 2: usage error; 130: interrupted.
    """
    request = Request(
        encodings=encodings,
        tasks=tasks,
        preset=preset,
        seeds=None if seeds is None else parse_seeds(seeds),
        multiples=None if lengths is None else parse_multiples(lengths),
        corpus=corpus,
        precision="bfloat16" if precision == "bfloat16" else "float32",
    )
    store = Store(results)
    rounds = rounds_of(request, store)
    check_reference(reference, rounds.plan)
    told = style in ("auto", "rich", "plain")
    if told:
        for line in (*rounds.plan.left_out, *rounds.plan.notes):
            click.echo(line)
        if precision == "bfloat16" and not on_gpu(device) and multiplies_bfloat16() is False:
            click.echo("bfloat16 may be slower than float32 here: this processor has no AMX (docs/speed.md)")
    if dry_run:
        show_plan(rounds, store, device, workers, force=force, retry_failed=retry_failed)
        return
    # A caller of `main` may pass an executor as its `obj`; the command line itself only knows the pool.
    executor: Executor = ctx.obj or Pool(store=store, device=device, workers=workers, cell_timeout=cell_timeout)
    started = time.perf_counter()
    numbers = 0  # of rounds
    with display(style) as shown:
        for event in execute(rounds, store, executor, force=force, retry_failed=retry_failed):
            numbers += isinstance(event, Round)
            shown(event)
    if told:
        seconds = duration(time.perf_counter() - started)
        click.echo(f"computed in {seconds}" if numbers else "nothing to do: everything is there")
        if rounds.looks:
            click.echo(closing(rounds))
    plan = rounds.reached
    wrong = went_wrong(plan, store)
    for line in [*store.problems, *wrong]:
        click.echo(line, err=True)
    if not no_report:
        write(plan, Store(results, only=plan.keys), out, style, reference, language)
    ctx.exit(1 if wrong else 0)


def check_reference(name: str | None, plan: Plan) -> None:
    """Refuse a reference that is not among the encodings, before anything is trained."""
    known = {cell.train.encoding.label for cell in plan.cells}
    if name is not None and name not in known:
        raise unknown("reference", name, known, "It must be one of the encodings being trained.")


def write(plan: Plan, store: Store, out: Path, style: str, reference: str | None, language: str) -> None:
    """Write the report; print the summary table, the findings and the path of the report."""
    if not any(store.records()):
        return
    from benchmark.reports.write.report import write_report

    command = command_line(plan.request)
    paths = write_report(store, out, command=command, reference=reference, language=language)
    if style == "json":
        show_json_line(event="report", html=str(paths.html), markdown=str(paths.markdown))
    elif style != "none":
        show_summary(store)
        show_holds(paths.holds)
        show_findings(paths.findings)
        click.echo(f"report: {paths.html}")


def show_plan(
    rounds: Rounds, store: Store, device: str, workers: int | None, *, force: bool, retry_failed: bool
) -> None:
    """Print what a run would do, and roughly how long its training would take on this machine."""
    from benchmark.experiments.estimate import estimate

    todo = outstanding(rounds.reached, store, force=force, retry_failed=retry_failed)
    if not todo:
        rounds.catch_up(store)
        todo = outstanding(rounds.reached, store, force=force, retry_failed=retry_failed)
    plan = rounds.reached
    estimates = estimate((*plan.cells, *rounds.later), store)
    states = {cell.train.key: "to measure" if not force and _trained(cell, store) else "to train" for cell in todo}
    rows = [
        {
            "task": cell.train.task.label,
            "encoding": cell.train.encoding.label,
            "measured": [measure.label for measure in cell.measures],
            "seed": cell.seed,
            "length": cell.train.budget.train_length,
            "steps": cell.train.budget.steps,
            "parameters": f"{estimates[cell.train.key].parameters:,}",
            "seconds": f"{estimates[cell.train.key].seconds:.0f}",
            "state": states.get(cell.train.key, "finished"),
        }
        for cell in plan.cells
    ]
    show(rows, PLAN_COLUMNS)
    for each in rounds.looks.values():
        click.echo(looked(each))
    if plan.spans:
        click.echo(beginning(Round(number=1, todo=todo, automatic=True)) if todo else closing(rounds))
        click.echo(caps(plan))
    training = [estimates[key].seconds for key, state in states.items() if state == "to train"]
    later = [estimates[cell.train.key].seconds for cell in rounds.later if not _trained(cell, store)]
    share = min(workers or default_workers(device), max(1, len(training)))
    click.echo(
        f"{tally(len(plan.cells), len(todo))}: "
        f"about {duration(sum(training) / share)} of training on {share} of {cores()} cores"
        + (f", or {duration(sum(training + later) / share)} if every task goes to its cap" if later else "")
        + held_to(device, workers or most_workers(device))
    )


def held_to(device: str, workers: int) -> str:
    """The memory limit of a worker, if there is one."""
    if on_gpu(device) or sys.platform != "linux":
        return ""
    return f", each worker limited to {memory_share(workers) / 1e9:.1f} GB of memory"


def _trained(cell: Cell, store: Store) -> bool:
    record = store.train(cell.train.key)
    return record is not None and record.status == "ok"


def tally(cells: int, todo: int) -> str:
    """The number of cells in a plan, finished and still to do."""
    return f"{cells} cell{'s' * (cells != 1)}, {cells - todo} finished, {todo} to do"
