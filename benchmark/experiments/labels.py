"""Names for cells of one task that differ in more than encoding and seed: "copy (width 64, steps 2000)"."""

from collections.abc import Callable, Iterable

from benchmark.results.spec import TrainSpec

SETTINGS: dict[str, Callable[[TrainSpec], object]] = {
    "L =": lambda spec: spec.budget.train_length,
    "width": lambda spec: spec.model.width,
    "steps": lambda spec: spec.budget.steps,
}


def task_label(own: TrainSpec, all_: Iterable[TrainSpec]) -> str:
    """The label of a task; in brackets, the settings in which others of the same task differ."""
    alike = [spec for spec in all_ if spec.task.label == own.task.label]
    told = [
        f"{name} {value(own)}" for name, value in SETTINGS.items() if any(value(spec) != value(own) for spec in alike)
    ]
    return f"{own.task.label} ({', '.join(told)})" if told else own.task.label
