"""The section "What failed or is missing": every record without a result, with its reason.

Convention: records whose reasons differ only in numbers are listed as one row.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.reports.page.fields import listing
from benchmark.reports.page.page import Section
from benchmark.reports.page.rows import typed_rows
from benchmark.reports.page.selection import Selection
from benchmark.reports.page.table import Field, Table
from benchmark.reports.phrases import NOTHING, STATUSES
from benchmark.reports.tables.failures import failures, missing
from benchmark.reports.words import Phrases, later, t

KINDS = Phrases(
    {
        "training": later("training"),
        "evaluation": later("evaluation"),
        "probe": later("probe"),
        "file": later("file"),
        "timing file": later("timing file"),
    }
)


@dataclass(frozen=True, kw_only=True)
class TroubleRow:
    """A cell without a result."""

    task: str
    encoding: str
    setting: str
    what: str  # one of KINDS; "" for a missing cell
    status: str
    seed: Any  # <NA> for a file
    length: Any  # <NA> unless measured at one
    reason: str

    @property
    def likeness(self) -> tuple[object, ...]:
        """Equal for rows that are listed as one."""
        return (self.task, self.encoding, self.what, self.status, self.setting, re.sub(r"\d+", "#", self.reason))


def section(selection: Selection, timing_problems: Sequence[str]) -> Section:
    """Everything that failed, diverged, is unsupported, missing or unreadable, with its reason."""
    lost = typed_rows(failures(selection.store), TroubleRow)
    absent = typed_rows(missing(selection.store, selection.frame).assign(what="", status=""), TroubleRow)
    tables = [
        _table(t("Failed, diverged, unsupported, superseded or unreadable."), lost, with_status=True),
        _table(t("Missing: cells of the full grid that the results lack."), absent, with_status=False),
    ]
    unread = tuple((Field(text=KINDS["timing file"]), Field(text=problem)) for problem in timing_problems)
    if unread:
        columns, caption = (t("what"), t("reason")), t("Timing files that could not be read.")
        tables.append(Table(caption=caption, columns=columns, rows=unread, words=frozenset({1}), wraps=1))
    kept = tuple(table for table in tables if table.rows)
    line = t("Nothing here is averaged away: a mean over fewer seeds than its grid says so beside its value.")
    lines = (line,) if kept else (t("Nothing failed, and nothing is missing."),)
    return Section(id="troubles", title=t("What failed or is missing"), lines=lines, tables=kept)


def _table(caption: str, rows: Sequence[TroubleRow], *, with_status: bool) -> Table:
    """Rows that differ only in seed, length and the numbers of their reason become one row."""
    alike: dict[tuple[object, ...], list[TroubleRow]] = {}
    for row in rows:
        alike.setdefault(row.likeness, []).append(row)
    heads = (t("what"), t("status")) if with_status else ()
    columns = (t("encoding"), t("task"), *heads, t("seeds"), t("lengths"), t("reason"))
    return Table(
        caption=caption,
        columns=columns,
        rows=tuple(_fields(group, with_status=with_status) for group in alike.values()),
        words=frozenset(range(1, len(columns))),
        wraps=len(columns) - 1,
    )


def _fields(group: Sequence[TroubleRow], *, with_status: bool) -> tuple[Field, ...]:
    first = group[0]
    others = len({row.reason for row in group}) - 1
    texts = (
        first.encoding or NOTHING,
        first.task or NOTHING,
        *((KINDS.get(first.what, first.what), STATUSES.get(first.status, first.status)) if with_status else ()),
        listing(row.seed for row in group),
        listing(row.length for row in group),
        t("{reason} (and {n} alike)", reason=first.reason, n=others) if others else first.reason,
    )
    return tuple(Field(text=text) for text in texts)
