"""`run`: train and measure whatever is missing, and write the report."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from benchmark.api import executor_of, precision_of, stages_of
from benchmark.cli.terminal import completion
from benchmark.cli.terminal.config import read_config
from benchmark.cli.terminal.examples import examples
from benchmark.cli.terminal.options import (
    PLAN_FORMATS,
    Known,
    changes,
    executor_settings,
    preset_name,
    reference_encoding,
    reports_folder,
    results_folder,
    spoken,
    text_encoding,
)
from benchmark.cli.terminal.progress import DISPLAYS, display, show_json_line, trouble
from benchmark.cli.terminal.seeds import closing
from benchmark.cli.terminal.summary import show_findings, show_holds, show_summary
from benchmark.cli.terminal.words import duration
from benchmark.errors import UsageError, unknown
from benchmark.experiments.executor import Executor
from benchmark.experiments.machine import multiplies_bfloat16, on_gpu
from benchmark.experiments.plan import Plan
from benchmark.experiments.request import Request
from benchmark.experiments.rounds import Round, Rounds
from benchmark.experiments.runs import command as command_line
from benchmark.experiments.runs import execute, went_wrong
from benchmark.experiments.settings import Settings
from benchmark.reports.phrases import plan_note
from benchmark.reports.words import speaking, t
from benchmark.results.store import Store
from benchmark.tracker import TRACKERS, logged


@click.command(
    "run",
    epilog=examples(
        "run --encodings rope,alibi",
        "run --encodings rope,rope:base=500000,path/to/mine.py --seeds 7",
        "run --encodings rope,alibi --tasks corpus --corpus path/to/novel.txt",
        "run --encodings rope,alibi --width 32,64,128 --dry-run",
        'run --encodings "rope:base=1e3|1e4|1e5" --log tensorboard',
        "run --encodings classic --tune learning-rate",
        "run --checkpoint path/to/model --encodings rope,yarn:factor=2",
    ),
)
@click.option(
    "--checkpoint",
    default=None,
    shell_complete=completion.path,
    help="Measure a pretrained model and train nothing: a folder, a .gguf file, or hub:owner/name.",
)
@click.option(
    "--encodings",
    default=None,
    shell_complete=completion.encodings,
    help="Names, groups or files: rope:base=500000,my.py  [default: classic; of a checkpoint: rope,test-time,none]",
)
@click.option(
    "--tasks",
    default=None,
    shell_complete=completion.tasks,
    help="Names, groups or files.  [default: the preset's]",
)
@preset_name
@click.option(
    "--seeds",
    default=None,
    help="A number of seeds (of a checkpoint: documents), or seeds: 0,4,7; auto or auto:12.  "
    "[default: the preset's; of a checkpoint: 12]",
)
@click.option(
    "--lengths",
    default=None,
    help="Multiples of the trained length: 1,2,4,8,16; of a checkpoint also .25,1.5, or tokens, from 64 on.  "
    "[default: the preset's; of a checkpoint: .25,1,1.5,2]",
)
@changes()
@click.option(
    "--tune",
    default=None,
    help="learning-rate: compare each encoding at its best rate too; or with multiples of the task's rate to try, "
    "learning-rate=0.1,0.3,1,3.  [default multiples: 0.3,1,3]",
)
@click.option(
    "--mechanism",
    is_flag=True,
    help="Look inside every model at every length: entropy of attention, a probe of position, what scores are due to.",
)
@results_folder
@reports_folder
@reference_encoding
@spoken
@executor_settings
@click.option(
    "--precision",
    type=Known("precision", ["float32", "bfloat16"]),
    default=None,
    help="[default: float32; of a checkpoint: bfloat16 where the device multiplies it]",
)
@click.option(
    "--corpus",
    default=None,
    shell_complete=completion.corpora,
    help="sanguo, shuihu, or the path of a text or a folder of texts.",
)
@text_encoding
@click.option("--dry-run", is_flag=True, help="Show the plan and what is already there; train nothing.")
@click.option(
    "--format",
    "form",
    type=Known("format", PLAN_FORMATS),
    default="table",
    show_default=True,
    help="Of a dry run: a row for each task and encoding, or the whole plan as csv or json, with a row for each cell.",
)
@click.option("--force", is_flag=True, help="Recompute what is already there.")
@click.option("--retry-failed", is_flag=True, help="Retry what failed or diverged.")
@click.option("--no-report", is_flag=True, help="Do not write the report.")
@click.option(
    "--log",
    type=Known("tracker", TRACKERS),
    default=None,
    help="tensorboard: also write event files, into the folder tensorboard of --results.",
)
@click.option("--display", "style", type=Known("display", DISPLAYS), default="auto", show_default=True)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    callback=read_config,
    is_eager=True,
    expose_value=False,
    help="A TOML file of these options, with tables [model], [budget] and [budget.TASK]; the command line wins.",
)
@click.pass_context
def command(
    ctx: click.Context,
    checkpoint: str | None,
    encodings: str | None,
    tasks: str | None,
    preset: str,
    seeds: str | None,
    lengths: str | None,
    changes: Mapping[str, str | None],
    tune: str | None,
    mechanism: bool,
    results: Path,
    out: Path,
    reference: str | None,
    settings: Mapping[str, Any],
    precision: str | None,
    corpus: str | None,
    text_encoding: str | None,
    dry_run: bool,
    form: str,
    force: bool,
    retry_failed: bool,
    no_report: bool,
    log: str | None,
    style: str,
) -> None:
    """Train and evaluate encodings on tasks, then write the report.

    Running the same command again resumes it, or does nothing; adding encodings, tasks, seeds or lengths computes only
    what is missing. Exit code 0: all good; 1: some cells failed or diverged; 2: usage error; 130: interrupted.
    """
    if form != "table" and not dry_run:
        raise UsageError(f"--format is {form}, but only a dry run prints a plan: add --dry-run")
    configured = Settings.read(**settings)
    request = Request.read(
        encodings=encodings,
        tasks=tasks,
        preset=preset,
        seeds=seeds,
        lengths=lengths,
        corpus=corpus,
        text_encoding=text_encoding,
        precision=precision_of(checkpoint, configured.device) if precision is None else precision,
        tune=tune,
        changes=changes,
        checkpoint=checkpoint,
        mechanism=mechanism,
    )
    store = Store(results)
    stages = stages_of(request, store)
    plan = stages.plan
    check_reference(reference, plan)
    told = style in ("auto", "rich", "plain")
    if told:
        aside = form != "table"
        for line in (*plan.left_out, *plan.notes):
            click.echo(plan_note(line), err=aside)
        if precision == "bfloat16" and not on_gpu(configured.device) and multiplies_bfloat16() is False:
            click.echo(
                t("bfloat16 may be slower than float32 here: this processor has no AMX (docs/speed.md)"), err=aside
            )
    if dry_run and request.checkpoint is not None:
        if form != "table":
            raise UsageError(f"--format is {form}, but a plan with --checkpoint is only shown as a table: omit it")
        from benchmark.cli.terminal.documents import show_documents  # imports torch

        for stage in stages:
            assert isinstance(stage, Rounds)
            show_documents(stage, store, configured.device, force=force, retry_failed=retry_failed)
        return
    if dry_run:
        from benchmark.cli.terminal.planned import Shown  # imports torch

        asked = Shown(
            store=store,
            device="cuda" if configured.gpus_per_cell else configured.device,
            workers=configured.workers,
            on_ray=configured.executor == "ray",
            force=force,
            retry_failed=retry_failed,
            form=form,
        )
        asked.stages(stages)
        return
    # A caller of `main` may pass an executor as its `obj`; the command line itself only knows the pool and Ray.
    executor: Executor = ctx.obj or executor_of(request, configured, store)
    started = time.perf_counter()
    numbers = 0  # of rounds
    events = execute(stages, store, executor, force=force, retry_failed=retry_failed)
    with display(style) as shown:
        for event in logged(events, log, stages, store):
            numbers += isinstance(event, Round)
            shown(event)
    if told:
        seconds = duration(time.perf_counter() - started)
        if numbers:
            click.echo(t("computed in {time}", time=seconds))
        else:
            click.echo(t("nothing to do: everything is there"))
        for stage in stages.begun:
            if isinstance(stage, Rounds) and stage.looks:
                click.echo(closing(stage))
    plan = stages.reached
    wrong = went_wrong(plan, store)
    for line in [*store.problems, *map(trouble, wrong)]:
        click.echo(line, err=True)
    if not no_report:
        write(plan, Store(results, only=plan.keys), out, style, reference)
    ctx.exit(1 if wrong else 0)


def check_reference(name: str | None, plan: Plan) -> None:
    """Refuse a reference that is not among the encodings, before anything is trained."""
    known = {cell.train.encoding.label for cell in plan.cells}
    if name is not None and name not in known:
        raise unknown("reference", name, known, "It must be one of the encodings being trained.")


def write(plan: Plan, store: Store, out: Path, style: str, reference: str | None) -> None:
    """Write the report; print the summary table, the findings and the path of the report."""
    if not any(store.records()):
        return
    store = store.held()
    from benchmark.claims.page import section
    from benchmark.reports.write.report import of_checkpoints, write_report

    command = command_line(plan.request)
    paths = write_report(store, out, command=command, reference=reference, claims=section)
    if style == "json":
        show_json_line(event="report", html=str(paths.html), markdown=str(paths.markdown))
    elif style != "none":
        with speaking(documents=of_checkpoints(store)):
            show_summary(store)
        show_holds(paths.holds)
        show_findings(paths.findings)
        click.echo(t("report: {path}", path=paths.html))
