"""A report's summary on the terminal: encodings by task at both ends, each task's best first, and the findings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from benchmark.cli.terminal.table import show
from benchmark.results.store import Store

if TYPE_CHECKING:
    from benchmark.reports.stats.summary import SummaryRow, SummaryValue

MOST_FINDINGS = 6
MARKS = {"best": "*", "among the best": "=", "untested": "?", "shortcut": "~"}
LEGEND = {  # of marks
    "best": "best",
    "among the best": "among the best (not ruled out)",
    "untested": "highest mean (of a loss, the lowest), not yet tested",
    "shortcut": "explained by a shortcut",
}
SUMMARY_COLUMNS = {
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
    from benchmark.reports.page.selection import Selection
    from benchmark.reports.phrases import seeds_phrase

    rows = Selection.of(store).summary
    if not rows:
        return
    show([_cells(row) for row in rows], SUMMARY_COLUMNS)
    seeds = seeds_phrase([row.at_trained.estimate.n for row in rows])
    leagues = ", ".join(f"({league})" for league in sorted({row.league for row in rows} - {""}))
    adapted = any(row.encoding != row.trained_with for row in rows)
    click.echo(
        f"mean [{seeds}]; {_legend(rows)}; ratio: at the longest / at L; chance: the score of guessing at the longest"
        + _shortcuts(rows)
        + ("; (on ..): applied at test time, no further training" if adapted else "")
        + (f"; {leagues}: a league of its own" if leagues else "")
    )


def _shortcuts(rows: "Sequence[SummaryRow]") -> str:
    """The best shortcut of each task whose values need one named: "; shortcut: copy at 256, constant answer .62"."""
    places = {
        (row.task, length, value.floor)
        for row in rows
        for value, length in ((row.at_trained, row.train_length), (row.at_longest, row.longest))
        if value.floor.matters or value.mark == "shortcut"
    }
    ordered = sorted(places, key=lambda place: place[:2])
    named = [f"{task} at {length}, {floor.name} ({floor.shortcut:.2f})" for task, length, floor in ordered]
    return f"; best shortcut: {'; '.join(named)}" if named else ""


def _legend(rows: "Sequence[SummaryRow]") -> str:
    """The marks that are there; none says nothing about a value."""
    there = {value.mark for row in rows for value in (row.at_trained, row.at_longest)}
    known = [f"{sign} {LEGEND[mark]}" for mark, sign in MARKS.items() if mark in there]
    return ", ".join([*known, "no mark says nothing"])


def show_findings(findings: Sequence[tuple[str, str]]) -> None:
    """Print the sentences that open the report, a line for each need."""
    for need, sentences in findings[:MOST_FINDINGS]:
        click.echo(f"{need}: {sentences}")
    if len(findings) > MOST_FINDINGS:
        click.echo(f"and {len(findings) - MOST_FINDINGS} more: see the report")


def show_holds(holds: Sequence[tuple[str, str]]) -> None:
    """Print for each task with several settings whether the order of its encodings holds."""
    for task, sentences in holds:
        click.echo(f"{task}, other settings: {sentences}")


def _cells(row: "SummaryRow") -> dict[str, str]:
    from benchmark.reports.phrases import qualified

    return {
        "task": row.task,
        "metric": row.metric,
        "encoding": qualified(row.trained_with, row.encoding, row.league),
        "trained": f"{row.train_length}: {_spelled(row.at_trained)}",
        "longest": f"{row.longest}: {_spelled(row.at_longest)}",
        "ratio": _number(row.ratio),
        "chance": _number(row.at_longest.floor.chance),
    }


def _spelled(value: "SummaryValue") -> str:
    from benchmark.reports.phrases import spell

    own = value.estimate
    return f"{spell(own.value, own.low, own.high, value.status)} {MARKS.get(value.mark, '')}".rstrip()


def _number(value: float) -> str:
    return "—" if value != value else f"{value:.2f}"
