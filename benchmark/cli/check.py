"""`check`: hold encodings to the contract before any training, and say what to do about each failure."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli.options import folder, table_format
from benchmark.cli.table import Row, show, show_json
from benchmark.encodings import CATALOGUE
from benchmark.errors import UsageError

if TYPE_CHECKING:
    from benchmark.catalogue import Choice
    from benchmark.checks.outcome import Outcome

COLUMNS = {"status": "status", "name": "check", "detail": "measured"}
SYMBOLS = {"pass": "✓", "fail": "✗", "not applicable": "-", "fact": "="}


@click.command("check")
@click.argument("encodings", nargs=-1, required=True, metavar="ENCODING...")
@table_format
@folder("--out", "reports", "Folder of the figure.")
def command(encodings: tuple[str, ...], style: str, out: Path) -> int:
    """Hold encodings to the contract, in seconds, before any training.

    ENCODING is a name, a group or a file, as in --encodings: rope,rope:base=500000 my_encoding.py. A check that fails
    says what to do. What it cannot find is a wrong formula: that takes a test of the values. Exit code 0: all passed;
    1: a check failed; 2: wrong use.
    """
    from benchmark.checks.encoding import check

    choices = CATALOGUE.parse(",".join(encodings))
    with redirect_stdout(sys.stderr):  # what a user's file prints is no part of the table, or of the JSON
        for choice in choices:
            refuse_bad_values(choice)
    found: dict[str, list[Outcome]] = {}
    for choice in choices:
        with redirect_stdout(sys.stderr):
            found[choice.label] = check(choice)
        if style == "table":
            show_outcomes(choice.label, found[choice.label])
    if style == "json":
        show_json([{"encoding": label, **asdict(outcome)} for label, each in found.items() for outcome in each])
    path = draw(found, out / "check-bfloat16.svg")
    if path is not None:
        click.echo(f"figure: {path}", err=style == "json")
    return int(any(outcome.status == "fail" for each in found.values() for outcome in each))


def refuse_bad_values(choice: "Choice") -> None:
    """A parameter that the encoding refuses is wrong use; whatever else goes wrong in its code is a check's to tell."""
    from benchmark.checks.subject import QUICK
    from benchmark.encodings import make

    try:
        make(choice, QUICK)
    except UsageError:
        raise
    except ValueError as error:
        raise UsageError(str(error)) from error
    except (Exception, SystemExit):
        return


def show_outcomes(label: str, outcomes: "Sequence[Outcome]") -> None:
    """One encoding's table, and how many checks it passed."""
    show(list(rows(outcomes)), COLUMNS, title=label)
    count = {status: sum(outcome.status == status for outcome in outcomes) for status in SYMBOLS}
    click.echo(f"{label}: {count['pass']} passed, {count['fail']} failed, {count['not applicable']} not applicable\n")


def rows(outcomes: "Sequence[Outcome]") -> Iterator[Row]:
    """A row a check; under one that failed, what to do."""
    for outcome in outcomes:
        yield {**asdict(outcome), "status": f"{SYMBOLS[outcome.status]} {outcome.status}"}
        if outcome.remedy:
            yield {"status": "  to do", "name": outcome.name, "detail": outcome.remedy}


def draw(found: "dict[str, list[Outcome]]", path: Path) -> Path | None:
    """The figure of what bfloat16 moves, of the encodings where that could be measured."""
    from benchmark.checks.precision import TOLERATED
    from benchmark.reports.figures import drift, save

    curves = {label: outcome.curve for label, each in found.items() for outcome in each if outcome.curve}
    return save(drift(curves, TOLERATED), path) if curves else None
