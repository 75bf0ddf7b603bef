"""`time --suite records` on the terminal: what commands take on results folders of more and more cells."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import click

from benchmark.cli.terminal.table import Row, show
from benchmark.timing.records import ENCODINGS, SEEDS, TASKS, plan_of, plant, spent

RECORD_COLUMNS = {
    "cells": "cells",
    "records": "records",
    "dry": "dry run, s",
    "run": "finished run, s",
    "auto": "the same with automatic seeds, s",
    "status": "status, s",
    "report": "report, s",
    "memory": "report, MiB",
}


def time_records() -> None:
    """Plant a folder for each number of seeds, run the commands on it, and show what they took."""
    rows = []
    for seeds in SEEDS:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(_row(Path(folder), seeds))
    show(rows, RECORD_COLUMNS)
    click.echo(
        f"processor time of a process with one thread; {len(ENCODINGS)} encodings on {len(TASKS)} tasks, preset quick, "
        "with invented records; a dry run without any records, a finished run with --no-report"
    )


def _row(folder: Path, seeds: int) -> Row:
    plan = plan_of(seeds)
    plant(folder / "results", plan.cells)
    taken = {}
    for name, command in commands(folder, seeds).items():
        taken[name] = spent(command)
        click.echo(f"timed: {name} of {len(plan.cells):,} cells", err=True)
    return {
        "cells": f"{len(plan.cells):,}",
        "records": f"{len(plan.keys):,}",
        **{name: f"{each.seconds:.1f}" for name, each in taken.items()},
        "memory": f"{taken['report'].peak_bytes / 2**20:,.0f}",
    }


def commands(folder: Path, seeds: int) -> Mapping[str, list[str]]:
    """The arguments of each command."""
    results, nowhere = str(folder / "results"), str(folder / "nowhere")
    run = ["run", "--encodings", ",".join(ENCODINGS), "--tasks", ",".join(TASKS), "--no-report"]
    return {
        "dry": [*run, "--seeds", str(seeds), "--dry-run", "--results", nowhere],
        "run": [*run, "--seeds", str(seeds), "--results", results],
        "auto": [*run, "--seeds", f"auto:{seeds}", "--results", results],
        "status": ["status", "--results", results],
        "report": ["report", "--results", results, "--out", str(folder / "report")],
    }
