"""Looks inside a trained model: its attention on a sentence, and its mechanism at a length. Each is a record."""

import math
from typing import Any

import torch

from benchmark.encodings.encoding import PastEndError
from benchmark.experiments.facts import one_line, outcome_facts
from benchmark.experiments.plan import Cell, Measure
from benchmark.files import UnwritableError
from benchmark.interrupts import pass_on
from benchmark.model.transformer import Transformer
from benchmark.results.record import RECORDS, Arrays, MechanismRecord, ProbeRecord, Status
from benchmark.results.spec import LookSpec, MechanismSpec, ProbeSpec
from benchmark.results.store import Store
from benchmark.tasks.task import Language, Task
from benchmark.training.mechanism import TooFewRowsError, look
from benchmark.training.probe import attention, structure
from benchmark.training.step import autocast


def look_inside(
    cell: Cell, measure: Measure, model: Transformer, task: Task, store: Store, device: torch.device
) -> Status:
    """Take every look of a measure; returns the worst status."""
    statuses = [_recorded(cell, spec, model, task, store, device) for spec in measure.probes]
    return "failed" if "failed" in statuses else "ok"


def _recorded(cell: Cell, spec: LookSpec, model: Transformer, task: Task, store: Store, device: torch.device) -> Status:
    try:
        record, arrays = _look(cell, spec, model, task, device)
        store.put(record, arrays)
    except UnwritableError:
        raise
    except (PastEndError, TooFewRowsError) as error:
        return _put_without(spec, "unsupported", str(error), store, device)
    except BaseException as error:
        pass_on(error)
        return _put_without(spec, "failed", one_line(error), store, device)
    return "ok"


def _put_without(spec: LookSpec, status: Status, reason: str, store: Store, device: torch.device) -> Status:
    store.put(RECORDS[spec.kind](**outcome_facts(device), status=status, reason=reason, spec=spec))
    return status


def _look(
    cell: Cell, spec: LookSpec, model: Transformer, task: Task, device: torch.device
) -> tuple[ProbeRecord | MechanismRecord, Arrays]:
    if isinstance(spec, MechanismSpec):
        return _mechanism(cell, spec, model, task, device)
    return _sentence(spec, model, task, device)


def _sentence(spec: ProbeSpec, model: Transformer, task: Task, device: torch.device) -> tuple[ProbeRecord, Arrays]:
    assert isinstance(task, Language)
    ids, words = task.sentence(spec.text)
    arrays = {
        "attention": attention(model, torch.as_tensor(ids, device=device)).cpu().numpy(),
        "structure": structure(model, spec.distances).cpu().numpy(),
    }
    return ProbeRecord(**outcome_facts(device), status="ok", spec=spec, words=words), arrays


def _mechanism(
    cell: Cell, spec: MechanismSpec, model: Transformer, task: Task, device: torch.device
) -> tuple[MechanismRecord, Arrays]:
    limit, tokens = model.encoding.max_length, task.tokens(spec.length)
    if limit is not None and tokens > limit:
        raise PastEndError(f"{tokens} tokens, but {spec.encoding.label} is defined up to {limit}")
    found = look(model, task, spec.length, device, autocast(cell.train.precision, device))
    if bad := _not_finite(found.arrays):
        raise FloatingPointError(f"{bad} was not finite at length {spec.length}")
    record = MechanismRecord(
        **outcome_facts(device),
        status="ok",
        spec=spec,
        tokens=tokens,
        rows=found.rows,
        queries=found.queries,
        fitted=found.fitted,
        look_seconds=found.seconds,
    )
    return record, found.arrays


def _not_finite(arrays: dict[str, Any]) -> str:
    """The first array with a value that is not a finite number; "" if there is none."""
    return next((name for name, values in arrays.items() if not math.isfinite(values.sum())), "")
