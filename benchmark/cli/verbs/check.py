"""`check`: check encodings against the contract before any training, and say how to fix each failure."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli.terminal.options import folder, table_format
from benchmark.cli.terminal.outcomes import check_all, exit_code
from benchmark.encodings import CATALOGUE, make

if TYPE_CHECKING:
    from benchmark.checks.outcome import Outcome


@click.command("check")
@click.argument("encodings", nargs=-1, required=True, metavar="ENCODING...")
@table_format
@folder("--out", "reports", "Folder of the figure.")
def command(encodings: tuple[str, ...], style: str, out: Path) -> int:
    """Check encodings against the contract, in seconds, before any training.

    ENCODING is a name, a group or a file, as in --encodings: rope,rope:base=500000 my_encoding.py. A failed check
    says what to do. It cannot find a wrong formula: that takes a test of the values. Exit code 0: all passed;
    1: a check failed; 2: usage error.
    """
    from benchmark.checks.encoding import check
    from benchmark.checks.subject import QUICK

    choices = CATALOGUE.parse(",".join(encodings))
    found = check_all("encoding", choices, partial(make, shape=QUICK), check, style)
    path = draw(found, out / "check-bfloat16.svg")
    if path is not None:
        click.echo(f"figure: {path}", err=style == "json")
    return exit_code(found)


def draw(found: "dict[str, list[Outcome]]", path: Path) -> Path | None:
    """Draw how much bfloat16 changes, for the encodings where that could be measured."""
    from benchmark.checks.precision import TOLERATED
    from benchmark.reports.draw.canvas import save
    from benchmark.reports.draw.drift import drift

    curves = {label: outcome.curve for label, each in found.items() for outcome in each if outcome.curve}
    return save(drift(curves, TOLERATED), path) if curves else None
