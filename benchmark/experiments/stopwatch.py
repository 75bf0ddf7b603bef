"""A process that does whole cells and tells where their processor time went, part by part.

    python -m benchmark.experiments.stopwatch ROUNDS < CELLS      CELLS are a list; one line a cell on stdout, all JSON

It does what a worker does, with `run_cell` itself, in a results folder of its own. A stopwatch is put around the
functions that the work is made of; what none of them takes is "other": records and files, learning rates, the loop
itself. A few steps of each cell are done first and not counted, as a worker that has been at work for a while has read
its libraries, its text and its dictionary.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from pathlib import Path
from typing import Any
from unittest import mock

import torch

from benchmark.experiments import cell as cells
from benchmark.experiments.plan import Cell
from benchmark.results.store import Store
from benchmark.training import step, train

WARM_UP = 5  # steps
WHOLE, OTHER = "whole", "other"
# The parts of a cell, and the functions that each is made of.
PARTS: dict[str, tuple[tuple[Any, str], ...]] = {
    "gradients": ((step, "gradients"),),
    "optimiser": ((step, "update"),),
    "rows": ((train, "rows"),),
    "evaluation": ((cells, "evaluate"),),
    "a look inside": ((cells, "attention"), (cells, "structure")),
}


def main() -> None:
    """Do the cells that stdin names."""
    rounds = int(sys.argv[1])
    torch.set_num_threads(1)
    for each in json.load(sys.stdin):
        cell = Cell.model_validate(each)
        measured(shortened(cell))
        sys.stdout.write(json.dumps([measured(cell) for _ in range(rounds)]) + "\n")
        sys.stdout.flush()


def shortened(cell: Cell) -> Cell:
    """The same cell with a few steps of training."""
    budget = cell.train.budget.model_copy(update={"steps": WARM_UP, "warmup_steps": 0})
    return cell.model_copy(update={"train": cell.train.model_copy(update={"budget": budget})})


def measured(cell: Cell) -> dict[str, float]:
    """Seconds of processor time of a cell: the whole, each part, and what is in none."""
    with tempfile.TemporaryDirectory() as folder, stopwatches() as seconds:
        started = time.process_time()
        status = cells.run_cell(cell, Store(Path(folder)), "cpu", lambda *_, **__: None)
        whole = time.process_time() - started
    if status != "ok":
        raise RuntimeError(f"{cell.label}: {status}")
    return {WHOLE: whole, **seconds, OTHER: whole - sum(seconds.values())}


@contextmanager
def stopwatches() -> Iterator[dict[str, float]]:
    """Seconds by part, counted while the context lasts; no part is called within another."""
    seconds = dict.fromkeys(PARTS, 0.0)
    with ExitStack() as stack:
        for part, functions in PARTS.items():
            for owner, name in functions:
                stack.enter_context(mock.patch.object(owner, name, _timed(getattr(owner, name), part, seconds)))
        yield seconds


def _timed(function: Callable[..., Any], part: str, seconds: dict[str, float]) -> Callable[..., Any]:
    @wraps(function)
    def timed(*arguments: Any, **options: Any) -> Any:
        started = time.process_time()
        try:
            return function(*arguments, **options)
        finally:
            seconds[part] += time.process_time() - started

    return timed


if __name__ == "__main__":
    main()
