"""`time --suite cells` on the terminal: where the processor time of whole cells goes."""

import json
import statistics
from collections.abc import Iterator, Sequence

import click

from benchmark.cli.terminal.table import Row, show
from benchmark.experiments.labels import task_label
from benchmark.experiments.plan import Cell, make_plan
from benchmark.experiments.request import Request
from benchmark.timing.processes import told

ROUNDS_A_CELL = 10  # requested rounds per whole cell, since these rounds take seconds rather than milliseconds
WHOLE, EVALUATION, TRAINING = "whole", "evaluation", ("gradients", "optimiser")
REST = ("rows", "a look inside", "other")
CELL_COLUMNS = {
    "task": "task",
    "encoding": "encoding",
    WHOLE: "whole, s",
    "training": "training, s",
    EVALUATION: "evaluation / training",
    **{part: f"{part}, % of the whole" for part in REST},
    "rounds": "rounds",
}

Seconds = dict[str, float]


def time_cells(request: Request, rounds: int) -> None:
    """Run a cell of each task and encoding in one process, and show how its processor time divides."""
    plan = make_plan(request)
    specs = [cell.train for cell in plan.cells]
    settings = " ".join(["preset quick", *(f"{name} {value}" for name, value in request.changes.options().items())])
    count = max(1, rounds // ROUNDS_A_CELL)
    rows = [
        {"task": task_label(cell.train, specs), **row_of(cell, found)}
        for cell, found in zip(plan.cells, measured(plan.cells, count), strict=True)
    ]
    show(rows, CELL_COLUMNS)
    click.echo(
        f"medians over rounds, processor time of one thread in a warmed-up process; {settings}, seed 0; "
        "training is forward, backward and optimiser; evaluation covers all lengths of the preset"
    )


def measured(cells: Sequence[Cell], rounds: int) -> Iterator[list[Seconds]]:
    """The seconds of each part in each round, measured by a process with a worker's settings."""
    text = json.dumps([cell.model_dump(mode="json") for cell in cells])
    found = told("the timing of cells", ["benchmark.timing.cells", str(rounds)], text)
    for number, seconds in enumerate(found):
        click.echo(f"timed: {cells[number].label}", err=True)
        yield seconds


def row_of(cell: Cell, rounds: Sequence[Seconds]) -> Row:
    """A row of the table, but for the task: medians over the rounds."""
    training = [sum(each[part] for part in TRAINING) for each in rounds]
    evaluation = [each[EVALUATION] / own for each, own in zip(rounds, training, strict=True)]
    return {
        "encoding": cell.train.encoding.label,
        WHOLE: f"{statistics.median(each[WHOLE] for each in rounds):.1f}",
        "training": f"{statistics.median(training):.1f}",
        EVALUATION: f"{statistics.median(evaluation):.2f}",
        **{part: f"{statistics.median(100 * each[part] / each[WHOLE] for each in rounds):.1f}" for part in REST},
        "rounds": len(rounds),
    }
