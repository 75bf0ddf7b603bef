"""Rows on the terminal: a drawn table there, aligned plain lines in a pipe, JSON when asked for."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

Row = Mapping[str, Any]


def show(rows: Sequence[Row], columns: Mapping[str, str], style: str = "table", title: str = "") -> None:
    """Print the columns (key -> heading) of rows: as "json", "plain", drawn ("rich"), or as suits ("table", "auto")."""
    if style == "json":
        show_json([{key: row.get(key) for key in columns} for row in rows])
        return
    cells = [[text(row.get(key)) for key in columns] for row in rows]
    console = Console()
    if style == "rich" or (style != "plain" and console.is_terminal):
        console.print(_drawn(list(columns.values()), cells, title))
    else:
        click.echo(plain(list(columns.values()), cells, title))


def show_json(value: object) -> None:
    """Print a value as JSON; dates and paths become text."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def text(value: object) -> str:
    """What a cell shows: yes or no for a truth, a dash for nothing, a list with commas."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "—"
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
    for heading in headings:
        table.add_column(Text(heading), overflow="fold")
    for line in cells:
        table.add_row(*map(Text, line))  # Text: a name with brackets is no markup
    return table
