"""The registry of tasks: name -> module. A test compares this table with the folder. Nothing here imports torch."""

from typing import TYPE_CHECKING

from benchmark.catalogue import Catalogue, Choice

if TYPE_CHECKING:
    from benchmark.tasks.task import Task

TABLE = {
    "addition": "addition",
    "copy": "copy",
    "corpus": "language",
    "offset-recall": "offset_recall",
    "recall-mqar": "recall_mqar",
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
