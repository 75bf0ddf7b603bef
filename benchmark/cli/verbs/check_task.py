"""`check-task`: check tasks against the contract before any training, and say how to fix each failure."""

import click

from benchmark.catalogue import Choice
from benchmark.cli.terminal.options import table_format
from benchmark.cli.terminal.outcomes import check_all, exit_code
from benchmark.experiments.presets import QUICK
from benchmark.tasks import CATALOGUE, make


@click.command("check-task")
@click.argument("tasks", nargs=-1, required=True, metavar="TASK...")
@table_format
def command(tasks: tuple[str, ...], style: str) -> int:
    """Check tasks against the contract, in seconds, before any training.

    TASK is a name, a group or a file, as in --tasks: copy,copy:symbols=10 my_task.py. Lengths are those of the preset
    `quick`. A failed check says what to do. It cannot find an answer that contradicts the definition: that takes
    hand-written examples. Exit code 0: all passed; 1: a check failed; 2: usage error.
    """
    from benchmark.checks.task import check

    choices = CATALOGUE.parse(",".join(tasks))
    found = check_all("task", choices, make, lambda choice: check(choice, trained_length(choice)), style)
    return exit_code(found)


def trained_length(choice: Choice) -> int:
    """The length at which the preset `quick` trains a task."""
    return QUICK.budgets_for(choice.entry.name)[0].train_length
