"""`status`: what is finished, failed or diverged in a results folder."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import click

from benchmark.cli.terminal.options import results_folder, table_format
from benchmark.cli.terminal.table import Row, show, show_json
from benchmark.results.record import EvalRecord, ProbeRecord, TrainRecord
from benchmark.results.store import Store

STATUS_COLUMNS = {
    "task": "task",
    "encoding": "encoding",
    "train_length": "L",
    "ok": "trained",
    "failed": "failed",
    "diverged": "diverged",
    "evaluations": "evaluations",
    "unsupported": "unsupported",
}
AnyRecord = TrainRecord | EvalRecord | ProbeRecord


@click.command
@results_folder
@table_format
def command(results: Path, style: str) -> None:
    """Show what is finished, failed or diverged in the results folder."""
    store = Store(results)
    records = list(store.records())
    rows, failures = groups(records), reasons(records)
    last = max((record.created for record in records), default=None)
    if style == "json":
        show_json({"cells": rows, "failures": failures, "unreadable": store.problems, "last": last})
        return
    if rows:
        show(rows, STATUS_COLUMNS)
        trained = sum(1 for record in records if isinstance(record, TrainRecord))
        click.echo(f"{trained} cells in {str(results)!r}; the last record is from {last:%Y-%m-%d %H:%M %Z}")
    else:
        click.echo(f"no results in {str(results)!r} yet: python -m benchmark run")
    for failure in failures:
        click.echo("{cell}: {status}: {reason}".format(**failure))
    if failures:
        click.echo("to retry these: the same run command with --retry-failed")
    for problem in store.problems:
        click.echo(problem)


def groups(records: Iterable[AnyRecord]) -> list[Row]:
    """Counts by task, encoding and trained length: models by status, evaluations, unsupported lengths."""
    counts: dict[tuple[str, str, int], Counter[str]] = {}
    trains = {record.spec.key: record for record in records if isinstance(record, TrainRecord)}
    for train in trains.values():
        counts.setdefault(_group(train), Counter())[train.status] += 1
    for record in records:
        if isinstance(record, EvalRecord) and record.spec.train_key in trains:
            what = "evaluations" if record.status == "ok" else record.status
            counts[_group(trains[record.spec.train_key])][what] += 1
    empty = dict.fromkeys(("ok", "failed", "diverged", "evaluations", "unsupported"), 0)
    return [
        {"task": task, "encoding": encoding, "train_length": length, **empty, **counts[task, encoding, length]}
        for task, encoding, length in sorted(counts)
    ]


def reasons(records: Iterable[AnyRecord]) -> list[Row]:
    """What failed or diverged, with the reasons."""
    trains = {record.spec.key: record for record in records if isinstance(record, TrainRecord)}
    return [
        {"cell": _label(record, trains), "status": record.status, "reason": record.reason}
        for record in records
        if record.status in ("failed", "diverged")
    ]


def _group(record: TrainRecord) -> tuple[str, str, int]:
    return record.spec.task.label, record.spec.encoding.label, record.spec.budget.train_length


def _label(record: AnyRecord, trains: dict[str, TrainRecord]) -> str:
    train = record if isinstance(record, TrainRecord) else trains.get(record.spec.train_key)
    if train is None:
        return f"{record.kind} of {record.spec.encoding.label}"
    name = f"{train.spec.task.label} · {train.spec.encoding.label} · seed {train.spec.init_seed}"
    return name if record is train else f"{name} · {record.kind}"
