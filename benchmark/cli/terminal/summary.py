"""A report's summary on the terminal: encodings by task at both ends, and the findings."""

from collections.abc import Sequence
from typing import Any

import click

from benchmark.cli.terminal.table import show
from benchmark.results.store import Store

MOST_FINDINGS = 6  # tasks
MARKS = {"best": " *", "tied": " ="}
COLUMNS = {
    "task": "task",
    "metric": "metric",
    "encoding": "encoding",
    "trained": "at L",
    "longest": "at the longest",
    "ratio": "ratio",
    "chance": "chance",
}


def show_summary(store: Store) -> None:
    """Print the table and its legend."""
    import pandas as pd

    from benchmark.reports.page.selection import Selection
    from benchmark.reports.phrases import seeds_phrase
    from benchmark.reports.stats.summary import summary_table

    panels = Selection.of(store).panels
    if not panels:
        return
    cells = summary_table(pd.concat([panel.table for panel in panels])).to_dict("records")
    show([_row({str(key): value for key, value in cell.items()}) for cell in cells], COLUMNS)
    seeds = seeds_phrase([int(cell["at_trained_n"]) for cell in cells])
    click.echo(
        f"mean [{seeds}]; * best of a task, = not distinguishable from the best; ratio: at the longest / at L; "
        "chance: the score of guessing at the longest"
        + ("; (on ..): applied at test time, no further training" if any(map(_adapted, cells)) else "")
        + ("; (reads digits): a league of its own" if any(cell["league"] for cell in cells) else "")
    )


def show_findings(findings: Sequence[tuple[str, str]]) -> None:
    """Print the findings at the top of the report, one line per task."""
    for task, sentences in findings[:MOST_FINDINGS]:
        click.echo(f"{task}: {sentences}")
    if len(findings) > MOST_FINDINGS:
        click.echo(f"and {len(findings) - MOST_FINDINGS} more tasks: see the report")


def _row(cell: dict[str, Any]) -> dict[str, str]:
    from benchmark.reports.phrases import qualified

    return {
        "task": cell["task"],
        "metric": cell["metric"],
        "encoding": qualified(cell["trained_with"], cell["encoding"], cell["league"]),
        "trained": f"{cell['train_length']}: {_place(cell, 'at_trained')}",
        "longest": f"{cell['longest']}: {_place(cell, 'at_longest')}",
        "ratio": _number(cell["ratio"]),
        "chance": _number(cell["chance"]),
    }


def _adapted(cell: dict[Any, Any]) -> bool:
    return bool(cell["encoding"] != cell["trained_with"])


def _place(cell: dict[str, Any], place: str) -> str:
    from benchmark.reports.phrases import spell

    text = spell(*(cell[f"{place}_{name}"] for name in ("mean", "low", "high", "status")))
    return text + next((mark for name, mark in MARKS.items() if cell[f"{place}_{name}"]), "")


def _number(value: float) -> str:
    return "—" if value != value else f"{value:.2f}"
