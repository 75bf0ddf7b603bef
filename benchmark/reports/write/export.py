"""Exports: every measured value as CSV, JSON or Parquet, or one table for a document as LaTeX or Markdown."""

import importlib.util
import io
import json
import math
from collections.abc import Callable, Mapping

import pandas as pd

from benchmark.errors import UsageError
from benchmark.reports.page.selection import Selection
from benchmark.reports.tables.values import metric_table
from benchmark.reports.write import latex, task_table
from benchmark.results.store import Store


def as_csv(table: pd.DataFrame) -> bytes:
    """One line per value."""
    return table.to_csv(index=False).encode()


def as_json(table: pd.DataFrame) -> bytes:
    """A list of objects; null where there is no value."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    for row in rows:
        row["created"] = row["created"].isoformat()
        row["value"] = None if row["value"] == math.inf else row["value"]  # perplexity can overflow; JSON has no inf
    return (json.dumps(rows, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def as_parquet(table: pd.DataFrame) -> bytes:
    """A Parquet file."""
    if importlib.util.find_spec("pyarrow") is None:
        raise UsageError("parquet needs the package pyarrow, which is not installed; run: pip install pyarrow")
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


FORMATS: Mapping[str, Callable[[Store], bytes]] = {
    "csv": lambda store: as_csv(metric_table(store)),
    "json": lambda store: as_json(metric_table(store)),
    "latex": lambda store: latex.render(measured(store)).encode(),
    "markdown": lambda store: task_table.render(measured(store)).encode(),
    "parquet": lambda store: as_parquet(metric_table(store)),
}


def measured(store: Store) -> Selection:
    """The selection that a table is made from; an error if nothing was measured."""
    selection = Selection.of(store)
    if not selection.panels:
        raise UsageError(f"no model in {str(store.root)!r} was measured: python -m benchmark status says why")
    return selection
