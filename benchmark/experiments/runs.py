"""One call of `run`: have the outstanding cells of a plan run, and note the call in the store."""

import shlex
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from benchmark.experiments.executor import Event, Executor
from benchmark.experiments.plan import Cell, Plan, failed_measures
from benchmark.experiments.request import Request
from benchmark.files import write_atomically
from benchmark.results.record import RunRecord
from benchmark.results.store import Store


def execute(
    plan: Plan,
    todo: Sequence[Cell],
    store: Store,
    executor: Executor,
    *,
    force: bool = False,
    retry_failed: bool = False,
) -> Iterator[Event]:
    """Have an executor run the outstanding cells of a plan, and note the run in the store."""
    started, clock = datetime.now(UTC), time.perf_counter()
    yield from executor.run(todo, force=force, retry_failed=retry_failed)
    if todo:
        record = RunRecord(
            created=started,
            wall_seconds=time.perf_counter() - clock,
            command=command(plan.request),
            cells=len(todo),
            train_keys=sorted(plan.train_keys),
        )
        name = started.strftime("%Y%m%dT%H%M%S%fZ")
        write_atomically(store.root / "runs" / f"{name}.json", record.model_dump_json(indent=1).encode())


def went_wrong(plan: Plan, store: Store) -> list[str]:
    """The cells of a plan that are missing, failed or diverged, a line each with the reason."""
    lines = []
    for cell in plan.cells:
        record = store.train(cell.train.key)
        if record is None:
            lines.append(f"{cell.label}: missing")
        elif record.status != "ok":
            lines.append(f"{cell.label}: {record.status}: {record.reason}")
        else:
            lines += [f"{cell.label}: {reason}" for reason in failed_measures(cell, store)]
    return lines


def command(request: Request) -> str:
    """The command line for the same request."""
    parts = ["python", "-m", "benchmark", "run", "--encodings", request.encodings, "--preset", request.preset]
    options = {
        "--tasks": request.tasks,
        "--seeds": _numbers(request.seeds),
        "--lengths": _numbers(request.multiples),
        "--corpus": request.corpus,
        "--precision": None if request.precision == "float32" else request.precision,
    }
    for option, value in options.items():
        parts += [option, value] if value is not None else []
    return shlex.join(parts)


def _numbers(numbers: tuple[int, ...] | None) -> str | None:
    if numbers is None:
        return None
    return ",".join(map(str, numbers)) + ("," if len(numbers) == 1 else "")
