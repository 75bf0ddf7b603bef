"""What is refused before anything is trained: lengths, sizes and parameters that cannot work."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from benchmark.catalogue import Choice, PackageError
from benchmark.errors import UsageError
from benchmark.experiments.cell import Emit, choose_device, encoding_choice, make_task, refuse_bad_values
from benchmark.experiments.machine import machine_memory
from benchmark.experiments.origins import Origin
from benchmark.experiments.plan import Cell
from benchmark.experiments.presets import QUICK
from benchmark.interrupts import pass_on
from benchmark.model.transformer import Transformer
from benchmark.results.spec import TrainSpec
from benchmark.tasks.task import Language, Task
from benchmark.training.train import build


def check(cells: Sequence[Cell], device: str, emit: Emit) -> None:
    """Build every encoding and task of a plan once, so that what cannot work is refused before anything is trained.

    Before each, emits "building" with its name. A package that cannot be imported fails only its own cells.
    """
    choose_device(device)
    if any(cell.checkpoint for cell in cells):
        from benchmark.experiments.documents import check_documents  # needs transformers

        return check_documents(cells, device, emit)
    made: dict[tuple[str, int, int], Task | None] = {}  # a text is read once, and not for every seed and encoding
    checked = set()
    for cell in cells:
        spec = cell.train
        asked = (cell.task.model_dump_json(), spec.budget.train_length, _longest(cell))
        if asked not in made:
            emit("building", what=f"the task {cell.task.item}")
            made[asked] = None
            with suppress(PackageError):
                made[asked] = check_lengths(cell)
        task = made[asked]
        if task is None:
            continue
        for origin in (cell.encoding, *(measure.origin for measure in cell.measures)):
            identity = (origin.model_dump_json(), spec.model, spec.task.label, spec.budget.train_length)
            if identity not in checked:
                checked.add(identity)
                emit("building", what=f"the encoding {origin.item} for {spec.task.label}")
                with suppress(PackageError):
                    build_or_refuse(spec, task, origin)


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


def build_or_refuse(spec: TrainSpec, task: Task, origin: Origin) -> Transformer:
    """The untrained model with an encoding; raises UsageError for whatever the encoding or this machine refuses."""
    size = spec.model
    weights_bytes = 4 * 12 * size.layers * size.width**2
    if weights_bytes > machine_memory():
        raise UsageError(
            f"a model of width {size.width} with {size.layers} layers has {weights_bytes / 1e9:,.0f} GB of weights, "
            "more than the memory of this machine: lower --width or --layers"
        )
    choice = encoding_choice(origin)
    try:
        return refuse_bad_values(partial(build, spec, task, choice))
    except UsageError as error:
        if not _builds(spec.model_copy(update={"model": QUICK.model}), task, choice):
            raise
        given = f"--width ({size.width}), --heads ({size.heads}) or --layers ({size.layers})"
        raise UsageError(f"{error}: change {given}") from error


def _builds(spec: TrainSpec, task: Task, choice: Choice) -> bool:
    try:
        build(spec, task, choice)
    except BaseException as error:
        pass_on(error)
        return False
    return True
