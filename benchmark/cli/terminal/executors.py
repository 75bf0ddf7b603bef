"""`time --suite executors` on the terminal: what the pool and Ray add to a cell."""

import statistics
from collections.abc import Sequence

import click

from benchmark.cli.terminal.table import Row, show
from benchmark.experiments.cluster.executor import refuse_without_ray
from benchmark.timing.executors import Timed, empty_cells, rounds_of, smoke_cells

ROUNDS_A_RUN = 10  # requested rounds per run of all cells, since these take seconds rather than milliseconds
MOST_MS = 50.0  # what Ray may add to a cell
COLUMNS = {
    "cells": "cells",
    "executor": "executor",
    "wall": "a cell, ms",
    "processor": "processor time, ms",
    "added": "more than the pool, ms",
    "rounds": "rounds",
}


def time_executors(rounds: int) -> None:
    """Run empty and smoke cells through both executors, and show the time of a cell."""
    refuse_without_ray()
    count = max(1, rounds // ROUNDS_A_RUN)
    rows: list[Row] = []
    for what, cells, empty in (("empty", empty_cells(), True), ("smoke", smoke_cells(), False)):
        found = []
        for times in rounds_of(cells, count, empty=empty):
            found.append(times)
            click.echo(f"timed: {len(cells)} {what} cells through each executor", err=True)
        rows += [_row(f"{len(cells)} {what}", name, found) for name in found[0]]
    show(rows, COLUMNS)
    click.echo(
        "medians over rounds; a cell once the worker is warm, everything on one core; processor time of all processes; "
        f"Ray may add {MOST_MS:g} ms to a cell"
    )


def _row(cells: str, name: str, rounds: Sequence[dict[str, Timed]]) -> Row:
    def milliseconds(values: Sequence[float]) -> str:
        return f"{1000 * statistics.median(values):.1f}"

    return {
        "cells": cells,
        "executor": name,
        "wall": milliseconds([each[name].wall for each in rounds]),
        "processor": milliseconds([each[name].processor for each in rounds]),
        "added": milliseconds([each[name].wall - each["pool"].wall for each in rounds]) if name != "pool" else None,
        "rounds": len(rounds),
    }
