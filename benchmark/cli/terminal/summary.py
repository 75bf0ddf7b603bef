"""A report's summary on the terminal: encodings by task at both ends, and the findings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from benchmark.cli.terminal.table import show
from benchmark.results.store import Store

if TYPE_CHECKING:
    from benchmark.reports.stats.summary import SummaryRow, SummaryValue

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
    from benchmark.reports.page.selection import Selection
    from benchmark.reports.phrases import seeds_phrase

    rows = Selection.of(store).summary
    if not rows:
        return
    show([_cells(row) for row in rows], COLUMNS)
    seeds = seeds_phrase([row.at_trained.estimate.n for row in rows])
    adapted = any(row.encoding != row.trained_with for row in rows)
    click.echo(
        f"mean [{seeds}]; * best of a task, = not distinguishable from the best; ratio: at the longest / at L; "
        "chance: the score of guessing at the longest"
        + ("; (on ..): applied at test time, no further training" if adapted else "")
        + ("; (reads digits): a league of its own" if any(row.league for row in rows) else "")
    )


def show_findings(findings: Sequence[tuple[str, str]]) -> None:
    """Print the findings at the top of the report, one line per task."""
    for task, sentences in findings[:MOST_FINDINGS]:
        click.echo(f"{task}: {sentences}")
    if len(findings) > MOST_FINDINGS:
        click.echo(f"and {len(findings) - MOST_FINDINGS} more tasks: see the report")


def _cells(row: "SummaryRow") -> dict[str, str]:
    from benchmark.reports.phrases import qualified

    return {
        "task": row.task,
        "metric": row.metric,
        "encoding": qualified(row.trained_with, row.encoding, row.league),
        "trained": f"{row.train_length}: {_spelled(row.at_trained)}",
        "longest": f"{row.longest}: {_spelled(row.at_longest)}",
        "ratio": _number(row.ratio),
        "chance": _number(row.chance),
    }


def _spelled(value: "SummaryValue") -> str:
    from benchmark.reports.phrases import spell

    own = value.estimate
    return spell(own.value, own.low, own.high, value.status) + MARKS.get(value.mark, "")


def _number(value: float) -> str:
    return "—" if value != value else f"{value:.2f}"
