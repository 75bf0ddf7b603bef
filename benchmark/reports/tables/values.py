"""The table of values: every metric of every evaluated cell, computed from the sums that its record stores.

On a text, the value at a length is the mean over the last L/2 places of each row (at most SHARED_TARGETS), where L is
the trained length. Rows of every length end at the same places of the text, so the target tokens are the same at every
length, and a longer window differs only in its context. All other tasks are scored over all their places.

    window_loss_nats    the end of the text in disjoint windows of the length: the mean over all places of all windows
    over_crop_nats      the loss at the length, less that of the same targets after exactly L tokens of text each; for
                        a checkpoint, less that of the same targets at the end of L tokens, with its own rope
    far_loss_nats       the loss at the length of those of its targets that need context past L (`Corpus.subsets`)
"""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from benchmark.garbage import uncollected
from benchmark.metrics import METRICS, Sums, ratio
from benchmark.reports.tables.measurements import (
    CURVE,
    Measurement,
    length_of,
    measurements,
    model_columns,
    newest_of,
    typed_table,
)
from benchmark.reports.tables.tasks import headline_metric, is_language
from benchmark.results.record import Arrays, EvalRecord, TrainRecord
from benchmark.results.spec import EncodingSpec
from benchmark.results.store import Store

READS_DIGITS = "reads digits"  # the league of encodings that know which tokens are digits
READS_MARKS = "reads segment marks"  # the league of encodings that know which tokens end a sentence or other segment
SHARED_TARGETS = 64

METRIC_COLUMNS = {
    "task": "str",
    "encoding": "str",
    "trained_with": "str",
    "league": "str",  # "" for all that see only positions; others are ranked among themselves
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
    "shortcut": "float64",  # the score of the best simple rule on the same rows; NaN without one
    "shortcut_name": "str",  # its name; "" without one
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


@uncollected()
def metric_table(store: Store, *, headlines: bool = False) -> pd.DataFrame:
    """One row for each metric of each evaluated cell; `value` is NaN unless the cell is ok.

    With `headlines`, only for the headline metric of its task.
    """
    cells = [cell for cell in newest_of(measurements(store)) if isinstance(cell.record, EvalRecord)]
    crop_losses = _crop_losses(store, cells)
    rows = (
        row
        for cell in cells
        for row in _metric_rows(store, cell, crop_losses.get(cell.cropped, math.nan), headlines=headlines)
    )
    table = typed_table(rows, METRIC_COLUMNS)
    return table.sort_values([*CURVE, "length", "metric"], ignore_index=True)


def newest_setting(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `metric_table` of each task's last setting; those of other settings cannot be compared with them."""
    if table.empty:
        return table
    last = table.groupby(["task", "setting"])["created"].max().reset_index().sort_values("created")
    keep = last.drop_duplicates("task", keep="last")[["task", "setting"]]
    return table.merge(keep, on=["task", "setting"])


def _crop_losses(store: Store, cells: Iterable[Measurement]) -> dict[tuple[object, ...], float]:
    """The loss per token of the shared targets after exactly L tokens each, for every curve measured that way."""
    found = {}
    for cell in cells:
        at_trained = length_of(cell) == cell.trained.spec.budget.train_length
        if is_language(cell.trained) and cell.record.status == "ok" and at_trained:
            found[cell.curve] = ratio(*_view(store.arrays(cell.record), "crop"))
    return found


def _view(arrays: Arrays, view: str) -> tuple[float, int]:
    """The summed loss of a view or subset, and its scored places; 0 places if a record lacks it."""
    if f"{view}_count" not in arrays:
        return math.nan, 0
    return float(np.sum(arrays[f"{view}_loss"])), int(np.sum(arrays[f"{view}_count"]))


def _metric_rows(store: Store, cell: Measurement, crop_loss: float, *, headlines: bool) -> Iterator[dict[str, Any]]:
    trained, record = cell.trained, cell.record
    assert isinstance(record, EvalRecord)
    arrays = store.arrays(record) if record.status == "ok" else {}
    lost = record.status == "ok" and not arrays
    sums = sums_of(arrays, trained, counted_places(trained, record.spec.length), crop_loss) if arrays else Sums()
    shared = {
        **_cell_columns(trained, record),
        "status": "failed" if lost else record.status,
        "reason": "its arrays cannot be read: run it again with --force" if lost else record.reason or "",
    }
    headline, language = headline_metric(trained), is_language(trained)
    for name, metric in METRICS.items():
        if not (metric.of_texts if language else metric.of_synthetic) or (headlines and name != headline):
            continue
        value = metric.of(sums)
        if not (metric.optional and arrays and math.isnan(value)):
            shortcut, shortcut_name = _shortcut(name, record)
            yield {
                **shared,
                "metric": name,
                "value": value,
                "scored": metric.places(sums),
                "lower_is_better": metric.lower_is_better,
                "chance": _chance(name, trained, record),
                "shortcut": shortcut,
                "shortcut_name": shortcut_name,
                "headline": name == headline,
            }


def _chance(name: str, trained: TrainRecord, record: EvalRecord) -> float:
    """The score of guessing: as the task states it, or as it follows from the loss of guessing."""
    if name in record.chance or "loss_nats" not in record.chance:
        return record.chance.get(name, math.nan)
    guess = Sums(loss=record.chance["loss_nats"], places=1, characters_per_token=trained.characters_per_token)
    return METRICS[name].of(guess)


def _shortcut(name: str, record: EvalRecord) -> tuple[float, str]:
    """The best shortcut by a metric, and its name; of equals the first by name."""
    scores = {rule: own[name] for rule, own in sorted(record.shortcuts.items()) if name in own}
    if not scores:
        return math.nan, ""
    best = (min if METRICS[name].lower_is_better else max)(scores, key=scores.__getitem__)
    return scores[best], best


def _league(encoding: EncodingSpec) -> str:
    return READS_DIGITS if encoding.reads_digits else READS_MARKS if encoding.reads_marks else ""


def _cell_columns(trained: TrainRecord, record: EvalRecord) -> dict[str, Any]:
    spec = trained.spec
    return {
        **model_columns(spec),
        "encoding": record.spec.encoding.label,
        "trained_with": spec.encoding.label,
        "league": _league(record.spec.encoding),
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


def counted_places(trained: TrainRecord, length: int) -> slice:
    """The places that count: on a text those whose targets all lengths share, else all.

    A checkpoint is scored on its shared targets only.
    """
    if not is_language(trained) or trained.spec.checkpoint is not None:
        return slice(None)
    targets = max(1, min(SHARED_TARGETS, trained.spec.budget.train_length // 2))
    return slice(length - targets, length)


def sums_of(arrays: Arrays, trained: TrainRecord, window: slice = slice(None), crop_loss: float = math.nan) -> Sums:
    """The sums of a measurement's arrays; `window` selects the places of each row that count."""
    rows = arrays["row_count"] > 0
    window_loss, window_places = _view(arrays, "windows")
    far_loss, far_places = _view(arrays, "far")
    return Sums(
        loss=float(np.sum(arrays["loss_sum"][window])),
        correct=float(np.sum(arrays["correct"][window])),
        places=int(np.sum(arrays["count"][window])),
        exact=float(np.sum(arrays["row_correct"][rows] == arrays["row_count"][rows])),
        rows=int(np.sum(rows)),
        characters_per_token=trained.characters_per_token,
        window_loss=window_loss,
        window_places=window_places,
        crop_loss_per_token=crop_loss,
        far_loss=far_loss,
        far_places=far_places,
    )
