"""Outcomes of checks on the terminal, for `check` and `check-task`: tables as they arrive, or JSON at the end."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from benchmark.cli.terminal.table import Row, show, show_json
from benchmark.cli.terminal.time_limit import within
from benchmark.errors import UsageError
from benchmark.interrupts import pass_on

if TYPE_CHECKING:
    from benchmark.catalogue import Choice
    from benchmark.checks.outcome import Outcome

CHECK_COLUMNS = {"status": "status", "name": "check", "detail": "measured"}
SYMBOLS = {"pass": "✓", "fail": "✗", "not applicable": "-", "fact": "="}


def check_all(
    kind: str,
    choices: "Sequence[Choice]",
    make: "Callable[[Choice], object]",
    check: "Callable[[Choice], list[Outcome]]",
    style: str,
    timeout: float,
) -> "dict[str, list[Outcome]]":
    """Check each choice and show the outcomes, after making sure that `make` accepts all their values.

    `timeout` is in seconds, for each choice.
    """
    with redirect_stdout(sys.stderr):  # keep what a user's file prints out of the table and the JSON
        for choice in choices:
            with within(timeout, f"building {choice.label}"):
                refuse_bad_values(choice, make)
    found: dict[str, list[Outcome]] = {}
    for choice in choices:
        with redirect_stdout(sys.stderr), within(timeout, f"the check of {choice.label}"):
            found[choice.label] = check(choice)
        if style == "table":
            show_outcomes(choice.label, found[choice.label])
    if style == "json":
        show_json([{kind: label, **asdict(outcome)} for label, each in found.items() for outcome in each])
    return found


def refuse_bad_values(choice: "Choice", make: "Callable[[Choice], object]") -> None:
    """Raise UsageError for a parameter that the class refuses; any other error is left to the checks to report."""
    try:
        make(choice)
    except UsageError:
        raise
    except ValueError as error:
        raise UsageError(str(error)) from error
    except BaseException as error:
        pass_on(error)
        return


def exit_code(found: "Mapping[str, Sequence[Outcome]]") -> int:
    """1 if a check failed, else 0."""
    return int(any(outcome.status == "fail" for each in found.values() for outcome in each))


def show_outcomes(label: str, outcomes: "Sequence[Outcome]") -> None:
    """Print one table, and the number of checks that passed."""
    show(list(rows(outcomes)), CHECK_COLUMNS, title=label)
    count = {status: sum(outcome.status == status for outcome in outcomes) for status in SYMBOLS}
    click.echo(f"{label}: {count['pass']} passed, {count['fail']} failed, {count['not applicable']} not applicable\n")


def rows(outcomes: "Sequence[Outcome]") -> Iterator[Row]:
    """A row per check; below a failed one, what to do."""
    for outcome in outcomes:
        yield {**asdict(outcome), "status": f"{SYMBOLS[outcome.status]} {outcome.status}"}
        if outcome.remedy:
            yield {"status": "  to do", "name": outcome.name, "detail": outcome.remedy}
