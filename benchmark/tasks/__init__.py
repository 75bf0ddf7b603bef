"""The registry of tasks: name -> module. A test compares this table with the folder. Nothing here imports torch."""

from typing import TYPE_CHECKING

from benchmark.catalogue import Catalogue, Choice

if TYPE_CHECKING:
    from benchmark.tasks.task import Task

TABLE = {
    "addition": "addition",
    "binary-addition": "binary_addition",
    "copy": "copy",
    "corpus": "language",
    "cycle-navigation": "cycle_navigation",
    "lego": "lego",
    "modular-arithmetic": "modular_arithmetic",
    "offset-recall": "offset_recall",
    "polynomial-mod-10": "polynomial_mod_10",
    "recall-mqar": "recall_mqar",
    "state-tracking": "state_tracking",
    "sum-mod-10": "sum_mod_10",
}

GROUPS = {"default": ("corpus", "offset-recall", "recall-mqar", "copy")}

CATALOGUE = Catalogue(
    kind="task",
    package="benchmark.tasks",
    contract="task.py",
    bases=("Task", "Synthetic"),
    table=TABLE,
    groups=GROUPS,
    entry_point_group="position_tasks",
)


def make(choice: Choice | str) -> "Task":
    """A task: `make("offset-recall:back=7")`."""
    chosen = CATALOGUE.choice(choice) if isinstance(choice, str) else choice
    task: Task = CATALOGUE.load(chosen.entry)(**chosen.parameters)
    return task
