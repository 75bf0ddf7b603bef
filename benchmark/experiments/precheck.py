"""What is refused before anything is trained: lengths, sizes and parameters that cannot work."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from benchmark import encodings
from benchmark.catalogue import Choice, PackageError
from benchmark.encodings.encoding import Encoding, Shape
from benchmark.errors import UsageError
from benchmark.experiments.cell import Emit, choose_device, count, encoding_choice, make_task, refuse_bad_values
from benchmark.experiments.machine import machine_memory
from benchmark.experiments.origins import Origin
from benchmark.experiments.plan import Cell
from benchmark.experiments.presets import QUICK
from benchmark.interrupts import pass_on
from benchmark.results.spec import ModelSpec, TrainSpec
from benchmark.tasks.task import Language, Task
from benchmark.training.train import build_encodings, outline, shape_of

Made = TypeVar("Made")


@dataclass(frozen=True, kw_only=True)
class Size:
    """Numbers of parameters."""

    parameters: int
    of_encoding: int


@dataclass
class Models:
    """The untrained models of a plan: each task is made once, and each encoding once for every shape of model."""

    emit: Emit = lambda *_, **__: None  # gets "building" with a name before each
    _tasks: dict[tuple[str, int, int], Task | PackageError] = field(default_factory=dict)
    _choices: dict[str, tuple[Choice, bool]] = field(default_factory=dict)  # with whether it reads marks
    _encodings: dict[tuple[str, ModelSpec, Shape], int | PackageError] = field(default_factory=dict)
    _others: dict[tuple[ModelSpec, int], int] = field(default_factory=dict)  # by size and vocabulary

    def task(self, cell: Cell) -> Task:
        """The task of a cell; a text is read once, and not for every seed and encoding."""
        asked = (cell.task.model_dump_json(), cell.train.budget.train_length, _longest(cell))
        if asked not in self._tasks:
            self.emit("building", what=f"the task {cell.task.item}")
            self._tasks[asked] = _or_error(partial(check_lengths, cell))
        return _or_raise(self._tasks[asked])

    def size(self, cell: Cell, origin: Origin) -> Size:
        """The size of the model of a cell with an encoding; raises UsageError for what cannot be built."""
        spec, task = cell.train, self.task(cell)
        others = (spec.model, task.vocabulary)
        if others not in self._others:
            refuse_huge(spec.model)
            self._others[others] = count(outline(spec, task))
        of_encoding = self._of_encoding(spec, task, origin)
        return Size(parameters=self._others[others] + of_encoding, of_encoding=of_encoding)

    def _of_encoding(self, spec: TrainSpec, task: Task, origin: Origin) -> int:
        """The parameters of an encoding in a model."""
        name = origin.model_dump_json()
        if name not in self._choices:
            choice = encoding_choice(origin)
            self._choices[name] = choice, encodings.CATALOGUE.reads_marks(choice)
        choice, marked = self._choices[name]
        asked = (name, spec.model, shape_of(spec, task, marked=marked))
        if asked not in self._encodings:
            self.emit("building", what=f"the encoding {origin.item} for {spec.task.label}")
            made = _or_error(partial(encodings_or_refuse, spec, task, choice))
            self._encodings[asked] = made if isinstance(made, PackageError) else sum(map(count, made))
        return _or_raise(self._encodings[asked])


def _or_error(make: Callable[[], Made]) -> Made | PackageError:
    """What is made, or the error of a package that cannot be imported: it is not tried again for every cell."""
    try:
        return make()
    except PackageError as error:
        return error


def _or_raise(made: Made | PackageError) -> Made:
    if isinstance(made, PackageError):
        raise made
    return made


def check(cells: Sequence[Cell], device: str, emit: Emit) -> None:
    """Make every encoding and task of a plan once, so that what cannot work is refused before anything is trained.

    Before each, emits "building" with its name. A package that cannot be imported fails only its own cells.
    """
    choose_device(device)
    if any(cell.checkpoint for cell in cells):
        from benchmark.experiments.documents import check_documents  # needs transformers

        return check_documents(cells, device, emit)
    models = Models(emit)
    for cell in cells:
        for origin in (cell.encoding, *(measure.origin for measure in cell.measures)):
            with suppress(PackageError):
                models.size(cell, origin)


def check_lengths(cell: Cell) -> Task:
    """The task of a cell; raises UsageError for a trained or measured length that it cannot have."""
    task, trained = make_task(cell), cell.train.budget.train_length
    if trained < task.shortest():
        raise UsageError(
            f"{cell.train.task.label}: the trained length is {trained}, but must be at least {task.shortest()}: "
            "change --train-length"
        )
    if isinstance(task, Language):
        task.check(_longest(cell), trained)
    return task


def _longest(cell: Cell) -> int:
    """The longest length that a cell is measured at; the trained one where it is not measured."""
    lengths = (each.length for measure in cell.measures for each in measure.evaluations)
    return max(lengths, default=cell.train.budget.train_length)


def refuse_huge(size: ModelSpec) -> None:
    """Raise UsageError for a model whose weights do not fit into the memory of this machine."""
    weights_bytes = 4 * 12 * size.layers * size.width**2
    if weights_bytes > machine_memory():
        raise UsageError(
            f"a model of width {size.width} with {size.layers} layers has {weights_bytes / 1e9:,.0f} GB of weights, "
            "more than the memory of this machine: lower --width or --layers"
        )


def encodings_or_refuse(spec: TrainSpec, task: Task, choice: Choice) -> list[Encoding]:
    """The untrained encodings of a model; raises UsageError for whatever the encoding refuses."""
    size = spec.model
    try:
        return refuse_bad_values(partial(build_encodings, spec, task, choice))
    except UsageError as error:
        if not _can_be_made(spec.model_copy(update={"model": QUICK.model}), task, choice):
            raise
        given = f"--width ({size.width}), --heads ({size.heads}) or --layers ({size.layers})"
        raise UsageError(f"{error}: change {given}") from error


def _can_be_made(spec: TrainSpec, task: Task, choice: Choice) -> bool:
    try:
        build_encodings(spec, task, choice)
    except BaseException as error:
        pass_on(error)
        return False
    return True
