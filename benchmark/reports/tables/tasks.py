"""What a report needs to know of a task, as its records state it.

Records say it themselves, so that a report can be made on a machine that has never seen the task's file. For a record
written before they did, the registry of tasks is asked; for a task that is not registered, the metric is a guess, and
`failures` says so.
"""

from functools import cache

from benchmark.errors import UsageError
from benchmark.metrics import METRICS
from benchmark.results.record import TaskFacts, TrainRecord
from benchmark.tasks import CATALOGUE

GUESS, GUESS_OF_TEXT = "token_accuracy", "loss_nats"


def facts_of(record: TrainRecord) -> TaskFacts:
    """The facts of the task of a trained model."""
    return record.task or _registered(record.spec.task.name, _has_text(record)) or _guessed(_has_text(record))


def headline_metric(record: TrainRecord) -> str:
    """The metric that the task names as its own."""
    facts = facts_of(record)
    return facts.metric if facts.metric in METRICS else _guessed(facts.language).metric


def is_metric_guessed(record: TrainRecord) -> bool:
    """True if neither the record nor the registry names the task's metric, or not one that this version knows."""
    stated = record.task or _registered(record.spec.task.name, _has_text(record))
    return stated is None or stated.metric not in METRICS


def is_language(record: TrainRecord) -> bool:
    """True if the task's problems are cut from a text."""
    return facts_of(record).language


def unlearned(record: TrainRecord) -> str:
    """Why no preset's model learns the task at its trained length; "" if one does."""
    return facts_of(record).unlearned


def sweep_of(record: TrainRecord) -> tuple[str, str] | None:
    """An axis and the parameter that varies along it, for a task whose runs make one grid; None for any other."""
    return facts_of(record).sweep


def title(record: TrainRecord) -> str:
    """The title of the task; "" if it has none."""
    return facts_of(record).title


@cache
def _registered(task: str, language: bool) -> TaskFacts | None:
    """What the registry says of a task; None if it does not have it."""
    try:
        stated = CATALOGUE.registered.entry(task).attributes
    except (UsageError, OSError):
        return None
    return TaskFacts(
        title=str(stated.get("title") or ""),
        metric=str(stated.get("metric") or _guessed(language).metric),
        language=language,
        unlearned=str(stated.get("unlearned") or ""),
        sweep=stated.get("sweep") or None,
    )


def _guessed(language: bool) -> TaskFacts:
    return TaskFacts(title="", metric=GUESS_OF_TEXT if language else GUESS, language=language)


def _has_text(record: TrainRecord) -> bool:
    return record.spec.task.corpus is not None
