"""What a run would do, for `run --dry-run`: its cells, what is there, and roughly how long its training would take."""

import sys
from collections.abc import Mapping, Sequence

import click

from benchmark.cli.terminal import rates
from benchmark.cli.terminal.seeds import beginning, caps, closing, looked
from benchmark.cli.terminal.table import Row, show
from benchmark.cli.terminal.words import duration
from benchmark.experiments.estimate import Estimate, estimate
from benchmark.experiments.machine import cores, default_workers, memory_share, most_workers, on_gpu
from benchmark.experiments.outstanding import outstanding
from benchmark.experiments.plan import Cell
from benchmark.experiments.rounds import Round, Rounds
from benchmark.experiments.tuning import AT_BEST, Stages, Trials
from benchmark.results.spec import TUNING_SEEDS_FROM
from benchmark.results.store import Store

PLAN_COLUMNS = {
    "task": "task",
    "encoding": "trained with",
    "measured": "measured with",
    "seed": "seed",
    "model": "model",
    "length": "L",
    "steps": "steps",
    "batch": "batch",
    "rate": "learning rate",
    "parameters": "parameters",
    "seconds": "seconds to train",
    "state": "state",
}


def show_stages(
    stages: Stages, store: Store, device: str, workers: int | None, *, force: bool, retry_failed: bool
) -> None:
    """Print every stage that can be planned already."""
    shown: set[str] = set()  # keys of the models of earlier stages
    for stage in stages:
        if stage.stage:
            click.echo(f"{stage.stage}:")
        _show_stage(stage, store, device, workers, shown, force=force, retry_failed=retry_failed)
        shown |= stage.reached.train_keys
    trials = stages.begun[0]
    if isinstance(trials, Trials) and any(rate.rate is None for each in trials.chosen for rate in each.rates):
        click.echo(f"{AT_BEST}: the same comparison again, for encodings whose trials choose another learning rate")


def _show_stage(
    stage: Trials | Rounds,
    store: Store,
    device: str,
    workers: int | None,
    shown: set[str],
    *,
    force: bool,
    retry_failed: bool,
) -> None:
    def left() -> list[Cell]:
        cells = outstanding(stage.reached, store, force=force, retry_failed=retry_failed)
        return [cell for cell in cells if cell.train.key not in shown]

    todo = left()
    if not todo and isinstance(stage, Rounds):
        stage.catch_up(store)
        todo = left()
    plan = stage.reached
    later = stage.later if isinstance(stage, Rounds) else ()
    estimates = estimate((*plan.cells, *later), store)
    states = {cell.train.key: "to measure" if not force and trained(cell, store) else "to train" for cell in todo}
    earlier = {key: "in an earlier stage" for key in plan.train_keys & shown}
    show(_rows(plan.cells, estimates, {**states, **earlier}), PLAN_COLUMNS)
    _show_decided(stage, todo, store)
    training = [estimates[key].seconds for key, state in states.items() if state == "to train"]
    capped = [estimates[cell.train.key].seconds for cell in later if not trained(cell, store)]
    share = min(workers or default_workers(device), max(1, len(training)))
    click.echo(
        f"{tally(len(plan.cells), len(todo))}: "
        f"about {duration(sum(training) / share)} of training on {share} of {cores()} cores"
        + (f", or {duration(sum(training + capped) / share)} if every task goes to its cap" if capped else "")
        + held_to(device, workers or most_workers(device))
    )


def model_of(cell: Cell) -> str:
    """The model of a cell: "2 × 64, 4 heads" is 2 layers of width 64."""
    model = cell.train.model
    mixing = "" if model.mixing == "none" else f", {model.mixing}"
    return f"{model.layers} × {model.width}, {model.heads} heads{mixing}"


def _rows(cells: Sequence[Cell], estimates: Mapping[str, Estimate], states: Mapping[str, str]) -> list[Row]:
    return [
        {
            "task": cell.train.task.label,
            "encoding": cell.train.encoding.label,
            "measured": [measure.label for measure in cell.measures],
            "seed": cell.seed if cell.multiple is None else f"trial {cell.seed - TUNING_SEEDS_FROM}",
            "model": model_of(cell),
            "length": cell.train.budget.train_length,
            "steps": cell.train.budget.steps,
            "batch": cell.train.budget.batch,
            "rate": f"{cell.train.budget.learning_rate:g}",
            "parameters": f"{estimates[cell.train.key].parameters:,}",
            "seconds": f"{estimates[cell.train.key].seconds:.0f}",
            "state": states.get(cell.train.key, "finished"),
        }
        for cell in cells
    ]


def _show_decided(stage: Trials | Rounds, todo: Sequence[Cell], store: Store) -> None:
    """What the records have chosen or decided so far, and what the next round is."""
    if isinstance(stage, Trials):
        for each in stage.advance(store):
            if any(rate.rate is not None for rate in each.rates):
                click.echo(rates.chosen(each))
        return
    for look in stage.looks.values():
        click.echo(looked(look))
    if stage.plan.spans:
        next_ = Round(number=1, todo=todo, automatic=True, stage=stage.stage)
        click.echo(beginning(next_) if todo else closing(stage))
        click.echo(caps(stage.plan))


def held_to(device: str, workers: int) -> str:
    """The memory limit of a worker, if there is one."""
    if on_gpu(device) or sys.platform != "linux":
        return ""
    return f", each worker limited to {memory_share(workers) / 1e9:.1f} GB of memory"


def trained(cell: Cell, store: Store) -> bool:
    """True if a cell's model is there."""
    record = store.train(cell.train.key)
    return record is not None and record.status == "ok"


def tally(cells: int, todo: int) -> str:
    """The number of cells in a plan, finished and still to do."""
    return f"{cells} cell{'s' * (cells != 1)}, {cells - todo} finished, {todo} to do"
