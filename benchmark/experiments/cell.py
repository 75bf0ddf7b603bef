"""One cell, from spec to records: train (or load what was trained), then measure what is missing.

Whatever happens inside is an outcome and is recorded with its reason. Each record is on disk before the next step.
"""

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import psutil
import safetensors.torch
import torch

from benchmark import encodings, tasks
from benchmark.catalogue import Catalogue, Choice
from benchmark.encodings.encoding import PastEndError
from benchmark.errors import UsageError, storable
from benchmark.experiments.edited import refuse_edited
from benchmark.experiments.facts import one_line, outcome_facts
from benchmark.experiments.fitted import fit
from benchmark.experiments.inside import look_inside
from benchmark.experiments.origins import Origin
from benchmark.experiments.outstanding import missing
from benchmark.experiments.plan import Cell, Measure, failures
from benchmark.files import UnwritableError, write_atomically
from benchmark.interrupts import pass_on
from benchmark.model.transformer import Transformer
from benchmark.results.lock import locked
from benchmark.results.outcomes import Outcome
from benchmark.results.record import EvalRecord, Record, Status, TrainRecord
from benchmark.results.spec import EvalSpec
from benchmark.results.store import Store, hash_of
from benchmark.tasks.task import Language, Task
from benchmark.training.checkpoint import SECONDS, Checkpoint
from benchmark.training.evaluate import evaluate
from benchmark.training.search import Found
from benchmark.training.step import autocast
from benchmark.training.train import build, train

Made = TypeVar("Made")
Emit = Callable[..., None]  # (event name, **data)


def run_cell(
    cell: Cell,
    store: Store,
    device: str,
    emit: Emit,
    *,
    force: bool = False,
    retry_since: datetime | None = None,
    wait: bool = True,
    checkpoint_seconds: float = SECONDS,
) -> Status | None:
    """Do what is missing of a cell; returns the status of its training, or else the worst status of its measures.

    The store is read only once the cell is locked, since another run may have worked on it in the meantime. A recorded
    failure counts as done unless it is older than `retry_since`. If another run holds the cell and `wait` is false,
    nothing is done and the result is None.
    """
    key = cell.train.key
    place = choose_device(device)
    with locked(store.folder(key), wait=wait) as held:
        if not held:
            return None
        emit("started")
        stale = partial(_stale, retry_since)
        if cell.checkpoint:
            from benchmark.experiments.documents import run_document  # needs transformers

            return run_document(cell, store, device, emit, force=force, stale=stale)
        task = make_task(cell)
        record = None if force else store.train(key)
        checkpoint = Checkpoint(
            file=store.checkpoint(key),
            key=key,
            told=lambda step, reason: emit("resumed", step=step, reason=reason),
            seconds=checkpoint_seconds,
        )
        if force:
            checkpoint.discard()
        if record is None or stale(record) or not _whole(record, store.weights(key)):
            record = _train(cell, task, store, place, emit, checkpoint)
        if record.status != "ok":
            return record.status
        emit("measuring")
        measures = cell.measures if force else [missing(each, key, store, stale) for each in cell.measures]
        return _worst([_measure(cell, measure, task, store, place, again=force) for measure in measures])


def _stale(retry_since: datetime | None, record: Record | Outcome) -> bool:
    """True for a failure that should be retried."""
    return record.status != "ok" and retry_since is not None and record.created < retry_since


def _whole(record: TrainRecord, weights: Path) -> bool:
    """True if the weights file exists and its hash matches the record, or if the record has no weights."""
    if record.status != "ok":
        return True
    try:
        content = weights.read_bytes()
        safetensors.torch.load(content)
    except (OSError, safetensors.SafetensorError):
        return False
    return record.weights_hash in (None, hash_of(content))


def make_task(cell: Cell) -> Task:
    """The task of a cell."""
    return refuse_bad_values(partial(tasks.make, _choice(tasks.CATALOGUE, cell.task)))


def choose_device(name: str) -> torch.device:
    """The device with a name; "auto" is the GPU if there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available.get(name, False):
        there = ", ".join(key for key, here in available.items() if here)
        raise UsageError(f"--device {name}: torch finds no such device here; available: {there}, auto")
    return torch.device(name)


def _train(
    cell: Cell, task: Task, store: Store, device: torch.device, emit: Emit, checkpoint: Checkpoint
) -> TrainRecord:
    spec = cell.train

    def progress(step: int, tokens: int, seconds: float) -> None:
        emit("progress", step=step, tokens=tokens, seconds=seconds)

    try:
        refuse_edited(cell)
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)  # for this training only, not earlier ones in this worker
        model = build(spec, task, encoding_choice(cell.encoding)).to(device)
        outcome = train(model, task, spec, device, progress, checkpoint)
        status: Status = "ok"
        weights = safetensors.torch.save({name: value.contiguous() for name, value in model.state_dict().items()})
        record = TrainRecord(
            **outcome_facts(device),
            status="diverged" if outcome.diverged else status,
            reason=outcome.diverged,
            spec=spec,
            task=cell.facts,
            multiple=cell.multiple,
            parameters=count(model),
            encoding_parameters=count(model.encodings),
            trained_tokens=outcome.tokens,
            train_seconds=outcome.seconds,
            peak_memory_bytes=_peak_memory(device),
            weights_hash=hash_of(weights),
            train_steps=outcome.steps,
            train_losses=outcome.losses,
            **_text_facts(task),
        )
        if record.status == "ok":
            write_atomically(store.weights(spec.key), weights)
    except UnwritableError:
        raise
    except BaseException as error:  # a cell's failure is its outcome; the rest go on
        pass_on(error)
        record = TrainRecord(
            **outcome_facts(device),
            status="failed",
            reason=one_line(error),
            spec=spec,
            task=cell.facts,
            multiple=cell.multiple,
        )
    store.put(record)
    if record.status != "failed":
        checkpoint.discard()  # after the record: a kill in between leaves a file behind, but loses no training
    return record


def _text_facts(task: Task) -> dict[str, Any]:
    if not isinstance(task, Language):
        return {}
    return {
        "unknown_rate": task.unknown_rate,
        "characters_per_token": task.characters_per_token,
        "text_notes": tuple(map(storable, task.text_notes)),
    }


def _measure(cell: Cell, measure: Measure, task: Task, store: Store, device: torch.device, *, again: bool) -> Status:
    if not (measure.evaluations or measure.probes):
        return "ok"
    try:
        refuse_edited(cell, measure)
        model = load_model(cell, measure.origin, task, store, device)
        found = fit(cell, measure, model, task, store, device, again=again)
    except BaseException as error:
        pass_on(error)
        for record in failures(measure, one_line(error), outcome_facts(device)):
            store.put(record)
        return "failed"
    evaluated = _evaluate(cell, measure, model, task, store, device, found)
    return _worst([evaluated, look_inside(cell, measure, model, task, store, device)])


def load_model(cell: Cell, origin: Origin, task: Task, store: Store, device: torch.device) -> Transformer:
    """The trained model of a cell, with its own encoding or one that adapts it."""
    model = build(cell.train, task, encoding_choice(origin))
    weights = safetensors.torch.load(store.weights(cell.train.key).read_bytes())
    model.load_state_dict(weights)
    return model.to(device).eval()


def _evaluate(
    cell: Cell,
    measure: Measure,
    model: Transformer,
    task: Task,
    store: Store,
    device: torch.device,
    found: Found | None,
) -> Status:
    facts, limit = outcome_facts(device), model.encoding.max_length
    within = [spec for spec in measure.evaluations if limit is None or task.tokens(spec.length) <= limit]
    for spec in measure.evaluations:
        if spec not in within:
            reason = f"{task.tokens(spec.length)} tokens, but {measure.origin.item} is defined up to {limit}"
            store.put(_unsupported(facts, spec, task, reason))
    return _worst([_evaluate_length(cell, spec, model, task, store, device, found) for spec in within])


def _unsupported(facts: dict[str, Any], spec: EvalSpec, task: Task, reason: str) -> EvalRecord:
    return EvalRecord(**facts, status="unsupported", reason=reason, spec=spec, tokens=task.tokens(spec.length))


def _evaluate_length(
    cell: Cell,
    spec: EvalSpec,
    model: Transformer,
    task: Task,
    store: Store,
    device: torch.device,
    found: Found | None,
) -> Status:
    try:
        trained = cell.train.budget.train_length
        measured = evaluate(model, task, spec.length, trained, device, autocast(cell.train.precision, device))
        loss = measured.arrays["row_loss"].sum()
        if not math.isfinite(loss):
            raise FloatingPointError(f"the loss was {loss} at length {spec.length}")
    except PastEndError as error:
        store.put(_unsupported(outcome_facts(device), spec, task, str(error)))
        return "ok"
    except BaseException as error:
        pass_on(error)
        store.put(EvalRecord(**outcome_facts(device), status="failed", reason=one_line(error), spec=spec))
        return "failed"
    record = EvalRecord(
        **outcome_facts(device),
        status="ok",
        spec=spec,
        tokens=task.tokens(spec.length),
        chance=measured.chance,
        shortcuts=measured.shortcuts,
        axes=task.axes(spec.length),
        eval_seconds=measured.seconds,
        search=found.search if found else None,
    )
    store.put(record, measured.arrays | ({"found": found.values.numpy()} if found else {}))
    return "ok"


def _choice(catalogue: Catalogue, origin: Origin) -> Choice:
    return Choice(entry=catalogue.entry(origin.item), parameters=origin.parameters)


def encoding_choice(origin: Origin) -> Choice:
    """The encoding of an origin."""
    return _choice(encodings.CATALOGUE, origin)


def refuse_bad_values(make: Callable[[], Made]) -> Made:
    """The result of `make`; raises UsageError for whatever a constructor refuses or fails at."""
    try:
        return make()
    except UsageError:
        raise
    except ValueError as error:
        raise UsageError(" ".join(str(error).split())) from error
    except BaseException as error:  # a user's own class: it may do anything
        pass_on(error)
        raise UsageError(one_line(error)) from error


def count(module: torch.nn.Module) -> int:
    """The number of parameters of a module."""
    return sum(weight.numel() for weight in module.parameters())


def _peak_memory(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return int(psutil.Process().memory_info().rss)


def _worst(statuses: Sequence[Status]) -> Status:
    return "failed" if "failed" in statuses else "ok"
