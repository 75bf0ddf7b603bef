"""What the cells of a plan take: parameters, the time of their training, and room on the disk.

Every model and every encoding measured on it is built once, so that what cannot work is refused just as a run refuses
it. Cells that differ only in their seed share an estimate. The time of evaluation is not in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.experiments.plan import Cell
from benchmark.experiments.precheck import Models, Size
from benchmark.experiments.speed import Basis, Speeds, operations, product_weights
from benchmark.tasks.task import Task

# Bytes on the disk, measured on the reference run, unpacked: the record of a training; that of a measurement with its
# sums by row; and for each of its places a loss, the right answers and a count.
TRAIN_BYTES, MEASUREMENT_BYTES, PLACE_BYTES = 3_100, 5_500, 16


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The estimate for one cell."""

    parameters: int
    operations: float  # of training
    seconds: float | None  # of training on one core, or on one GPU; None if nothing is known of such a device
    basis: Basis
    disk_bytes: int


def estimate(cells: Sequence[Cell], speeds: Speeds) -> dict[str, Estimate]:
    """The estimate of each cell, by train key."""
    models, known = Models(), dict[tuple[object, ...], Estimate]()
    for cell in cells:
        if kind_of(cell) not in known:
            known[kind_of(cell)] = _estimate(cell, models, speeds)
    return {cell.train.key: known[kind_of(cell)] for cell in cells}


def kind_of(cell: Cell) -> tuple[object, ...]:
    """What cells of a plan have in common that differ only in their seed."""
    return cell.contest, cell.train.encoding.label, cell.train.budget.learning_rate


def _estimate(cell: Cell, models: Models, speeds: Speeds) -> Estimate:
    spec, task = cell.train, models.task(cell)
    size = models.size(cell, cell.encoding)
    for measure in cell.measures:
        models.size(cell, measure.origin)
    length = _row_tokens(cell, task)
    tokens = spec.budget.steps * spec.budget.batch * length
    weights = product_weights(spec.model, size.parameters, size.of_encoding)
    work = operations(spec.model.layers, spec.model.width, weights, tokens, length)
    speed = speeds.expected(spec, work)
    return Estimate(
        parameters=size.parameters,
        operations=work,
        seconds=speed.seconds,
        basis=speed.basis,
        disk_bytes=_disk_bytes(cell, task, size),
    )


def _row_tokens(cell: Cell, task: Task) -> int:
    """Tokens in a row of training of mean length."""
    longest = cell.train.budget.train_length
    return task.tokens(longest if task.nested else round((task.shortest() + longest) / 2))


def _disk_bytes(cell: Cell, task: Task, size: Size) -> int:
    """The weights in float32, and the records."""
    lengths = [spec.length for measure in cell.measures for spec in measure.evaluations]
    probes = sum(len(measure.probes) for measure in cell.measures)
    places = sum(map(task.tokens, lengths))
    return 4 * size.parameters + TRAIN_BYTES + MEASUREMENT_BYTES * (len(lengths) + probes) + PLACE_BYTES * places
