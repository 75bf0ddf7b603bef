"""From records to tidy tables: the one place where metrics are computed from raw outcomes.

Language loss at a length is the mean over the last L/2 places of each row (at most SHARED_TARGETS), where L is the
trained length: rows of every length end at the same places of the text, so these are the same target tokens at every
length, and a longer window differs in its context alone. All other tasks are scored over all their places.

    window_loss_nats    the end of the text in disjoint windows of the length: the mean over all places of all windows
    over_crop_nats      the loss at the length, less that of the same targets after exactly L tokens of text each

Of several records of one cell (the source of an encoding was changed and run again) the newest counts, and the others
are named in `failures`.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.errors import UsageError
from benchmark.reports.statistics import STATUSES, paired_ratio
from benchmark.reports.words import t
from benchmark.results.record import Arrays, EvalRecord, ProbeRecord, TrainRecord
from benchmark.results.spec import TrainSpec
from benchmark.results.store import Store, decoded
from benchmark.tasks import CATALOGUE

READS_DIGITS = "reads digits"  # the league of encodings that know what tokens mean
LANGUAGE = "corpus"  # the name of the language task
VIEW_METRICS = ("window_loss_nats", "over_crop_nats")  # of views, which a record may be without
LOWER_IS_BETTER = frozenset({"loss_nats", "perplexity", "bits_per_character", *VIEW_METRICS})
SYNTHETIC_METRICS = ("token_accuracy", "exact_match", "loss_nats")
LANGUAGE_METRICS = ("token_accuracy", "loss_nats", "perplexity", "bits_per_character")  # no row of prose is ever exact
SHARED_TARGETS = 64
BINS_PER_OCTAVE = 2
ACROSS = "problem length"  # the second axis of a grid whose task has one

CELL = ("task", "setting", "trained_with", "encoding", "seed")  # what a curve over lengths belongs to

COLUMNS = {
    "task": "str",
    "encoding": "str",
    "trained_with": "str",
    "league": "str",  # "" for all that see positions alone; others are ranked among themselves
    "seed": "int64",
    "corpus": "str",  # "" for a task without one
    "train_length": "int64",
    "length": "int64",
    "multiple": "float64",
    "tokens": "int64",
    "metric": "str",
    "value": "float64",
    "lower_is_better": "bool",
    "chance": "float64",
    "headline": "bool",
    "status": "str",
    "reason": "str",  # "" if ok
    "scored": "int64",
    "steps": "int64",
    "batch": "int64",
    "width": "int64",
    "heads": "int64",
    "layers": "int64",
    "precision": "str",
    "parameters": "int64",
    "encoding_parameters": "int64",
    "train_seconds": "float64",
    "trained_tokens": "int64",
    "device": "str",
    "created": "object",
    "train_key": "str",
    "eval_key": "str",
    "setting": "str",
}
POSITION_COLUMNS = {
    "task": "str",
    "encoding": "str",
    "trained_with": "str",
    "seed": "int64",
    "train_length": "int64",
    "position_start": "int64",
    "position_stop": "int64",
    "loss_nats": "float64",
    "count": "int64",
    "setting": "str",
}
FIELD_COLUMNS = {
    "task": "str",
    "encoding": "str",
    "trained_with": "str",
    "seed": "int64",
    "train_length": "int64",
    "length": "int64",
    "metric": "str",  # the headline
    "lower_is_better": "bool",
    "value": "float64",
    "chance": "float64",  # at the length, whatever the field
    "rows": "int64",  # test problems behind it
    "down": "str",  # the axis
    "down_first": "int64",  # the range along it
    "down_last": "int64",
    "across": "str",
    "across_first": "int64",
    "across_last": "int64",
    "grid": "str",  # the task as the grid is called: without the parameter that is an axis
    "setting": "str",
    "grid_setting": "str",  # what decides the models of a grid, apart from encoding, seeds and that parameter
}
CURVE_COLUMNS = {
    "task": "str",
    "encoding": "str",
    "seed": "int64",
    "step": "int64",
    "loss_nats": "float64",
    "setting": "str",
}
FAILURE_COLUMNS = {
    "task": "str",
    "encoding": "str",
    "seed": "Int64",  # <NA> for a file
    "length": "Int64",  # <NA> unless an evaluation
    "what": "str",
    "status": "str",
    "reason": "str",
    "setting": "str",
}
MISSING_COLUMNS = {
    "task": "str",
    "encoding": "str",
    "trained_with": "str",
    "seed": "int64",
    "length": "int64",
    "reason": "str",
    "setting": "str",
}
TIMING_COLUMNS = {
    "encoding": "str",
    "operation": "str",
    "length": "int64",
    "seconds": "float64",
    "none_seconds": "float64",
    "ratio": "float64",
    "low": "float64",
    "high": "float64",
    "rounds": "int64",
    "device": "str",
}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """An evaluation or a probe with the training behind it."""

    trained: TrainRecord
    record: EvalRecord | ProbeRecord

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes two records records of the same cell, whatever their keys."""
        record = self.record
        last = record.spec.length if isinstance(record, EvalRecord) else record.spec.text
        return (*_trained_identity(self.trained), record.spec.encoding.label, record.kind, last)


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A look inside one trained model."""

    task: str
    encoding: str
    trained_with: str
    seed: int
    train_length: int
    text: str
    words: tuple[str, ...]  # T tokens
    attention: NDArray[np.floating[Any]]  # [layers, H, T, T]
    structure: NDArray[np.floating[Any]]  # [layers, H, distances]
    setting: str
    train_key: str


def frame(store: Store) -> pd.DataFrame:
    """One row for each metric of each evaluated cell; `value` is NaN unless the cell is ok."""
    cells = [cell for cell in _newest(_cells(store)) if isinstance(cell.record, EvalRecord)]
    cropped = _cropped(store, cells)
    rows = (row for cell in cells for row in _metric_rows(store, cell, cropped.get(cell.identity[:-1], math.nan)))
    table = _table(rows, COLUMNS)
    return table.sort_values([*CELL, "length", "metric"], ignore_index=True)


def newest_setting(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `frame` that belong to the setting last run of each task: the rest cannot be compared with them."""
    if table.empty:
        return table
    last = table.groupby(["task", "setting"])["created"].max().reset_index().sort_values("created")
    keep = last.drop_duplicates("task", keep="last")[["task", "setting"]]
    return table.merge(keep, on=["task", "setting"])


def by_position(store: Store) -> pd.DataFrame:
    """Language loss by absolute position, from the longest ok evaluation of each cell, in log-spaced bins."""
    longest: dict[tuple[object, ...], Cell] = {}
    for cell in _newest(_cells(store)):
        record = cell.record
        if isinstance(record, EvalRecord) and record.status == "ok" and cell.trained.spec.task.name == LANGUAGE:
            curve = cell.identity[:-1]
            if curve not in longest or record.spec.length > _length(longest[curve]):
                longest[curve] = cell
    table = _table((row for cell in longest.values() for row in _position_rows(store, cell)), POSITION_COLUMNS)
    return table.sort_values([*CELL, "position_start"], ignore_index=True)


def by_field(store: Store) -> pd.DataFrame:
    """One row for each measured field of each ok cell's grid, with the value of the headline metric there.

    A task with one axis has it down and problem length across; one with two axes fills, at each length, other fields of
    one grid; and a task with a sweep has the parameter down, a run for each of its values.
    """
    rows = (row for cell in _newest(_cells(store)) for row in _field_rows(store, cell))
    order = ["grid", "grid_setting", "encoding", "trained_with", "down_first", "across_first", "seed"]
    return _table(rows, FIELD_COLUMNS).sort_values(order, ignore_index=True)


def training_curves(store: Store) -> pd.DataFrame:
    """The training loss of every trained model, as far as it came."""
    rows = (
        {**_names(record.spec), "step": step, "loss_nats": loss}
        for record in _newest_trainings(_trainings(store))
        for step, loss in zip(record.train_steps, record.train_losses, strict=False)
    )
    return _table(rows, CURVE_COLUMNS).sort_values(["task", "setting", "encoding", "seed", "step"], ignore_index=True)


def probes(store: Store) -> list[Probe]:
    """The ok probes of the first seed of each encoding, by task, setting, sentence and encoding."""
    first: dict[tuple[object, ...], Probe] = {}
    for cell in _newest(_cells(store)):
        if isinstance(cell.record, ProbeRecord) and cell.record.status == "ok":
            probe = probe_of(store, cell.trained, cell.record)
            key = () if probe is None else (probe.task, probe.setting, probe.text, probe.trained_with, probe.encoding)
            if probe is not None and (key not in first or probe.seed < first[key].seed):
                first[key] = probe
    return sorted(first.values(), key=lambda probe: (probe.task, probe.setting, probe.text, probe.encoding))


def failures(store: Store) -> pd.DataFrame:
    """Every record that is not ok, every older record of a cell that was run again, and every unreadable file.

    `what` is "training", "evaluation", "probe" or "file"; `status` is the record's, or "superseded", "orphan"
    (measured, but its training record is not there) or "unreadable".
    """
    trainings, cells = _trainings(store), _cells(store)
    rows = [*_training_failures(trainings), *_cell_failures(store, cells), *_orphans(store, trainings)]
    rows += [_failure(what="file", status="unreadable", reason=line) for line in store.problems]
    order = ["what", "task", "encoding", "seed", "length"]
    return _table(rows, FAILURE_COLUMNS).sort_values(order, ignore_index=True)


def missing(store: Store) -> pd.DataFrame:
    """The cells that the full grid (a setting's encodings x seeds x lengths) has and the store has not, with why."""
    table = frame(store)
    trained = {_trained_identity(record): record for record in _newest_trainings(_trainings(store))}
    rows = [row for _, group in _grids(table, trained) for row in group]
    return _table(rows, MISSING_COLUMNS)


def timings(folder: Path, problems: list[str]) -> pd.DataFrame:
    """Ratios to `none` from pytest-benchmark's JSON files under a folder: the newest measurement of each kind.

    `ratio` is the median over rounds of own seconds / seconds of the interleaved round of `none`, with a bootstrap
    95 % interval [low, high]. A file that cannot be read is named in `problems`.
    """
    found: dict[tuple[object, ...], dict[str, Any]] = {}
    for _, rows in sorted(_timing_files(folder, problems), key=lambda dated: dated[0]):
        for row in rows:
            found[row["encoding"], row["operation"], row["length"], row["device"]] = row
    order = ["device", "operation", "length", "encoding"]
    return _table(found.values(), TIMING_COLUMNS).sort_values(order, ignore_index=True)


def setting_of(spec: TrainSpec, *, without: str | None = None) -> str:
    """Hash of what decides a trained model apart from encoding and seeds: only equal settings can be compared.

    The task's label is a column of its own; its data (version, source, corpus) count here, so that records of an older
    version of a task are never mixed with those of the present one. `without` leaves out a parameter of the task.
    """
    data = spec.model_dump(mode="json", exclude={"encoding", "init_seed", "data_seed"})
    for part in ("label", "corpus"):
        data["task"].pop(part)
    data["task"]["parameters"].pop(without, None)
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:8]


@cache
def told(task: str, fact: str) -> Any:
    """What the class of a task says of it: its title, metric, ...; None if it does not, or is not installed here."""
    try:
        return CATALOGUE.registered.entry(task).attributes.get(fact)
    except (UsageError, OSError):
        return None


def headline_metric(task: str) -> str:
    """The metric that a task names as its own; token accuracy for a task that is not installed here."""
    return str(told(task, "metric") or ("loss_nats" if task == LANGUAGE else "token_accuracy"))


def unlearned(task: str) -> str:
    """Why no model of a preset learns a task at its trained length, as the task says; "" where one does."""
    return str(told(task, "unlearned") or "")


def sweep_of(task: str) -> tuple[str, str] | None:
    """The axis that a task names whose runs differ in one parameter, and the parameter; None if it names none."""
    sweep = told(task, "sweep")
    return (str(sweep[0]), str(sweep[1])) if sweep else None


def bin_edges(length: int) -> list[int]:
    """Edges of log-spaced bins of positions 0 .. length - 1: 0, 1, 2, 3, 4, 6, 8, 11, 16, ..."""
    octaves = math.ceil(math.log2(max(length, 1))) * BINS_PER_OCTAVE
    powers = (round(2 ** (step / BINS_PER_OCTAVE)) for step in range(octaves))
    return sorted({0, *(power for power in powers if power < length), length})


def _trainings(store: Store) -> list[TrainRecord]:
    return [record for record in store.records() if isinstance(record, TrainRecord)]


def _measured(store: Store) -> Iterator[EvalRecord | ProbeRecord]:
    return (record for record in store.records() if not isinstance(record, TrainRecord))


def _cells(store: Store) -> list[Cell]:
    trained = {record.spec.key: record for record in _trainings(store)}
    measured = (record for record in _measured(store) if record.spec.train_key in trained)
    return [Cell(trained=trained[record.spec.train_key], record=record) for record in measured]


def _newest(cells: Iterable[Cell]) -> list[Cell]:
    newest: dict[tuple[object, ...], Cell] = {}
    for cell in sorted(cells, key=lambda cell: (cell.trained.created, cell.record.created)):
        newest[cell.identity] = cell
    return list(newest.values())


def _newest_trainings(records: Iterable[TrainRecord]) -> list[TrainRecord]:
    return list({_trained_identity(record): record for record in sorted(records, key=_created)}.values())


def _created(record: TrainRecord) -> datetime:
    return record.created


def _trained_identity(record: TrainRecord) -> tuple[object, ...]:
    spec = record.spec
    return (spec.task.label, setting_of(spec), spec.encoding.label, spec.init_seed)


def _names(spec: TrainSpec) -> dict[str, Any]:
    return {
        "task": spec.task.label,
        "encoding": spec.encoding.label,
        "seed": spec.init_seed,
        "setting": setting_of(spec),
    }


def _length(cell: Cell) -> int:
    return cell.record.spec.length if isinstance(cell.record, EvalRecord) else 0


def _table(rows: Iterable[dict[str, Any]], columns: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(columns)).astype(columns)


def _cropped(store: Store, cells: Iterable[Cell]) -> dict[tuple[object, ...], float]:
    """The loss of the shared targets after exactly L tokens each, for every curve that has it."""
    found = {}
    for cell in cells:
        at_trained = _length(cell) == cell.trained.spec.budget.train_length
        if cell.trained.spec.task.name == LANGUAGE and cell.record.status == "ok" and at_trained:
            found[cell.identity[:-1]] = _view_loss(store.arrays(cell.record), "crop")
    return found


def _view_loss(arrays: Arrays, view: str) -> float:
    if f"{view}_count" not in arrays:
        return math.nan
    return _ratio(np.sum(arrays[f"{view}_loss"]), int(np.sum(arrays[f"{view}_count"])))


def _metric_rows(store: Store, cell: Cell, cropped: float) -> Iterator[dict[str, Any]]:
    trained, record = cell.trained, cell.record
    assert isinstance(record, EvalRecord)
    arrays = store.arrays(record) if record.status == "ok" else {}
    lost = record.status == "ok" and not arrays
    window = _window(trained, record)
    values = _values(arrays, window, trained) if arrays else {}
    if arrays:
        views = (_view_loss(arrays, "windows"), values["loss_nats"] - cropped)
        values |= {name: value for name, value in zip(VIEW_METRICS, views, strict=True) if not math.isnan(value)}
    chances = _with_derived(dict(record.chance), trained)
    shared = {
        **_cell_columns(trained, record),
        "status": "failed" if lost else record.status,
        "reason": "its arrays cannot be read: run it again with --force" if lost else record.reason or "",
        "scored": int(np.sum(arrays["count"][window])) if arrays else 0,
    }
    for metric in _metrics(trained, values):
        yield {
            **shared,
            "metric": metric,
            "value": values.get(metric, math.nan),
            "lower_is_better": metric in LOWER_IS_BETTER,
            "chance": chances.get(metric, math.nan),
            "headline": metric == headline_metric(trained.spec.task.name),
        }


def _metrics(trained: TrainRecord, values: dict[str, float]) -> tuple[str, ...]:
    if trained.spec.task.name != LANGUAGE:
        return SYNTHETIC_METRICS
    return LANGUAGE_METRICS + tuple(name for name in VIEW_METRICS if not values or name in values)


def _cell_columns(trained: TrainRecord, record: EvalRecord) -> dict[str, Any]:
    spec = trained.spec
    return {
        **_names(spec),
        "encoding": record.spec.encoding.label,
        "trained_with": spec.encoding.label,
        "league": READS_DIGITS if record.spec.encoding.reads_digits else "",
        "corpus": spec.task.corpus or "",
        "train_length": spec.budget.train_length,
        "length": record.spec.length,
        "multiple": record.spec.length / spec.budget.train_length,
        "tokens": record.tokens,
        "steps": spec.budget.steps,
        "batch": spec.budget.batch,
        "width": spec.model.width,
        "heads": spec.model.heads,
        "layers": spec.model.layers,
        "precision": spec.precision,
        "parameters": trained.parameters,
        "encoding_parameters": trained.encoding_parameters,
        "train_seconds": trained.train_seconds,
        "trained_tokens": trained.trained_tokens,
        "device": trained.environment.device,
        "created": record.created,
        "train_key": spec.key,
        "eval_key": record.spec.key,
    }


def _window(trained: TrainRecord, record: EvalRecord) -> slice:
    """The places that count: for language those whose targets all lengths share, for the other tasks all."""
    if trained.spec.task.name != LANGUAGE:
        return slice(None)
    targets = max(1, min(SHARED_TARGETS, trained.spec.budget.train_length // 2))
    return slice(record.spec.length - targets, record.spec.length)


def _values(arrays: Arrays, window: slice, trained: TrainRecord) -> dict[str, float]:
    scored = int(np.sum(arrays["count"][window]))
    rows = arrays["row_count"] > 0
    exact = arrays["row_correct"][rows] == arrays["row_count"][rows]
    values = {
        "token_accuracy": _ratio(np.sum(arrays["correct"][window]), scored),
        "exact_match": _ratio(np.sum(exact), int(np.sum(rows))),
        "loss_nats": _ratio(np.sum(arrays["loss_sum"][window]), scored),
    }
    return _with_derived(values, trained)


def _ratio(total: float, count: int) -> float:
    return float(total) / count if count else math.nan


def _with_derived(values: dict[str, float], trained: TrainRecord) -> dict[str, float]:
    """The same figures with what follows from the loss: perplexity a token, and bits a character."""
    if "loss_nats" in values:
        loss = values["loss_nats"]
        values["perplexity"] = math.exp(loss) if loss < 700 else math.inf
        if trained.characters_per_token:
            values["bits_per_character"] = loss / math.log(2) / trained.characters_per_token
    return values


def _position_rows(store: Store, cell: Cell) -> Iterator[dict[str, Any]]:
    record = cell.record
    assert isinstance(record, EvalRecord)
    arrays = store.arrays(record)
    if not arrays:
        return
    edges = bin_edges(len(arrays["count"]))
    for start, stop in pairwise(edges):
        count = int(np.sum(arrays["count"][start:stop]))
        if count:
            yield {
                **_names(cell.trained.spec),
                "encoding": record.spec.encoding.label,
                "trained_with": cell.trained.spec.encoding.label,
                "train_length": cell.trained.spec.budget.train_length,
                "position_start": start,
                "position_stop": stop,
                "loss_nats": float(np.sum(arrays["loss_sum"][start:stop])) / count,
                "count": count,
            }


def _field_rows(store: Store, cell: Cell) -> Iterator[dict[str, Any]]:
    record, spec = cell.record, cell.trained.spec
    if not isinstance(record, EvalRecord) or record.status != "ok":
        return
    sweep, arrays = sweep_of(spec.task.name), store.arrays(record)
    parameter = sweep[1] if sweep else ""
    shared = {
        **_names(spec),
        "encoding": record.spec.encoding.label,
        "trained_with": spec.encoding.label,
        "train_length": spec.budget.train_length,
        "length": record.spec.length,
        "metric": headline_metric(spec.task.name),
        "lower_is_better": headline_metric(spec.task.name) in LOWER_IS_BETTER,
        "chance": record.chance.get(headline_metric(spec.task.name), math.nan),
        "grid": re.sub(rf":{parameter}=[^:]*", "", spec.task.label) if sweep else spec.task.label,
        "grid_setting": setting_of(spec, without=parameter),
    }
    across = _range("across", ACROSS, record.spec.length, record.spec.length)
    if sweep and arrays and parameter in spec.task.parameters:
        at = int(spec.task.parameters[parameter])
        value = _values(arrays, slice(None), cell.trained)[shared["metric"]]
        rows = int(np.sum(arrays["row_count"] > 0))
        yield {**shared, "value": value, "rows": rows, **_range("down", sweep[0], at, at), **across}
    if record.axes and "group_rows" in arrays:
        for field, ranges in _fields(record):
            if rows := int(arrays["group_rows"][field]):
                value = _field_value(arrays, field, shared["metric"])
                yield {**shared, "value": value, "rows": rows, **across, **ranges}


def _fields(record: EvalRecord) -> Iterator[tuple[tuple[int, ...], dict[str, Any]]]:
    """The index of each field of a record's grid, with the columns that say which ranges it is of."""
    for field in np.ndindex(*(len(ranges) for ranges in record.axes.values())):
        columns: dict[str, Any] = {}
        for side, (axis, ranges), index in zip(("down", "across"), record.axes.items(), field, strict=False):
            columns |= _range(side, axis, *ranges[index])
        yield field, columns


def _range(side: str, axis: str, first: int, last: int) -> dict[str, Any]:
    return {side: axis, f"{side}_first": first, f"{side}_last": last}


def _field_value(arrays: Arrays, field: tuple[int, ...], metric: str) -> float:
    total, of = {
        "exact_match": ("group_exact", "group_rows"),
        "token_accuracy": ("group_correct", "group_count"),
        "loss_nats": ("group_loss", "group_count"),
    }[metric]
    return _ratio(float(arrays[total][field]), int(arrays[of][field]))


def probe_of(store: Store, trained: TrainRecord, record: ProbeRecord) -> Probe | None:
    """A record's probe with its arrays; None, with a line in the store's problems, if they cannot be read."""
    arrays = store.arrays(record)
    if not arrays:
        return None
    names = _names(trained.spec) | {"encoding": record.spec.encoding.label}
    return Probe(
        **names,
        trained_with=trained.spec.encoding.label,
        train_length=trained.spec.budget.train_length,
        text=record.spec.text,
        words=tuple(record.words),
        attention=arrays["attention"],
        structure=arrays["structure"],
        train_key=trained.spec.key,
    )


def _failure(*, what: str, status: str, reason: str | None, **names: object) -> dict[str, Any]:
    blank = {"task": "", "encoding": "", "seed": None, "length": None, "setting": ""}
    return {**blank, **names, "what": what, "status": status, "reason": reason or "no reason was recorded"}


def _training_failures(records: Sequence[TrainRecord]) -> Iterator[dict[str, Any]]:
    newest = {record.spec.key for record in _newest_trainings(records)}
    for record in records:
        names = _names(record.spec)
        if record.spec.key not in newest:
            yield _failure(what="training", status="superseded", reason=_older(record.spec.key), **names)
        elif record.status != "ok":
            yield _failure(what="training", status=record.status, reason=record.reason, **names)


def _cell_failures(store: Store, cells: Sequence[Cell]) -> Iterator[dict[str, Any]]:
    newest = {cell.record.spec.key for cell in _newest(cells)}
    for cell in cells:
        record = cell.record
        what = "evaluation" if isinstance(record, EvalRecord) else "probe"
        length = record.spec.length if isinstance(record, EvalRecord) else None
        names = _names(cell.trained.spec) | {"encoding": record.spec.encoding.label, "length": length}
        if record.spec.key not in newest:
            yield _failure(what=what, status="superseded", reason=_older(record.spec.key), **names)
        elif record.status != "ok":
            yield _failure(what=what, status=record.status, reason=record.reason, **names)
        else:
            store.arrays(record)  # names unreadable arrays in `store.problems`


def _older(key: str) -> str:
    return t("the same cell was run again since, from changed source or with another data seed (record {key})", key=key)


def _orphans(store: Store, trainings: Sequence[TrainRecord]) -> Iterator[dict[str, Any]]:
    known = {record.spec.key for record in trainings}
    for record in _measured(store):
        if record.spec.train_key not in known:
            reason = t("no training record {key}: copy its folder whole", key=record.spec.train_key)
            yield _failure(what=record.kind, status="orphan", reason=reason, encoding=record.spec.encoding.label)


def _grids(
    table: pd.DataFrame, trained: dict[tuple[object, ...], TrainRecord]
) -> Iterator[tuple[tuple[str, str], list[dict[str, Any]]]]:
    """For each task and setting, the cells that its grid lacks."""
    for task, setting in sorted({(str(key[0]), str(key[1])) for key in trained}):
        here = table[(table["task"] == task) & (table["setting"] == setting)]
        # A model that was trained for others to adapt, and measured with those alone, lacks nothing.
        pairs = set(zip(here["trained_with"], here["encoding"], strict=True))
        names = {str(key[2]) for key in trained if key[:2] == (task, setting)}
        pairs |= {(name, name) for name in names - {trained_with for trained_with, _ in pairs}}
        seeds = {key[3] for key in trained if key[:2] == (task, setting)}
        there = set(zip(here["trained_with"], here["encoding"], here["seed"], here["length"], strict=True))
        yield (
            (task, setting),
            [
                {
                    "task": task,
                    "setting": setting,
                    "trained_with": trained_with,
                    "encoding": encoding,
                    "seed": seed,
                    "length": length,
                    "reason": _absence(trained.get((task, setting, trained_with, seed))),
                }
                for trained_with, encoding in sorted(pairs)
                for seed in sorted(seeds, key=str)
                for length in sorted(set(here["length"]))
                if (trained_with, encoding, seed, length) not in there
            ],
        )


def _absence(record: TrainRecord | None) -> str:
    if record is None:
        return t("not trained")
    if record.status != "ok":
        reason = record.reason or t("no reason was recorded")
        return t("training {status}: {reason}", status=STATUSES.get(record.status, record.status), reason=reason)
    return t("not evaluated")


def _timing_files(folder: Path, problems: list[str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for path in sorted(folder.rglob("*.json")):
        try:
            content = decoded(path.read_bytes())
            if not isinstance(content, dict) or not isinstance(content.get("benchmarks"), list):
                raise ValueError("not a pytest-benchmark file")
            rows = list(_timing_rows(content))
        except (OSError, ValueError) as error:
            problems.append(f"{path}: skipped: {error}")
        except (AttributeError, LookupError, TypeError, OverflowError, RecursionError) as error:
            problems.append(f"{path}: skipped: not a pytest-benchmark file: {error}")
        else:
            yield str(content.get("datetime", "")), rows


def _timing_rows(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for benchmark in content["benchmarks"]:
        info = benchmark.get("extra_info", {})
        own = benchmark.get("stats", {}).get("data") or []
        none = info.get("none_seconds") or []
        rounds = min(len(own), len(none))
        if rounds and {"encoding", "operation", "length"} <= info.keys():
            seconds = np.concatenate([np.asarray(own, dtype=float), np.asarray(none, dtype=float)])
            if not (np.isfinite(seconds) & (seconds > 0)).all():
                raise ValueError("its seconds are not all positive numbers")
            ratio = paired_ratio(own[:rounds], none[:rounds])
            yield {
                "encoding": str(info["encoding"]),
                "operation": str(info["operation"]),
                "length": int(np.int64(info["length"])),  # what a column holds
                "seconds": float(np.median(own)),
                "none_seconds": float(np.median(none)),
                "ratio": ratio.value,
                "low": ratio.low,
                "high": ratio.high,
                "rounds": rounds,
                "device": str(info.get("device", "cpu")),
            }
