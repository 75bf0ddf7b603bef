"""Intervals that cover whatever the distribution of outcomes: of a median, and of a share of seeds.

    median      the k-th of n ordered values from either end, for the largest k with 2 P(Bin(n, 1/2) < k) <= .05
    with rows   on each side sqrt(h^2 + (1.96 e)^2), h = distance from the median to that value, e = standard error of
                the median that comes from the test rows, which all seeds share
    share       k of n seeds: the 2.5 % quantile of Beta(k, n - k + 1) to the 97.5 % quantile of Beta(k + 1, n - k)
    alike       differences within the margin on all n seeds: at least .05 ** (1 / n) of all seeds are, with 95 %

The interval of a median exists from 6 seeds on: lowest to highest of 6 to 8 values, second of either end for 9 to 11.
Below 6 there is only the range of the values, which covers the median of all seeds in 1 - 2^(1 - n) of cases.

`alike` may be said after any number of seeds: if a share q of all seeds is within the margin, the claim is false only
from the first n with .05 ** (1 / n) > q on, and the first n seeds all agree with probability q^n < .05.

Source: Conover 1999, Practical Nonparametric Statistics, section 3.2 (order statistics); Clopper and Pearson 1934,
Biometrika 26 (share). The bound of `alike` is the one-sided exact binomial bound for n of n.
Convention: a NaN is a seed without a value and is left out. The two sources of error are independent, so the
half-widths add in quadrature.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special  # type: ignore[import-untyped]

from benchmark.reports.stats.estimate import CONFIDENCE, LEVEL, Estimate, Floats


def median_interval(values: Sequence[float], row_error: float = 0.0) -> Estimate:
    """The median of values over seeds with its 95 % interval, widened by the standard error due to the test rows."""
    known = np.array([value for value in values if not math.isnan(value)])
    median = float(np.median(known)) if len(known) else math.nan
    low, high = widened(median, median_bounds(known), row_error) if row_error else median_bounds(known)
    return Estimate(value=median, low=float(low), high=float(high), n=len(known))


def paired_ratio(own: Sequence[float], reference: Sequence[float]) -> Estimate:
    """The median of own[i] / reference[i] over rounds with its 95 % interval."""
    return median_interval([one / other for one, other in zip(own, reference, strict=True)])


def median_bounds(values: Floats) -> Floats:
    """The order-statistic intervals [2, ...] of the medians of values [..., n]; NaN below 6 values."""
    ordered = np.sort(values, axis=-1)  # NaN last
    count = (~np.isnan(ordered)).sum(axis=-1)
    ranks = _ranks(values.shape[-1])[count]
    padded = np.concatenate([ordered, np.full((*ordered.shape[:-1], 1), math.nan)], axis=-1)
    places = np.stack([ranks, count - 1 - ranks], axis=-1)
    places = np.where(ranks[..., None] < 0, ordered.shape[-1], places)
    return np.moveaxis(np.take_along_axis(padded, places, axis=-1), -1, 0)


def widened(median: ArrayLike, bounds: Floats, row_error: ArrayLike) -> Floats:
    """Intervals [2, ...] of seeds, widened by the standard error of the median that is due to the test rows."""
    middle = np.asarray(median)
    reach = np.hypot(bounds - middle, special.ndtri((1 + CONFIDENCE) / 2) * np.asarray(row_error))
    return np.stack([middle - reach[0], middle + reach[1]])


def share_interval(hits: ArrayLike, count: ArrayLike) -> Floats:
    """The exact 95 % intervals [2, ...] of the share behind `hits` of `count`; NaN where the count is 0."""
    hit, of = np.broadcast_arrays(np.asarray(hits, dtype=float), np.asarray(count, dtype=float))
    tail = LEVEL / 2
    low = np.where(hit > 0, special.betaincinv(np.maximum(hit, 1), of - hit + 1, tail), 0.0)
    high = np.where(hit < of, special.betaincinv(hit + 1, np.maximum(of - hit, 1), 1 - tail), 1.0)
    return np.where(of > 0, np.stack([low, high]), math.nan)


def alike(differences: Floats, margin: float) -> NDArray[np.bool_]:
    """True for each row of differences [..., n] that has values, all within +-margin."""
    known = ~np.isnan(differences)
    return np.asarray(known.any(axis=-1) & (~known | (np.abs(differences) <= margin)).all(axis=-1))


def alike_share(count: int) -> float:
    """The share of all seeds that are within the margin at least, with 95 %, if all of `count` seeds are."""
    return float(LEVEL ** (1 / count)) if count else 0.0


def _ranks(most: int) -> NDArray[np.intp]:
    """The index of the lower end among n ordered values, for n = 0 to `most`; -1 where no two values suffice."""
    below = [[2 * special.bdtr(rank, n, 0.5) <= LEVEL for rank in range(n)] for n in range(most + 1)]
    return np.array([sum(own) - 1 for own in below], dtype=np.intp)
