"""The registry of tasks for a checkpoint, name -> module. A test checks this table against the folder.

They are measured by likelihood, on documents that are cut from a text; nothing is sampled. Nothing here imports torch.
"""

from typing import TYPE_CHECKING

from benchmark.catalogue import Catalogue, Choice

if TYPE_CHECKING:
    from benchmark.checkpoints.tasks.task import CheckpointTask

TABLE = {
    "kv-retrieval": "kv_retrieval",
    "needle-latent": "needle_latent",
    "passkey": "passkey",
    "text": "text",
    "variable-tracking": "variable_tracking",
}

GROUPS = {"default": ("text", "passkey")}

CATALOGUE = Catalogue(
    kind="task",
    package="benchmark.checkpoints.tasks",
    contract=("task.py",),
    bases=("CheckpointTask",),
    arguments=(),
    table=TABLE,
    groups=GROUPS,
    entry_point_group="position_checkpoint_tasks",
)


def make(choice: Choice) -> "CheckpointTask":
    """Build a task."""
    task: CheckpointTask = CATALOGUE.load(choice.entry)(**choice.parameters)
    return task
