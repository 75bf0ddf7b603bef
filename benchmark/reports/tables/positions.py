"""The loss on a text by absolute position, in bins that grow by half an octave.

Taken from the longest evaluation of each model that is ok. Unlike the value of a length, it counts every scored place.
"""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from benchmark.reports.tables.measurements import (
    CURVE,
    Measurement,
    length_of,
    measurements,
    model_columns,
    newest_of,
    typed_table,
)
from benchmark.reports.tables.tasks import is_language
from benchmark.results.record import EvalRecord
from benchmark.results.store import Store

BINS_PER_OCTAVE = 2

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


def by_position(store: Store) -> pd.DataFrame:
    """Language loss by absolute position, from the longest ok evaluation of each cell, in log-spaced bins."""
    longest: dict[tuple[object, ...], Measurement] = {}
    for cell in newest_of(measurements(store)):
        record, whole = cell.record, cell.trained.spec.checkpoint is None  # a checkpoint is scored on its targets only
        if isinstance(record, EvalRecord) and record.status == "ok" and is_language(cell.trained) and whole:
            if cell.curve not in longest or record.spec.length > length_of(longest[cell.curve]):
                longest[cell.curve] = cell
    table = typed_table((row for cell in longest.values() for row in _position_rows(store, cell)), POSITION_COLUMNS)
    return table.sort_values([*CURVE, "position_start"], ignore_index=True)


def bin_edges(length: int) -> list[int]:
    """Edges of log-spaced bins of positions 0 .. length - 1: 0, 1, 2, 3, 4, 6, 8, 11, 16, ..."""
    octaves = math.ceil(math.log2(max(length, 1))) * BINS_PER_OCTAVE
    powers = (round(2 ** (step / BINS_PER_OCTAVE)) for step in range(octaves))
    return sorted({0, *(power for power in powers if power < length), length})


def _position_rows(store: Store, cell: Measurement) -> Iterator[dict[str, Any]]:
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
                **model_columns(cell.trained.spec),
                "encoding": record.spec.encoding.label,
                "trained_with": cell.trained.spec.encoding.label,
                "train_length": cell.trained.spec.budget.train_length,
                "position_start": start,
                "position_stop": stop,
                "loss_nats": float(np.sum(arrays["loss_sum"][start:stop])) / count,
                "count": count,
            }
