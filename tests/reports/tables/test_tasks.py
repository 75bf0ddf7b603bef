"""What is known of a task: what its record states, then what the registry says, then a guess."""

from types import ModuleType

import pytest

from benchmark.reports.tables.tasks import (
    headline_metric,
    is_language,
    is_metric_guessed,
    sweep_of,
    title,
    unlearned,
)
from benchmark.results.record import TaskFacts

FACTS = TaskFacts(
    title="Mine", metric="exact_match", language=True, unlearned="too hard", sweep=("lag (tokens)", "back")
)


@pytest.mark.parametrize("name", ["copy", "mine"])
def test_the_record_decides_whatever_the_registry_says(records: ModuleType, name: str) -> None:
    stated = records.of_task(records.train_record("copy", "rope", 0), name, FACTS)
    assert (title(stated), headline_metric(stated), unlearned(stated)) == ("Mine", "exact_match", "too hard")
    assert is_language(stated) and sweep_of(stated) == ("lag (tokens)", "back")
    assert not is_metric_guessed(stated)


def test_of_an_old_record_the_registry_is_asked(records: ModuleType) -> None:
    adding = records.of_task(records.train_record("copy", "rope", 0), "addition")
    reading, recalling = (records.train_record(task, "rope", 0) for task in ("corpus", "offset-recall"))
    assert (headline_metric(adding), headline_metric(reading)) == ("exact_match", "loss_nats")
    assert not is_language(adding) and is_language(reading)
    assert sweep_of(recalling) == ("lag (tokens)", "back")
    assert title(adding) and not is_metric_guessed(adding)


@pytest.mark.parametrize(("task", "metric"), [("copy", "token_accuracy"), ("corpus", "loss_nats")])
def test_of_an_old_record_of_an_unknown_task_the_metric_is_a_guess(records: ModuleType, task: str, metric: str) -> None:
    trained = records.of_task(records.train_record(task, "rope", 0), "mine")
    assert (headline_metric(trained), title(trained), unlearned(trained), sweep_of(trained)) == (metric, "", "", None)
    assert is_metric_guessed(trained)


def test_a_metric_that_this_version_does_not_know_is_replaced_by_a_guess(records: ModuleType) -> None:
    facts = FACTS.model_copy(update={"metric": "yet_to_come"})
    trained = records.train_record("copy", "rope", 0).model_copy(update={"task": facts})
    assert (headline_metric(trained), is_metric_guessed(trained)) == ("loss_nats", True)
    assert title(trained) == "Mine"
