"""TODO."""

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from benchmark.reports.page.fields import listing
from benchmark.reports.page.page import Section
from benchmark.reports.page.selection import Selection
from benchmark.reports.page.table import Field, Table
from benchmark.reports.phrases import NOTHING, STATUSES
from benchmark.reports.tables.failures import failures, missing
from benchmark.reports.words import Phrases, later, t

KINDS = Phrases(  # of records, for people
    {
        "training": later("training"),
        "evaluation": later("evaluation"),
        "probe": later("probe"),
        "file": later("file"),
        "timing file": later("timing file"),
    }
)


def section(selection: Selection, timing_problems: Sequence[str]) -> Section:
    """Everything that failed, diverged, was unsupported, is missing, or could not be read, with its reason."""
    lost, absent = failures(selection.store), missing(selection.store)
    tables = [
        _trouble_table(t("Failed, diverged, unsupported, superseded or unreadable."), lost, ("what", "status")),
        _trouble_table(t("Missing: cells that the full grid has and the results have not."), absent, ()),
    ]
    unread = tuple((Field(text=KINDS["timing file"]), Field(text=problem)) for problem in timing_problems)
    if unread:
        columns, caption = (t("what"), t("reason")), t("Timing files that could not be read.")
        tables.append(Table(caption=caption, columns=columns, rows=unread, words=frozenset({1}), wraps=1))
    kept = tuple(table for table in tables if table.rows)
    line = t("Nothing here is averaged away: a mean with fewer seeds than its grid says so beside its value.")
    lines = (line,) if kept else (t("Nothing failed, and nothing is missing."),)
    return Section(id="troubles", title=t("What failed or is missing"), lines=lines, tables=kept)


def _trouble_table(caption: str, rows: pd.DataFrame, extra: tuple[str, ...]) -> Table:
    """Rows alike but for seed and length are one row."""
    alike: dict[tuple[str, ...], list[dict[Any, Any]]] = {}
    for row in rows.to_dict("records"):
        kind = tuple(str(row[name]) for name in ("task", "encoding", *extra, "setting"))
        alike.setdefault((*kind, re.sub(r"\d+", "#", row["reason"])), []).append(row)
    heads = (t("what"), t("status")) if extra else ()
    columns = (t("encoding"), t("task"), *heads, t("seeds"), t("lengths"), t("reason"))
    return Table(
        caption=caption,
        columns=columns,
        rows=tuple(_trouble_row(group, extra) for group in alike.values()),
        words=frozenset(range(1, len(columns))),
        wraps=len(columns) - 1,
    )


def _trouble_row(group: Sequence[dict[Any, Any]], extra: tuple[str, ...]) -> tuple[Field, ...]:
    first = group[0]
    reasons = list(dict.fromkeys(str(row["reason"]) for row in group))
    reason = reasons[0]
    if len(reasons) > 1:
        reason = t("{reason} (and {n} alike)", reason=reason, n=len(reasons) - 1)
    texts = (
        first["encoding"] or NOTHING,
        first["task"] or NOTHING,
        *(KINDS.get(first[name], STATUSES.get(first[name], first[name])) for name in extra),
        listing(row["seed"] for row in group),
        listing(row["length"] for row in group),
        reason,
    )
    return tuple(Field(text=str(text)) for text in texts)
