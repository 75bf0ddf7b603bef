"""A process that runs whole cells and reports where their processor time went, part by part.

    python -m benchmark.timing.cells ROUNDS < CELLS     CELLS is a JSON list; one line of JSON per cell on stdout

It does what a worker does, by `run_cell` itself, in a temporary results folder. The parts are the functions marked in
`benchmark.training`; everything else is "other": records and files, learning rates, the loop itself. Each cell is
first run for a few uncounted steps, since a worker that has been running for a while has loaded its libraries, its text
and its dictionary.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import torch

from benchmark.experiments.cell import run_cell
from benchmark.experiments.plan import Cell
from benchmark.results.store import Store
from benchmark.training.clock import stopwatch

WARM_UP = 5  # steps
WHOLE, OTHER = "whole", "other"


def main() -> None:
    """Run the cells given on stdin."""
    rounds = int(sys.argv[1])
    torch.set_num_threads(1)
    for each in json.load(sys.stdin):
        cell = Cell.model_validate(each)
        measured(shortened(cell))
        sys.stdout.write(json.dumps([measured(cell) for _ in range(rounds)]) + "\n")
        sys.stdout.flush()


def shortened(cell: Cell) -> Cell:
    """The same cell with only a few steps of training."""
    budget = cell.train.budget.model_copy(update={"steps": WARM_UP, "warmup_steps": 0})
    return cell.model_copy(update={"train": cell.train.model_copy(update={"budget": budget})})


def measured(cell: Cell) -> dict[str, float]:
    """Run a cell; its seconds of processor time: the whole, each part, and the remainder."""
    with tempfile.TemporaryDirectory() as folder, stopwatch() as seconds:
        started = time.process_time()
        status = run_cell(cell, Store(Path(folder)), "cpu", lambda *_, **__: None)
        whole = time.process_time() - started
    if status != "ok":
        raise RuntimeError(f"{cell.label}: {status}")
    return {WHOLE: whole, **seconds, OTHER: whole - sum(seconds.values())}


if __name__ == "__main__":
    main()
