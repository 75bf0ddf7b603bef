"""`check-task`: check tasks against the contract before any training, and say how to fix each failure."""

from collections.abc import Mapping

import click

from benchmark.catalogue import Choice
from benchmark.cli.terminal import completion
from benchmark.cli.terminal.examples import examples
from benchmark.cli.terminal.options import changes, table_format
from benchmark.cli.terminal.outcomes import check_all, exit_code
from benchmark.cli.terminal.time_limit import time_limit
from benchmark.experiments.changes import Changes
from benchmark.experiments.presets import QUICK
from benchmark.tasks import CATALOGUE, make


@click.command(
    "check-task",
    epilog=examples(
        "check-task copy",
        "check-task recall path/to/my_task.py --train-length 64",
    ),
)
@click.argument("tasks", nargs=-1, required=True, metavar="TASK...", shell_complete=completion.tasks)
@changes("train_length")
@table_format
@time_limit
def command(tasks: tuple[str, ...], changes: Mapping[str, str | None], style: str, timeout: float) -> int:
    """Check tasks against the contract, in seconds, before any training.

    TASK is a name, a group or a file, as in --tasks: copy,copy:symbols=10 my_task.py. Rows have the trained length,
    that of the preset `quick` unless you change it, and multiples of it. A failed check says what to do. It cannot
    find an answer that contradicts the definition: that takes hand-written examples. Exit code 0: all passed;
    1: a check failed; 2: usage error.
    """
    from benchmark.checks.task import check

    choices, own = CATALOGUE.parse(",".join(tasks)), Changes.read(changes)
    own.check_tasks({choice.entry.name for choice in choices})
    found = check_all("task", choices, make, lambda choice: check(choice, trained_length(choice, own)), style, timeout)
    return exit_code(found)


def trained_length(choice: Choice, changes: Changes) -> int:
    """The length at which the preset `quick`, with these changes, trains a task."""
    name = choice.entry.name
    return changes.budgets_for(name, QUICK.budgets_for(name))[0].train_length
