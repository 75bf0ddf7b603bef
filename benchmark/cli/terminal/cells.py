"""`time --suite cells`: where the processor time of whole cells goes, part by part."""

import json
import statistics
from collections.abc import Iterator, Sequence

import click

from benchmark.cli.terminal.table import Row, show
from benchmark.experiments.plan import Cell, make_plan
from benchmark.experiments.request import Request
from benchmark.timing.processes import told

ROUNDS_A_CELL = 10  # a whole cell for so many rounds of what takes milliseconds
WHOLE, EVALUATION, TRAINING = "whole", "evaluation", ("gradients", "optimiser")
REST = ("rows", "a look inside", "other")
COLUMNS = {
    "task": "task",
    "encoding": "encoding",
    WHOLE: "whole, s",
    "training": "training, s",
    EVALUATION: "evaluation / training",
    **{part: f"{part}, % of the whole" for part in REST},
    "rounds": "rounds",
}

Seconds = dict[str, float]


def time_cells(encodings: str, tasks: str | None, rounds: int) -> None:
    """Do a cell of each task and encoding in one process, and show the parts of its processor time."""
    plan = make_plan(Request(encodings=encodings, tasks=tasks, seeds=(0,)))
    count = max(1, rounds // ROUNDS_A_CELL)
    show([row_of(cell, found) for cell, found in zip(plan.cells, measured(plan.cells, count), strict=True)], COLUMNS)
    click.echo(
        "medians over rounds, processor time of one thread in a process that has been at work; preset quick, seed 0; "
        "training is forward, backward and optimiser; evaluation is at all lengths of the preset"
    )


def measured(cells: Sequence[Cell], rounds: int) -> Iterator[list[Seconds]]:
    """The seconds of each part in each round, by a process with a worker's settings."""
    text = json.dumps([cell.model_dump(mode="json") for cell in cells])
    found = told("the timing of cells", ["benchmark.timing.cells", str(rounds)], text)
    for number, seconds in enumerate(found):
        click.echo(f"timed: {cells[number].label}", err=True)
        yield seconds


def row_of(cell: Cell, rounds: Sequence[Seconds]) -> Row:
    """A row of the table: medians over the rounds."""
    training = [sum(each[part] for part in TRAINING) for each in rounds]
    evaluation = [each[EVALUATION] / own for each, own in zip(rounds, training, strict=True)]
    return {
        "task": cell.train.task.label,
        "encoding": cell.train.encoding.label,
        WHOLE: f"{statistics.median(each[WHOLE] for each in rounds):.1f}",
        "training": f"{statistics.median(training):.1f}",
        EVALUATION: f"{statistics.median(evaluation):.2f}",
        **{part: f"{statistics.median(100 * each[part] / each[WHOLE] for each in rounds):.1f}" for part in REST},
        "rounds": len(rounds),
    }
