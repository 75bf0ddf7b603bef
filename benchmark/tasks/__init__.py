"""The registry of tasks, name -> module. A test checks this table against the folder.

Nothing here imports torch; `make` does, when it builds a task.
"""

from typing import TYPE_CHECKING

from benchmark.catalogue import Catalogue, Choice

if TYPE_CHECKING:
    from benchmark.tasks.task import Task

TABLE = {
    "addition": "addition",
    "binary-addition": "binary_addition",
    "bucket-sort": "bucket_sort",
    "copy": "copy",
    "copy-repeat": "copy_repeat",
    "copy-twice": "copy_twice",
    "corpus": "language",
    "count-symbol": "count_symbol",
    "cycle-navigation": "cycle_navigation",
    "dyck": "dyck",
    "even-pairs": "even_pairs",
    "first-recall": "first_recall",
    "flip-flop": "flip_flop",
    "index-recall": "index_recall",
    "induction": "induction",
    "lego": "lego",
    "majority": "majority",
    "missing-duplicate": "missing_duplicate",
    "modular-arithmetic": "modular_arithmetic",
    "needle": "needle",
    "needle-latent": "needle_latent",
    "odds-first": "odds_first",
    "offset-recall": "offset_recall",
    "parity": "parity",
    "polynomial-mod-10": "polynomial_mod_10",
    "recall-latest": "recall_latest",
    "recall-mqar": "recall_mqar",
    "reverse": "reverse",
    "sort": "sort",
    "stack-manipulation": "stack_manipulation",
    "state-tracking": "state_tracking",
    "sum-mod-10": "sum_mod_10",
    "variable-tracking": "variable_tracking",
}

GROUPS = {"default": ("corpus", "offset-recall", "recall-mqar", "copy")}

CATALOGUE = Catalogue(
    kind="task",
    package="benchmark.tasks",
    contract=("task.py",),
    bases=("Task", "Synthetic", "Language"),
    arguments=(),
    table=TABLE,
    groups=GROUPS,
    entry_point_group="position_tasks",
)


def make(choice: Choice | str) -> "Task":
    """Build a task: `make("offset-recall:back=7")`."""
    chosen = CATALOGUE.choice(choice) if isinstance(choice, str) else choice
    task: Task = CATALOGUE.load(chosen.entry)(**chosen.parameters)
    return task
