"""`time --suite tasks` on the terminal: how fast each task draws its training rows, against the promised rate."""

from collections.abc import Iterator, Sequence

import click

from benchmark.catalogue import Choice
from benchmark.cli.terminal.table import Row, show
from benchmark.errors import UsageError
from benchmark.experiments.changes import Changes
from benchmark.experiments.presets import QUICK
from benchmark.experiments.texts import located, refuse_idle
from benchmark.tasks import CATALOGUE

TASK_COLUMNS = {
    "operation": "operation",
    "task": "task",
    "length": "length",
    "batch": "batch",
    "rate": "tokens per second",
    "interval": "95 % interval",
    "rounds": "rounds",
}


def show_sampling(tasks: str, rounds: int, threads: int, changes: Changes, text_encoding: str | None = None) -> None:
    """Time the drawing of training rows, length and batch those of `quick` with changes; print the slowest first."""
    import torch

    from benchmark.timing.sampling import FLOOR

    torch.set_num_threads(threads)
    rows, problems, choices = [], [], CATALOGUE.parse(tasks)
    changes.check_tasks({choice.entry.name for choice in choices})
    refuse_idle(choices, None, text_encoding)
    for choice in choices:
        try:
            rows.append({**measured(located(choice, None, text_encoding), rounds, changes), "task": choice.label})
        except UsageError as error:  # a text that is not installed
            problems.append(f"{choice.label}: not timed: {error}")
    rows.sort(key=lambda row: float(row["median"]))
    show([_spelled(row) for row in rows], TASK_COLUMNS)
    for line in [*remarks(rows, FLOOR, threads), *problems]:
        click.echo(line)


def measured(choice: Choice, rounds: int, changes: Changes) -> Row:
    """The median rate of a task, with its interval."""
    from benchmark.reports.stats.intervals import median_interval
    from benchmark.tasks import make
    from benchmark.timing.sampling import rates

    name = choice.entry.name
    budget, task = changes.budgets_for(name, QUICK.budgets_for(name))[0], make(choice)
    length = max(budget.train_length, task.shortest())
    rate = median_interval(rates(task, batch=budget.batch, length=length, rounds=rounds))
    return {
        **{"operation": "sample", "task": choice.label, "length": length, "batch": budget.batch, "rounds": rate.n},
        **{"median": rate.value, "low": rate.low, "high": rate.high},
    }


def _spelled(row: Row) -> Row:
    known = row["low"] == row["low"]
    return {
        **row,
        "rate": f"{row['median']:,.0f}",
        "interval": f"{row['low']:,.0f} to {row['high']:,.0f}" if known else None,
    }


def remarks(rows: Sequence[Row], floor: int, threads: int) -> Iterator[str]:
    """Lines below the table: what the figures are, and the tasks that are slower than promised."""
    where = "1 CPU thread" if threads == 1 else f"{threads} CPU threads"
    yield (
        "median over rounds, in processor time; length and batch as shown; "
        f"{where}; promise: at least {floor:,} tokens per second"
    )
    slow = [f"{row['task']} ({row['median']:,.0f})" for row in rows if row["median"] < floor]
    yield f"slower than promised: {', '.join(slow)}" if slow else "no task is slower than promised"
