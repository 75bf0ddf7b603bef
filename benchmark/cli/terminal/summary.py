"""A report's summary on the terminal: encodings by task at both ends, each task's best first, and the findings."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from benchmark.cli.terminal.table import show
from benchmark.reports.words import language, later, listed, said, t
from benchmark.results.store import Store

if TYPE_CHECKING:
    from benchmark.reports.stats.summary import SummaryRow, SummaryValue

MOST_FINDINGS = 6
MARKS = {"best": "*", "among the best": "=", "untested": "?", "shortcut": "~"}
LEGEND = {  # of marks
    "best": later("best"),
    "among the best": later("among the best (not ruled out)"),
    "untested": later("highest mean (of a loss, the lowest), not yet tested"),
    "shortcut": later("explained by a shortcut"),
}
SUMMARY_COLUMNS = {
    "task": later("task"),
    "metric": later("metric"),
    "encoding": later("encoding"),
    "trained": later("at L"),
    "longest": later("at the longest"),
    "ratio": later("ratio"),
    "chance": later("chance"),
}


def show_summary(store: Store) -> None:
    """Print the table and its legend."""
    from benchmark.reports.page.selection import Selection
    from benchmark.reports.phrases import LEAGUES, seeds_phrase

    rows = Selection.of(store).summary
    if not rows:
        return
    show([_cells(row) for row in rows], SUMMARY_COLUMNS)
    seeds = seeds_phrase([row.at_trained.estimate.n for row in rows])
    leagues = listed(f"({LEAGUES.get(league, league)})" for league in sorted({row.league for row in rows} - {""}))
    adapted = any(row.encoding != row.trained_with for row in rows)
    notes = [
        t("mean [{range}]", range=seeds),
        _legend(rows),
        t("ratio: at the longest / at L"),
        t("chance: the score of guessing at the longest"),
        *_shortcuts(rows),
        *[t("(on ..): applied at test time, no further training")] * adapted,
        *[t("{league}: a league of its own", league=leagues)] * bool(leagues),
    ]
    click.echo(language().semicolon.join(notes))


def _shortcuts(rows: "Sequence[SummaryRow]") -> Iterator[str]:
    """The best shortcut of each task whose values need one named: "copy at 256, constant answer (.62)"."""
    places = {
        (row.task, length, value.floor)
        for row in rows
        for value, length in ((row.at_trained, row.train_length), (row.at_longest, row.longest))
        if value.floor.matters or value.mark == "shortcut"
    }
    ordered = sorted(places, key=lambda place: place[:2])
    named = [
        t("{task} at {length}, {name} ({value})", task=task, length=length, name=said(floor.name), value=value)
        for task, length, floor in ordered
        for value in [f"{floor.shortcut:.2f}"]
    ]
    if named:
        yield t("best shortcut: {names}", names=language().semicolon.join(named))


def _legend(rows: "Sequence[SummaryRow]") -> str:
    """The marks that are there; none says nothing about a value."""
    there = {value.mark for row in rows for value in (row.at_trained, row.at_longest)}
    known = [f"{sign} {said(LEGEND[mark])}" for mark, sign in MARKS.items() if mark in there]
    return listed([*known, t("no mark says nothing")])


def show_findings(findings: Sequence[tuple[str, str]]) -> None:
    """Print the sentences that open the report, a line for each need."""
    for need, sentences in findings[:MOST_FINDINGS]:
        click.echo(t("{name}: {what}", name=need, what=sentences))
    if len(findings) > MOST_FINDINGS:
        click.echo(t("and {n} more: see the report", n=len(findings) - MOST_FINDINGS))


def show_holds(holds: Sequence[tuple[str, str]]) -> None:
    """Print for each task with several settings whether the order of its encodings holds."""
    for task, sentences in holds:
        click.echo(t("{task}, other settings: {sentences}", task=task, sentences=sentences))


def _cells(row: "SummaryRow") -> dict[str, str]:
    from benchmark.reports.phrases import metric_label, qualified

    return {
        "task": row.task,
        "metric": metric_label(row.metric, with_unit=False),
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
