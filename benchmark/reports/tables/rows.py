"""The error of a measured value that comes from its test rows: they are a sample too, and all seeds share it.

    value   R = sum_i y_i / sum_i x_i                                                       over the N rows with x_i > 0
    error   sqrt(N / (N - 1) * sum_i z_i^2),    z_i = (y_i - R x_i) / sum_j x_j

    metric            y_i                                      x_i
    token_accuracy    right places of the row                  scored places of the row
    exact_match       1 if every scored place is right         1
    loss_nats         loss of the row                          scored places of the row

Two encodings answer the same rows, so a row that is hard for both cancels: in the error of a paired difference z_i is
the difference of the two encodings' z_i, averaged over their common seeds.

Source: Cochran 1977, Sampling Techniques, section 6.4 (the ratio estimator and its linearised variance).
Convention: NaN below two rows, and for a pair not measured on the same rows. Records keep the sums of a row over all of
its places. If only some make up the value (language: the targets that all lengths share), the error is that of all
places times sqrt(all / those), as if the tokens of a row were independent. Rows of text are not, and long ones overlap:
for `corpus` in results/reference.zip that is 1.3 (L) to 2.7 (16 L) times the error of the shared targets' own rows.
"""

import math
from collections.abc import Iterable

import numpy as np

from benchmark.reports.stats.estimate import Floats
from benchmark.results.record import Arrays

KNOWN = ("token_accuracy", "exact_match", "loss_nats")  # other metrics have no error here: NaN


def row_error(arrays: Arrays, metric: str, places: slice = slice(None)) -> float:
    """The standard error of a measurement's value that is due to its test rows; `places` make up the value."""
    return _error(_influence(arrays, metric), metric, arrays, places) if metric in KNOWN else math.nan


def paired_row_error(pairs: Iterable[tuple[Arrays, Arrays]], metric: str, places: slice = slice(None)) -> float:
    """The same for the difference of two encodings, averaged over common seeds: the arrays of both at each seed."""
    both = list(pairs)
    counts = [arrays["row_count"] for pair in both for arrays in pair]
    if metric not in KNOWN or not counts or not all(np.array_equal(count, counts[0]) for count in counts):
        return math.nan
    influence = np.mean([_influence(first, metric) - _influence(second, metric) for first, second in both], axis=0)
    return _error(influence, metric, both[0][0], places)


def _influence(arrays: Arrays, metric: str) -> Floats:
    """How far each row with a scored place moves the value."""
    outcome, size = _parts(arrays, metric)
    total = size.sum()
    return np.asarray((outcome - outcome.sum() / total * size) / total) if total else np.empty(0)


def _parts(arrays: Arrays, metric: str) -> tuple[Floats, Floats]:
    """Numerator and denominator of each row with a scored place."""
    scored = arrays["row_count"] > 0
    count, correct, loss = (
        np.asarray(arrays[name], dtype=float)[scored] for name in ("row_count", "row_correct", "row_loss")
    )
    found = {
        "token_accuracy": (correct, count),
        "exact_match": ((correct == count).astype(float), np.ones_like(count)),
        "loss_nats": (loss, count),
    }
    return found[metric]


def _error(influence: Floats, metric: str, arrays: Arrays, places: slice) -> float:
    rows = len(influence)
    if rows < 2:
        return math.nan
    error = math.sqrt(rows / (rows - 1) * float(np.sum(influence**2)))
    return error if metric == "exact_match" else error * _scale(arrays, places)


def _scale(arrays: Arrays, places: slice) -> float:
    used = int(np.sum(arrays["count"][places]))
    return math.sqrt(int(np.sum(arrays["count"])) / used) if used else math.nan
