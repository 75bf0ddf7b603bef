"""Rows of a table as frozen dataclasses, for code that reads them one at a time.

`typed_rows(table, PointRow)` takes from every row the columns that the dataclass names as its fields.
"""

from dataclasses import dataclass, fields
from typing import TypeVar

import pandas as pd

from benchmark.reports.stats.estimate import Estimate

AnyRow = TypeVar("AnyRow")


@dataclass(frozen=True, kw_only=True)
class PointRow:
    """An encoding on a task at one length, over seeds: a row of `points.over_seeds` or of `skill.skills`."""

    task: str
    metric: str
    trained_with: str
    encoding: str
    length: int
    multiple: float  # of the trained length
    mean: float
    low: float
    high: float
    n: int  # seeds with a value
    seeds: int  # seeds of the task's grid
    status: str

    @property
    def estimate(self) -> Estimate:
        """The mean between the lowest and the highest seed."""
        return Estimate(value=self.mean, low=self.low, high=self.high, n=self.n)


@dataclass(frozen=True, kw_only=True)
class CurveRow(PointRow):
    """A row of `points.over_seeds`, with the values of its seeds."""

    each: tuple[tuple[int, float], ...]  # seed and value


def typed_rows(table: pd.DataFrame, kind: type[AnyRow]) -> list[AnyRow]:
    """Every row of a table as an instance of a dataclass whose fields are named after columns."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # a dataclass, by contract
    return [kind(**dict(zip(names, row, strict=True))) for row in table[names].itertuples(index=False, name=None)]
