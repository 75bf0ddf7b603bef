"""Where a worker finds the classes of a plan again, and what specs and records say of a task. No torch."""

from benchmark.catalogue import Choice, Entry
from benchmark.errors import UsageError
from benchmark.experiments import texts
from benchmark.metrics import headlines
from benchmark.results.record import TaskFacts
from benchmark.results.spec import Frozen, Parameters, TaskSpec


class Origin(Frozen):
    """How a worker finds a class again: a registered name or the path of a file, with all parameters."""

    item: str
    parameters: Parameters

    @classmethod
    def of(cls, choice: Choice) -> "Origin":
        """The origin of a choice."""
        item = choice.entry.name if choice.entry.module else str(choice.entry.path)
        return cls(item=item, parameters=dict(choice.parameters))


def task_facts(entry: Entry) -> TaskFacts:
    """What records say of a task, from its class attributes; a UsageError if those do not say it."""
    stated = entry.attributes
    language, metric, sweep = bool(stated.get("language")), stated.get("metric"), stated.get("sweep") or None
    allowed = headlines(language=language)
    if metric not in allowed:
        raise UsageError(f"{entry.path}: metric is {metric!r}, but must be the literal text {' or '.join(allowed)}")
    if sweep is not None and not (isinstance(sweep, tuple) and [type(each) for each in sweep] == [str, str]):
        raise UsageError(f"{entry.path}: sweep is {sweep!r}, but must be two texts: an axis, and its parameter")
    return TaskFacts(
        title=stated["title"],
        metric=metric,
        language=language,
        unlearned=str(stated.get("unlearned", "")),
        sweep=sweep,
    )


def task_spec(choice: Choice, corpus: str, text_encoding: str | None) -> tuple[TaskSpec, Origin]:
    """The spec of a task on a text, if it reads one, and its origin."""
    entry, text = choice.entry, texts.read(choice, corpus, text_encoding)
    spec = TaskSpec(
        name=entry.name,
        parameters=dict(choice.parameters) if text is None else text.counted,
        fingerprint=entry.fingerprint,
        label=choice.label if text is None else text.label,
        version=int(entry.attributes.get("version", 1)),
        corpus=None if text is None else text.name,
        corpus_hash=None if text is None else text.content_hash,
    )
    parameters = dict(choice.parameters) if text is None else text.parameters
    return spec, Origin(item=Origin.of(choice).item, parameters=parameters)
