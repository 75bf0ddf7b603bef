"""The floor: the score that takes no learning of the task. Whatever is said of a value is measured from it.

    floor      the better of chance (the score of guessing) and the best shortcut (a simple rule) on the same test rows
    explained  an accuracy no farther above the floor than EXPLAINED of the way to perfect; a loss not below it by more
               than the metric's margin
    by chance  explained even if chance were the floor; any other explained value needs the shortcut

Convention: a record without shortcuts has chance as its floor, and one without either has none, so nothing is
explained. A perfect floor explains every value.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from benchmark.metrics import METRICS

EXPLAINED = 0.1  # of the way from the floor to perfect

Explanation = Literal["chance", "shortcut", ""]


@dataclass(frozen=True, kw_only=True)
class Floor:
    """The floor of one task, setting, metric and length."""

    metric: str = ""
    chance: float = math.nan  # NaN if unknown, as `shortcut`
    shortcut: float = math.nan  # the score of the best one
    name: str = ""  # of the best shortcut

    @classmethod
    def of(cls, rows: pd.DataFrame) -> "Floor":
        """The floor of rows that share it: rows of `metric_table` or of `points.over_seeds`, some perhaps failed."""
        chance, shortcut = rows["chance"].to_numpy(dtype=float), rows["shortcut"].to_numpy(dtype=float)
        ruled = np.flatnonzero(~np.isnan(shortcut))
        return cls(
            metric=str(rows["metric"].iloc[0]),
            chance=float(next(iter(chance[~np.isnan(chance)]), math.nan)),
            shortcut=float(shortcut[ruled[0]]) if len(ruled) else math.nan,
            name=str(rows["shortcut_name"].iloc[ruled[0]]) if len(ruled) else "",
        )

    @property
    def value(self) -> float:
        """The floor itself; NaN if there is none."""
        return self.shortcut if self.by_shortcut else self.chance

    @property
    def by_shortcut(self) -> bool:
        """True if the best shortcut scores better than chance."""
        return self._gain > 0 or (math.isnan(self.chance) and not math.isnan(self.shortcut))

    @property
    def matters(self) -> bool:
        """True if the best shortcut beats chance by more than the metric's margin: only then is it drawn and listed."""
        margin = METRICS[self.metric].margin if self.metric else math.nan
        return self.by_shortcut and not self._gain <= margin

    def explains(self, mean: float) -> Explanation:
        """What explains a mean in the metric's own sign: chance by itself, only the best shortcut, or nothing."""
        if self._explained(mean, self.chance):
            return "chance"
        return "shortcut" if self._explained(mean, self.shortcut) else ""

    @property
    def _gain(self) -> float:
        """How much better the best shortcut is than chance."""
        lower_is_better = bool(self.metric) and METRICS[self.metric].lower_is_better
        return self.chance - self.shortcut if lower_is_better else self.shortcut - self.chance

    def _explained(self, mean: float, score: float) -> bool:
        if math.isnan(score) or math.isnan(METRICS[self.metric].perfect):
            return False
        kind = METRICS[self.metric]
        if kind.bounded:
            return mean - score <= EXPLAINED * (kind.perfect - score)
        margin = 0.0 if math.isnan(kind.margin) else kind.margin
        return score - mean <= margin if kind.lower_is_better else mean - score <= margin


NO_FLOOR = Floor()


def floors(table: pd.DataFrame) -> pd.Series:
    """The value of each row's floor."""
    chance, shortcut = table["chance"].astype(float), table["shortcut"].astype(float)
    better = np.where(table["lower_is_better"], np.fmin(chance, shortcut), np.fmax(chance, shortcut))
    return pd.Series(better, table.index)


@dataclass(frozen=True, kw_only=True)
class ShortcutLine:
    """The best shortcut over lengths, as figures draw it."""

    names: tuple[str, ...]  # of those that matter anywhere
    places: tuple[tuple[int, float], ...]  # (length, value)


def shortcut_line(points: pd.DataFrame) -> ShortcutLine | None:
    """The best shortcut of `points.over_seeds` of one task, setting and metric; None if it matters at no length."""
    by_length = {int(str(length)): Floor.of(rows) for length, rows in points.groupby("length", sort=True)}
    names = dict.fromkeys(floor.name for floor in by_length.values() if floor.matters)
    if not names:
        return None
    known = ((length, floor.shortcut) for length, floor in by_length.items() if not math.isnan(floor.shortcut))
    return ShortcutLine(names=tuple(names), places=tuple(known))
