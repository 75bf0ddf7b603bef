"""`check`: check encodings against the contract before any training, and say how to fix each failure."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli.terminal import completion
from benchmark.cli.terminal.examples import examples
from benchmark.cli.terminal.options import changes, folder, table_format
from benchmark.cli.terminal.outcomes import check_all, exit_code
from benchmark.cli.terminal.time_limit import time_limit
from benchmark.encodings import CATALOGUE, make
from benchmark.experiments.changes import ALL, Changes
from benchmark.experiments.presets import QUICK

if TYPE_CHECKING:
    from benchmark.checks.outcome import Outcome


@click.command(
    "check",
    epilog=examples(
        "check rope",
        "check rope,rope:base=500000 path/to/mine.py",
        "check bias --width 64 --heads 4",
    ),
)
@click.argument("encodings", nargs=-1, required=True, metavar="ENCODING...", shell_complete=completion.encodings)
@changes("width", "heads", "layers", "train_length")
@table_format
@time_limit
@folder("--out", "reports", "Folder of the figure.")
def command(
    encodings: tuple[str, ...], changes: Mapping[str, str | None], style: str, timeout: float, out: Path
) -> int:
    """Check encodings against the contract, in seconds, before any training.

    ENCODING is a name, a group or a file, as in --encodings: rope,rope:base=500000 my_encoding.py. A failed check
    says what to do. It cannot find a wrong formula: that takes a test of the values. Cost and precision are those of
    a model of the given size, by default that of the preset `quick`. Exit code 0: all passed; 1: a check failed;
    2: usage error.
    """
    from benchmark.checks import subject
    from benchmark.checks.encoding import check

    choices, own = CATALOGUE.parse(",".join(encodings)), Changes.read(changes)
    own.check_tasks(())
    model = own.model(QUICK.model)
    size = replace(
        subject.QUICK,
        width=model.width,
        heads=model.heads,
        layers=model.layers,
        train_length=own.train_length.get(ALL, subject.QUICK.train_length),
    )
    found = check_all("encoding", choices, partial(make, shape=size), partial(check, size=size), style, timeout)
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
