"""What a report needs to know of a task: from its records, which a reader has, and not from its class, which may be absent."""

from functools import cache
from typing import Any

from benchmark.errors import UsageError
from benchmark.results.record import TrainRecord
from benchmark.tasks import CATALOGUE


def headline_metric(record: TrainRecord) -> str:
    """The metric that the task of a trained model names as its own."""
    return str(_told(record.spec.task.name, "metric") or ("loss_nats" if is_language(record) else "token_accuracy"))


def is_language(record: TrainRecord) -> bool:
    """Whether the task of a trained model is over a text."""
    return record.spec.task.corpus is not None


def unlearned(record: TrainRecord) -> str:
    """Why no model of a preset learns a task at its trained length, as the task says; "" where one does."""
    return str(_told(record.spec.task.name, "unlearned") or "")


def sweep_of(record: TrainRecord) -> tuple[str, str] | None:
    """The axis that a task names whose runs differ in one parameter, and the parameter; None if it names none."""
    sweep = _told(record.spec.task.name, "sweep")
    return (str(sweep[0]), str(sweep[1])) if sweep else None


def title(record: TrainRecord) -> str:
    """The title of a task; "" if it has none."""
    return str(_told(record.spec.task.name, "title") or "")


@cache
def _told(task: str, fact: str) -> Any:
    try:
        return CATALOGUE.registered.entry(task).attributes.get(fact)
    except (UsageError, OSError):
        return None
