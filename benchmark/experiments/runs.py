"""One call of `run`: have the outstanding cells of a plan run, and note the call in the store."""

import shlex
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from benchmark.experiments.executor import Event, Executor
from benchmark.experiments.plan import Plan, failed_measures, outstanding
from benchmark.experiments.request import Auto, Request
from benchmark.experiments.rounds import Looked, Round, Rounds
from benchmark.files import write_atomically
from benchmark.results.record import RoundRecord, RunRecord
from benchmark.results.store import Store


def execute(
    rounds: Rounds, store: Store, executor: Executor, *, force: bool = False, retry_failed: bool = False
) -> Iterator[Event | Round | Looked]:
    """Have an executor run whatever is outstanding, round by round, and note the run in the store after each."""
    started, clock = datetime.now(UTC), time.perf_counter()
    done: set[str] = set()
    ended: list[RoundRecord] = []
    while True:
        plan = rounds.reached
        left = outstanding(plan, store, force=force, retry_failed=retry_failed)
        todo = [cell for cell in left if cell.train.key not in done]  # what failed just now is not tried again
        if todo:
            following = Round(number=len(ended) + 1, todo=todo, automatic=bool(plan.spans))
            yield following
            yield from executor.run(todo, force=force, retry_failed=retry_failed)
            done |= {cell.train.key for cell in todo}
            ended.append(RoundRecord(ended=datetime.now(UTC), shares=following.shares))
            record = RunRecord(
                created=started,
                wall_seconds=time.perf_counter() - clock,
                command=command(plan.request),
                cells=len(done),
                train_keys=sorted(plan.train_keys),
                rounds=ended if plan.spans else [],
            )
            name = started.strftime("%Y%m%dT%H%M%S%fZ")
            write_atomically(store.root / "runs" / f"{name}.json", record.model_dump_json(indent=1).encode())
        looks = rounds.advance(store)
        yield from looks
        if not any(looked.standing.more for looked in looks):
            return


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
        "--seeds": str(request.seeds) if isinstance(request.seeds, Auto) else _numbers(request.seeds),
        "--lengths": _numbers(request.multiples),
        "--corpus": request.corpus,
        "--precision": None if request.precision == "float32" else request.precision,
        **request.changes.options(),
    }
    for option, value in options.items():
        parts += [option, value] if value is not None else []
    return shlex.join(parts)


def _numbers(numbers: tuple[int, ...] | None) -> str | None:
    if numbers is None:
        return None
    return ",".join(map(str, numbers)) + ("," if len(numbers) == 1 else "")
