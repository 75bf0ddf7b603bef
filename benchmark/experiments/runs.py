"""One call of `run`: have the outstanding cells of a plan run, and note the call in the store."""

import shlex
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from benchmark.errors import UsageError
from benchmark.experiments.changes import Changes
from benchmark.experiments.executor import Event, Executor
from benchmark.experiments.outstanding import outstanding
from benchmark.experiments.plan import Cell, Plan
from benchmark.experiments.request import Auto, Request
from benchmark.experiments.rounds import Looked, Round, Rounds
from benchmark.experiments.tuning import Chosen, Trials
from benchmark.files import write_atomically
from benchmark.results.outcomes import TRAIN
from benchmark.results.record import RateRecord, RoundRecord, RunRecord
from benchmark.results.store import Store

MECHANISM = "--mechanism"  # the only option without a value


@dataclass
class Note:
    """The record of one call of `run`, written anew after each round and each choice."""

    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    clock: float = field(default_factory=time.perf_counter)
    done: set[str] = field(default_factory=set)  # keys of the models that this call came to
    train_keys: set[str] = field(default_factory=set)
    rounds: list[RoundRecord] = field(default_factory=list)
    rates: list[RateRecord] = field(default_factory=list)

    def write(self, plan: Plan, store: Store) -> None:
        """Write the record; a call that found nothing to do leaves none."""
        self.train_keys |= plan.train_keys
        if not self.done:
            return
        record = RunRecord(
            created=self.started,
            wall_seconds=time.perf_counter() - self.clock,
            command=command(plan.request),
            cells=len(self.done),
            train_keys=sorted(self.train_keys),
            rounds=self.rounds,
            rates=self.rates,
        )
        name = self.started.strftime("%Y%m%dT%H%M%S%fZ")
        write_atomically(store.root / "runs" / f"{name}.json", record.model_dump_json(indent=1).encode())


def execute(
    stages: Iterable[Trials | Rounds],
    store: Store,
    executor: Executor,
    *,
    force: bool = False,
    retry_failed: bool = False,
) -> Iterator[Event | Round | Looked | Chosen]:
    """Have an executor run whatever is outstanding, stage by stage and round by round; note the run after each."""
    note = Note()
    for stage in stages:
        yield from _execute(stage, note, store, executor, force=force, retry_failed=retry_failed)


def _execute(
    stage: Trials | Rounds, note: Note, store: Store, executor: Executor, *, force: bool, retry_failed: bool
) -> Iterator[Event | Round | Looked | Chosen]:
    for number in count(1):
        plan = stage.reached
        left = outstanding(plan, store, force=force, retry_failed=retry_failed)
        todo = [cell for cell in left if cell.train.key not in note.done]  # what failed just now is not tried again
        if todo:
            following = Round(number=number, todo=todo, automatic=bool(plan.spans), stage=stage.stage)
            yield following
            yield from executor.run(todo, force=force, retry_failed=retry_failed)
            note.done |= {cell.train.key for cell in todo}
            if following.automatic:
                note.rounds.append(RoundRecord(ended=datetime.now(UTC), shares=following.shares))
        looks = stage.advance(store)
        note.rates += [rate for look in looks if isinstance(look, Chosen) for rate in look.rates]
        note.write(plan, store)
        yield from looks
        if not any(look.more for look in looks):
            return


def went_wrong(plan: Plan, store: Store) -> list[str]:
    """The cells of a plan that are missing, failed or diverged, a line each with the reason."""
    lines = []
    for cell in plan.cells:
        trained = store.outcomes(cell.train.key)[TRAIN]
        if trained is None:
            lines.append(f"{cell.label}: missing")
        elif trained.status == "diverged" and cell.multiple is not None:
            continue  # an outcome of the sweep: that rate is too high
        elif trained.status != "ok":
            lines.append(f"{cell.label}: {trained.status}: {trained.reason}")
        else:
            lines += [f"{cell.label}: {reason}" for reason in failed_measures(cell, store)]
    return lines


def failed_measures(cell: Cell, store: Store) -> list[str]:
    """Why measures of a cell failed, each reason once, and how many are missing because their run was interrupted."""
    specs = [spec for measure in cell.measures for spec in (*measure.evaluations, *measure.probes)]
    known = store.outcomes(cell.train.key)
    outcomes = [known[spec.key] for spec in specs]
    reasons = dict.fromkeys(str(outcome.reason) for outcome in outcomes if outcome and outcome.status == "failed")
    lost = outcomes.count(None)
    return [*reasons, *([f"{lost} of {len(specs)} measurements are missing"] if lost else [])]


def command(request: Request) -> str:
    """The command line for the same request."""
    parts = ["python", "-m", "benchmark", "run", "--encodings", request.encodings]
    options = {
        "--preset": request.preset if request.checkpoint is None else None,
        "--checkpoint": request.checkpoint,
        "--tasks": request.tasks,
        "--seeds": str(request.seeds) if isinstance(request.seeds, Auto) else _numbers(request.seeds),
        "--lengths": _numbers(request.multiples),
        "--corpus": request.corpus,
        "--text-encoding": request.text_encoding,
        "--tune": None if request.tune is None else str(request.tune),
        "--precision": None if request.precision == "float32" else request.precision,
        **request.changes.options(),
    }
    for option, value in options.items():
        parts += [option, value] if value is not None else []
    return shlex.join([*parts, *[MECHANISM] * request.mechanism])


def request_of(line: str) -> Request:
    """The request of a command line that `command` wrote; raises UsageError for any other."""
    try:
        asked = shlex.split(line)
        words = [word for word in asked if word != MECHANISM]
        given = dict(zip(words[4::2], words[5::2], strict=True))
    except ValueError:
        asked, given = [], {}
    fields = {option.removeprefix("--").replace("-", "_"): value for option, value in given.items()}
    named = ("checkpoint", "tasks", "seeds", "lengths", "corpus", "text_encoding", "tune")
    texts = {name: fields.pop(name, None) for name in named}
    own = {name: fields.pop(name, None) for name in Changes.model_fields}
    encodings, preset = (
        fields.pop("encodings", None),
        fields.pop("preset", None if texts["checkpoint"] is None else "quick"),
    )
    precision = fields.pop("precision", "float32")
    if fields or encodings is None or preset is None:
        raise UsageError(f"{line[:200]!r} is not a command of run")
    inside = MECHANISM in asked
    return Request.read(encodings=encodings, preset=preset, precision=precision, changes=own, mechanism=inside, **texts)


def _numbers(numbers: tuple[int | float, ...] | None) -> str | None:
    if numbers is None:
        return None
    return ",".join(map(str, numbers)) + ("," if len(numbers) == 1 else "")
