"""A cell of a checkpoint: one document, read with every encoding at every length that is missing.

The checkpoint and the text are opened once per worker. Each record is on disk before the next step, and a length that
does not fit in memory is recorded as failed, and the shorter ones go on.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import torch

from benchmark.checkpoints import tasks
from benchmark.checkpoints.checkpoint import Checkpoint, open_checkpoint
from benchmark.checkpoints.reader import Reader
from benchmark.checkpoints.tasks.task import CheckpointTask, Subject
from benchmark.checkpoints.text import Text, read
from benchmark.errors import UsageError
from benchmark.experiments.cell import Emit, choose_device, encoding_choice, refuse_bad_values
from benchmark.experiments.edited import refuse_edited
from benchmark.experiments.facts import one_line, outcome_facts
from benchmark.experiments.machine import free_memory
from benchmark.experiments.origins import Origin
from benchmark.experiments.outstanding import missing
from benchmark.experiments.plan import Cell, Measure
from benchmark.files import UnwritableError
from benchmark.interrupts import pass_on
from benchmark.results.outcomes import Outcome
from benchmark.results.record import EvalRecord, Record, Status, TrainRecord
from benchmark.results.spec import EvalSpec
from benchmark.results.store import Store

Stale = Callable[[Record | Outcome], bool]
open_once = lru_cache(maxsize=1)(open_checkpoint)


@dataclass(frozen=True, kw_only=True)
class Read:
    """A cell with everything opened that it needs."""

    cell: Cell
    checkpoint: Checkpoint
    text: Text
    task: CheckpointTask
    device: torch.device

    def subject(self, origin: Origin) -> Subject:
        """What is measured with an encoding."""
        own, length = self.cell.encoding, self.checkpoint.length
        reader = reader_of(self.checkpoint, own)
        return Subject(
            text=self.text,
            opening=self.checkpoint.opening,
            encode=self.checkpoint.encode,
            train_length=length,
            whole=_holds_whole(self.checkpoint, own.model_dump_json()),
            reader=reader if origin == own else reader_of(self.checkpoint, origin),
            own=reader,
        )

    def facts(self) -> dict[str, Any]:
        """What every record of it says of time and place."""
        return outcome_facts(self.device)


def opened(cell: Cell, device: str) -> Read:
    """A cell with its checkpoint, text and task; raises UsageError for what cannot be opened."""
    place = choose_device(device)
    checkpoint = open_once(cell.checkpoint, device=place, precision=cell.train.precision)
    planned = cell.train.checkpoint
    if planned is None or checkpoint.source.digest != planned.content:
        raise UsageError(f"--checkpoint {cell.checkpoint} was changed after the run was planned: run it again")
    return Read(
        cell=cell,
        checkpoint=checkpoint,
        text=read(checkpoint, str(cell.task.parameters["text"])),
        task=task_of(cell.task.model_dump_json(), checkpoint),
        device=place,
    )


@lru_cache(maxsize=8)
def task_of(origin: str, checkpoint: Checkpoint) -> CheckpointTask:
    """The task of an origin, as JSON; kept for each checkpoint, since a task remembers what it read with it."""
    return refuse_bad_values(partial(tasks.make, _task_choice(Origin.model_validate_json(origin))))


def _task_choice(origin: Origin) -> Any:
    from benchmark.catalogue import Choice

    return Choice(entry=tasks.CATALOGUE.entry(origin.item), parameters=origin.parameters)


@lru_cache(maxsize=8)
def _holds_whole(checkpoint: Checkpoint, own: str) -> bool:
    """True if a row of L fits in memory; asked once, since memory that is free changes as rows are read."""
    return not _excess(checkpoint, Origin.model_validate_json(own), checkpoint.length)


def reader_of(checkpoint: Checkpoint, origin: Origin) -> Reader:
    """The checkpoint with an encoding."""
    return checkpoint.reader(encoding_choice(origin))


def check_documents(cells: Sequence[Cell], device: str, emit: Emit) -> None:
    """Raise UsageError before anything is read for an encoding, a length or a number of documents that cannot work."""
    encodings: set[str] = set()
    by_task: dict[str, list[Cell]] = {}
    for cell in cells:
        by_task.setdefault(cell.task.model_dump_json(), []).append(cell)
    for own in by_task.values():
        emit("building", what=f"the checkpoint {own[0].checkpoint} and the task {own[0].task.item}")
        seen = opened(own[0], device)
        for measure in (measure for cell in own for measure in cell.measures):
            if measure.origin.model_dump_json() not in encodings:
                encodings.add(measure.origin.model_dump_json())
                refuse_bad_values(partial(reader_of, seen.checkpoint, measure.origin))
        lengths = [spec.length for cell in own for measure in cell.measures for spec in measure.evaluations]
        least = seen.task.shortest(seen.subject(own[0].encoding), [cell.seed for cell in own])
        if min(lengths) < least:
            raise UsageError(
                f"{own[0].task.item}: --lengths includes {min(lengths)} tokens, but the task needs at least {least}"
            )
        longest = max(*lengths, seen.checkpoint.length) if seen.task.language else max(lengths)
        seen.text.check(max(cell.seed for cell in own) + 1, longest)


def run_document(cell: Cell, store: Store, device: str, emit: Emit, *, force: bool, stale: Stale) -> Status:
    """Measure what is missing of a cell, whose folder is locked; returns its worst status."""
    seen = opened(cell, device)
    record = None if force else store.train(cell.train.key)
    if record is None or record.status != "ok":
        store.put(_described(seen))
    emit("measuring")
    measures = cell.measures if force else [missing(each, cell.train.key, store, stale) for each in cell.measures]
    statuses = [_measure(seen, measure, spec, store) for measure in measures for spec in measure.evaluations]
    return "failed" if "failed" in statuses else "ok"


def _described(seen: Read) -> TrainRecord:
    return TrainRecord(
        **seen.facts(),
        status="ok",
        spec=seen.cell.train,
        task=seen.cell.facts,
        parameters=sum(weight.numel() for weight in seen.checkpoint.model.parameters()),
        characters_per_token=seen.text.characters_per_token if seen.task.language else None,
    )


def _measure(seen: Read, measure: Measure, spec: EvalSpec, store: Store) -> Status:
    started = time.perf_counter()
    try:
        refuse_edited(seen.cell, measure)
        refuse_too_long(seen.checkpoint, measure.origin, spec.length)
        outcome = seen.task.measure(seen.subject(measure.origin), seen.cell.seed, spec.length)
        loss = float(outcome.arrays["row_loss"].sum())
        if not math.isfinite(loss):
            raise FloatingPointError(f"the loss was {loss} at length {spec.length}")
    except UnwritableError:
        raise
    except BaseException as error:
        pass_on(error)
        store.put(EvalRecord(**seen.facts(), status="failed", reason=one_line(error), spec=spec))
        return "failed"
    record = EvalRecord(
        **seen.facts(),
        status="ok",
        spec=spec,
        tokens=spec.length,
        chance=outcome.chance,
        axes=outcome.axes,
        shortcuts=outcome.shortcuts,
        eval_seconds=time.perf_counter() - started if outcome.seconds is None else outcome.seconds,
    )
    store.put(record, outcome.arrays)
    return "ok"


def refuse_too_long(checkpoint: Checkpoint, origin: Origin, length: int) -> None:
    """Raise MemoryError if a row does not fit in the memory that is free now."""
    if excess := _excess(checkpoint, origin, length):
        raise MemoryError(excess)


def _excess(checkpoint: Checkpoint, origin: Origin, length: int) -> str:
    """What a row takes and what memory is free, if it does not fit; otherwise ""."""
    needed, free = checkpoint.bytes_needed(length, encoding_choice(origin)), free_bytes(checkpoint.device)
    if needed <= free:
        return ""
    return f"{length:,} tokens take {needed / 1e9:.1f} GB beside the weights; {free / 1e9:.1f} GB are free"


def free_bytes(device: torch.device) -> int:
    """Free memory of a device."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(free_memory())
