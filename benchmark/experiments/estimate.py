"""The number of parameters of a cell, and roughly how long its training takes on this machine.

Every model and every encoding measured on it is built once, so that what cannot work is refused just as a run refuses
it. Times come from finished cells of the same task and model if there are any; otherwise from the floating-point
operations of training (6 per weight and token) at the rate that a matrix product reaches now.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch

from benchmark.experiments.cell import make_task
from benchmark.experiments.origins import Origin
from benchmark.experiments.plan import Cell
from benchmark.experiments.precheck import build_or_refuse, check_lengths
from benchmark.results.record import TrainRecord
from benchmark.results.spec import TrainSpec
from benchmark.results.store import Store

EFFICIENCY = 0.35  # share of the matrix product's rate that training reaches at widths 64 to 128, measured


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The estimate for one cell."""

    parameters: int
    seconds: float  # on one core


def estimate(cells: Sequence[Cell], store: Store) -> dict[str, Estimate]:
    """The estimate of each cell, by train key."""
    known = _known(store)
    sizes: dict[str, int] = {}
    result = {}
    for cell in cells:
        spec = cell.train
        for origin in (cell.encoding, *(measure.origin for measure in cell.measures)):
            if _model(spec, origin) not in sizes:
                model = build_or_refuse(spec, check_lengths(cell), origin)
                sizes[_model(spec, origin)] = sum(weight.numel() for weight in model.parameters())
        parameters = sizes[_model(spec, cell.encoding)]
        seconds = known.get(_kind(spec)) or _from_operations(cell, parameters)
        result[spec.key] = Estimate(parameters=parameters, seconds=seconds)
    return result


def _model(spec: TrainSpec, origin: Origin) -> str:
    return f"{_kind(spec)} {origin.model_dump_json()}"


def _kind(spec: TrainSpec) -> str:
    return spec.model_dump_json(include={"task", "model", "budget", "precision"}, exclude={"budget": {"learning_rate"}})


def _known(store: Store) -> dict[str, float]:
    """Mean training seconds of finished cells, by task, model and budget."""
    seconds: dict[str, list[float]] = {}
    for record in store.records():
        if isinstance(record, TrainRecord) and record.status == "ok":
            seconds.setdefault(_kind(record.spec), []).append(record.train_seconds)
    return {kind: sum(values) / len(values) for kind, values in seconds.items()}


def _from_operations(cell: Cell, parameters: int) -> float:
    budget, task = cell.train.budget, make_task(cell)
    mean = budget.train_length if task.nested else (task.shortest() + budget.train_length) / 2
    trained = budget.steps * budget.batch * task.tokens(round(mean))
    return 6.0 * parameters * trained / (EFFICIENCY * _rate())


@cache
def _rate() -> float:
    """Floating-point operations per second of a float32 matrix product on one thread."""
    size, threads = 512, torch.get_num_threads()
    torch.set_num_threads(1)
    a = torch.randn(size, size)
    a @ a
    started = time.perf_counter()
    for _ in range(5):
        a @ a
    seconds = (time.perf_counter() - started) / 5
    torch.set_num_threads(threads)
    return 2.0 * size**3 / seconds
