"""A process that runs whole cells and reports where their processor time went, part by part.

    python -m benchmark.timing.cells ROUNDS < CELLS     CELLS is a JSON list; one line of JSON per cell on stdout

It does what a worker does: it calls `run_cell`, in a temporary results folder. The parts are the functions marked in
`benchmark.training`; everything else is "other": records and files, learning rates, the loop itself. Each cell first
runs for a few uncounted steps, so that libraries, text and dictionary are loaded, as in a worker already at work.
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
from benchmark.standard_input import no_standard_input
from benchmark.training.clock import stopwatch

WARM_UP = 5  # steps
WHOLE, OTHER = "whole", "other"


def main() -> None:
    """Run the cells given on stdin."""
    rounds = int(sys.argv[1])
    torch.set_num_threads(1)
    cells = [Cell.model_validate(each) for each in json.load(sys.stdin)]
    with no_standard_input():
        for cell in cells:
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
        store = Store(Path(folder))
        status = run_cell(cell, store, "cpu", lambda *_, **__: None)
        whole = time.process_time() - started
        if status != "ok":
            reasons = [f": {record.reason}" for record in store.records() if record.reason]
            raise SystemExit(f"{cell.label}: {status}{''.join(reasons[:1])}")
    return {WHOLE: whole, **seconds, OTHER: whole - sum(seconds.values())}


if __name__ == "__main__":
    main()
