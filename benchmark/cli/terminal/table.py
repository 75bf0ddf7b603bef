"""Tables: drawn on a terminal, aligned plain text in a pipe, JSON on request."""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmark.reports.words import later, listed, said, t

Row = Mapping[str, Any]

SPREADS = {  # what brackets hold, for headings
    "95 %": later("[95 % interval]"),
    "lowest to highest": later("(lowest to highest)"),
}
WHOLE = 20  # a column of single words up to this length is never wrapped


def show(
    rows: Sequence[Row],
    columns: Mapping[str, str],
    style: str = "table",
    title: str = "",
    spare: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """Print columns (key -> heading) of rows: as "json", "plain", drawn ("rich"), or as suits ("table", "auto").

    Headings are messages, translated here; cells are shown as they are.

    `spare` names columns to omit, with a note, on a terminal narrower than so many characters.
    """
    if style == "json":
        show_json([{key: row.get(key) for key in columns} for row in rows])
        return
    console = Console()
    drawn = style == "rich" or (style != "plain" and console.is_terminal)
    left_out = [key for key, needed in spare.items() if drawn and console.width < needed]
    shown = {key: said(heading) for key, heading in columns.items() if key not in left_out}
    cells = [[text(row.get(key)) for key in shown] for row in rows]
    if drawn:
        console.print(_drawn(list(shown.values()), cells, title))
    else:
        click.echo(plain(list(shown.values()), cells, title))
    if left_out:
        names = listed(said(columns[key]) for key in left_out)
        click.echo(
            t("omitted on a terminal of {n} columns: {names}; --format json shows all", n=console.width, names=names)
        )


def show_json(value: object) -> None:
    """Print a value as JSON; dates and paths become text."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def text(value: object) -> str:
    """The text of a cell: yes or no for a boolean, a dash for nothing, commas in a list."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return t("yes") if value else t("no")
    if isinstance(value, list | tuple):
        return listed(value) or "—"
    return str(value)


def plain(headings: Sequence[str], cells: Sequence[Sequence[str]], title: str = "") -> str:
    """Left-aligned columns two spaces apart; Chinese characters count as two."""
    lines = [list(headings), *map(list, cells)]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    padded = ["  ".join(_pad(cell, width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    return "\n".join(line.rstrip() for line in ([title] if title else []) + padded)


def _pad(cell: str, width: int) -> str:
    return cell + " " * (width - cell_len(cell))


def _drawn(headings: Sequence[str], cells: Sequence[Sequence[str]], title: str) -> Table:
    table = Table(title=title or None, title_justify="left")
    for place, heading in enumerate(headings):
        words = [line[place] for line in cells]
        whole = all(" " not in word and cell_len(word) <= WHOLE for word in words)
        table.add_column(Text(heading), overflow="fold", no_wrap=whole)
    for line in cells:
        table.add_row(*map(Text, line))  # Text: a name with brackets is not markup
    return table
