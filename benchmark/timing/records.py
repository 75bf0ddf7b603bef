"""Results folders of a thousand to ten thousand cells, planted within a minute, and what commands spend on them.

The plan is a real one: 25 encodings on 20 tasks with the preset `quick`, a model and five lengths a cell. Its records
are invented, with the sizes of real ones: five measurements with their arrays beside each model, whose weights are a
placeholder. Folder and plan belong together, so a run finds nothing to do.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import safetensors.numpy

from benchmark.experiments.plan import Cell, Plan, make_plan
from benchmark.experiments.request import Request
from benchmark.results.outcomes import TRAIN
from benchmark.results.record import Arrays, Environment, EvalRecord, TrainRecord
from benchmark.results.store import Store, hash_of
from benchmark.timing.processes import surroundings

ENCODINGS = (
    *("none", "sinusoidal", "learned", "alibi", "rope", "t5", "kerple-log", "kerple-power", "fire", "sandwich", "cope"),
    *("dape", "drop", "fope", "fox", "hope", "hybrid", "p-rope", "path", "pope", "randomized", "selective-rope"),
    *("shaw", "stick-breaking", "xl"),
)
TASKS = (
    *("bucket-sort", "copy", "copy-repeat", "copy-twice", "cycle-navigation", "dyck", "even-pairs", "first-recall"),
    *("flip-flop", "index-recall", "induction", "majority", "missing-duplicate", "needle", "odds-first"),
    *("offset-recall", "parity", "recall-mqar", "reverse", "sort"),
)
SEEDS = (2, 6, 20)  # 1,000, 3,000 and 10,000 cells
ROWS = 128  # test rows of a measurement
NOTED = 50  # training losses of a model
WEIGHTS = b"weights"
STARTED = datetime(2026, 11, 29, tzinfo=UTC)
ENVIRONMENT = Environment(
    benchmark="0.1.0",
    python="3.11.9",
    torch="2.13.0",
    platform="planted",
    processor="planted",
    device="cpu",
    threads=1,
)


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What a command took."""

    seconds: float  # of processor time, of it and its children
    peak_bytes: int  # of memory


def plan_of(
    seeds: int, encodings: Sequence[str] = ENCODINGS, tasks: Sequence[str] = TASKS, preset: str = "quick"
) -> Plan:
    """A plan with so many seeds."""
    request = Request(encodings=",".join(encodings), tasks=",".join(tasks), preset=preset, seeds=tuple(range(seeds)))
    return make_plan(request)


def plant(folder: Path, cells: Iterable[Cell]) -> None:
    """Write the records of cells. Files are not fsynced: nobody misses them."""
    store, draws = Store(folder), np.random.default_rng(0)
    for number, cell in enumerate(cells):
        own = store.folder(cell.train.key)
        own.mkdir(parents=True)
        now = STARTED + timedelta(seconds=number)
        (own / f"{TRAIN}.json").write_text(_trained(cell, now, draws).model_dump_json(indent=1))
        store.weights(cell.train.key).write_bytes(WEIGHTS)
        for record, arrays in _measured(cell, now, draws):
            content = safetensors.numpy.save(arrays)
            record = record.model_copy(update={"arrays_hash": hash_of(content)})
            (own / f"{record.spec.key}.safetensors").write_bytes(content)
            (own / f"{record.spec.key}.json").write_text(record.model_dump_json(indent=1))


def _trained(cell: Cell, now: datetime, draws: np.random.Generator) -> TrainRecord:
    steps = cell.train.budget.steps
    return TrainRecord(
        status="ok",
        created=now,
        environment=ENVIRONMENT,
        spec=cell.train,
        task=cell.facts,
        parameters=100_000,
        trained_tokens=steps * cell.train.budget.batch * cell.train.budget.train_length,
        train_seconds=8 + draws.random(),
        peak_memory_bytes=800_000_000,
        weights_hash=hash_of(WEIGHTS),
        train_steps=[steps * (each + 1) // NOTED for each in range(NOTED)],
        train_losses=(3 * np.exp(-np.arange(NOTED) / 10) + draws.random(NOTED) / 10).tolist(),
    )


def _measured(cell: Cell, now: datetime, draws: np.random.Generator) -> Iterator[tuple[EvalRecord, Arrays]]:
    """The measurements of a cell: accuracies that fall with the length, at a pace of each encoding's own."""
    for measure in cell.measures:
        pace = draws.spawn(1)[0].normal(0, 0.05) + len(measure.label) % 7 / 10
        for spec in measure.evaluations:
            octaves = np.log2(spec.length / cell.train.budget.train_length)
            right = float(np.clip(0.95 - pace * octaves / 4, 0.05, 1.0))
            record = EvalRecord(
                status="ok",
                created=now,
                environment=ENVIRONMENT,
                spec=spec,
                tokens=spec.length,
                chance={"token_accuracy": 0.1, "exact_match": 0.0, "loss_nats": 2.3},
                shortcuts={"constant answer": {"token_accuracy": 0.11, "exact_match": 0.0}},
                eval_seconds=0.1,
            )
            yield record, _arrays(spec.length, right, draws)


def _arrays(places: int, right: float, draws: np.random.Generator) -> Arrays:
    """Sums by place and by row of ROWS rows, all places scored."""
    loss = -np.log(max(right, 0.01))
    return {
        "loss_sum": ROWS * loss * draws.random(places) * 2,
        "correct": draws.binomial(ROWS, right, places).astype(np.int32),
        "count": np.full(places, ROWS, dtype=np.int32),
        "row_loss": places * loss * draws.random(ROWS) * 2,
        "row_correct": draws.binomial(places, right, ROWS).astype(np.int32),
        "row_count": np.full(ROWS, places, dtype=np.int32),
    }


def spent(arguments: Sequence[str]) -> Spent:
    """What a command of this package takes, as a process of its own with one thread."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmark", *arguments],
        env={**surroundings(), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise ChildProcessError(f"{arguments[0]} failed (exit code {process.returncode}); see above")
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
    return Spent(seconds=usage.ru_utime + usage.ru_stime, peak_bytes=usage.ru_maxrss * unit)
