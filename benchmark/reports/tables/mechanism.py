"""The looks inside models at one length: entropy of attention, a linear probe of position, what scores are due to.

    entropy_nats      of attention, mean over the heads of a layer and over the queries in the last half of each row;
                      reference: uniform attention to all keys that these queries see, the mean of log n
    probe_error       mean absolute error, in tokens, of a linear read-out of a token's index from the residual stream
                      after so many layers (0: of the embedded tokens); reference: always guessing the mean index
    position_share    of the variance of scores among the keys of a query, the share that is the same in rows of
                      different tokens; mean over the heads of a layer. Without bias, so it may be just below 0

`benchmark/training/mechanism.py` defines the sums. The share corrects for the R rows observed: content adds
1 / (R - 1) of its squares to those of position.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.reports.tables.measurements import (
    CURVE,
    Measurement,
    measurements,
    model_columns,
    newest_of,
    typed_table,
)
from benchmark.results.record import Arrays, MechanismRecord
from benchmark.results.store import Store

MECHANISM_COLUMNS = {
    "task": "str",
    "encoding": "str",
    "trained_with": "str",
    "seed": "int64",
    "train_length": "int64",
    "length": "int64",
    "multiple": "float64",
    "measure": "str",
    "layer": "int64",  # from 1; of a probe, the number of layers before it, from 0
    "value": "float64",  # NaN: undefined, as the share of scores that are all alike
    "reference": "float64",  # NaN: there is none
    "train_key": "str",
    "look_key": "str",
    "setting": "str",
}

Floats = NDArray[np.floating[Any]]


def mechanism_table(store: Store) -> pd.DataFrame:
    """One row for each measure and layer of each look inside that is ok; empty where nobody looked."""
    cells = (cell for cell in newest_of(measurements(store)) if cell.record.status == "ok")
    table = typed_table((row for cell in cells for row in _rows(store, cell)), MECHANISM_COLUMNS)
    return table.sort_values([*CURVE, "length", "measure", "layer"], ignore_index=True)


def _rows(store: Store, cell: Measurement) -> Iterator[dict[str, Any]]:
    record, spec = cell.record, cell.trained.spec
    if not isinstance(record, MechanismRecord) or not (arrays := store.arrays(record)):
        return
    shared = {
        **model_columns(spec),
        "encoding": record.spec.encoding.label,
        "trained_with": spec.encoding.label,
        "train_length": spec.budget.train_length,
        "length": record.spec.length,
        "multiple": record.spec.length / spec.budget.train_length,
        "train_key": spec.key,
        "look_key": record.spec.key,
    }
    for measure, first, values, references in _measures(arrays, record.rows):
        for layer, (value, reference) in enumerate(zip(values, references, strict=True), start=first):
            yield {**shared, "measure": measure, "layer": layer, "value": value, "reference": reference}


def _measures(arrays: Arrays, rows: int) -> Iterator[tuple[str, int, Floats, Floats]]:
    """Each measure with the number of its first layer, and its values and references by layer."""
    entropy, uniform, queries = (arrays[name][..., -1].sum(axis=1) for name in ("entropy", "uniform", "queries"))
    yield "entropy_nats", 1, _over(entropy, queries), _over(uniform, queries)
    error, chance = (_over(arrays[name], arrays["places"]) for name in ("probe_error", "chance_error"))
    yield "probe_error", 0, error, chance
    share = position_share(arrays["position_squares"], arrays["content_squares"], rows)
    yield "position_share", 1, share, np.full(len(share), np.nan)


def position_share(position: Floats, content: Floats, rows: int) -> Floats:
    """The share of position in the variance of scores by layer, from the squares [layers, H] of so many rows.

    The mean over the heads whose scores differ at all; NaN without any.
    """
    of_content = _over(content, np.full(content.shape, rows - 1))
    of_position = (position - of_content) / rows
    shares = _over(of_position, of_position + of_content)
    return _over(np.nansum(shares, axis=1), np.isfinite(shares).sum(axis=1))


def _over(totals: Floats, counts: Floats) -> Floats:
    """Quotients; NaN where the divisor is 0."""
    quotients: Floats = np.divide(totals, counts, out=np.full(totals.shape, np.nan), where=counts != 0)
    return quotients
