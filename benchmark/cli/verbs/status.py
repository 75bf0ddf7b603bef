"""`status`: what is finished, failed or diverged in a results folder."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import click

from benchmark.cli.terminal.options import results_folder, table_format
from benchmark.cli.terminal.table import Row, show, show_json
from benchmark.results.record import EvalRecord, ProbeRecord, TrainRecord
from benchmark.results.spec import TUNING_SEEDS_FROM
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
    "trials": "trials",
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
        click.echo(f"{tally(records)} in {str(results)!r}; the last record is from {last:%Y-%m-%d %H:%M %Z}")
    else:
        click.echo(f"no results in {str(results)!r} yet: python -m benchmark run")
    for failure in failures:
        click.echo("{cell}: {status}: {reason}".format(**failure))
    if failures:
        click.echo("to retry these: the same run command with --retry-failed")
    for problem in store.problems:
        click.echo(problem)


def tally(records: Iterable[AnyRecord]) -> str:
    """The number of trained models, and of trials apart from them: "36 cells and 12 trials of learning rates"."""
    kinds = Counter(record.spec.is_trial for record in records if isinstance(record, TrainRecord))
    trials = f" and {kinds[True]} trial{'s' * (kinds[True] != 1)} of learning rates" if kinds[True] else ""
    return f"{kinds[False]} cells{trials}"


def groups(records: Iterable[AnyRecord]) -> list[Row]:
    """Counts by task, encoding and trained length: models by status, evaluations, unsupported lengths, trials.

    The trials of learning rates count only as such.
    """
    counts: dict[tuple[str, str, int], Counter[str]] = {}
    trains = {record.spec.key: record for record in records if isinstance(record, TrainRecord)}
    for train in trains.values():
        what = "trials" if train.spec.is_trial else train.status
        counts.setdefault(_group(train), Counter())[what] += 1
    for record in records:
        trained = trains.get(record.spec.train_key) if isinstance(record, EvalRecord) else None
        if trained is not None and not trained.spec.is_trial:
            counts[_group(trained)]["evaluations" if record.status == "ok" else record.status] += 1
    empty = dict.fromkeys(("ok", "failed", "diverged", "evaluations", "unsupported", "trials"), 0)
    return [
        {"task": task, "encoding": encoding, "train_length": length, **empty, **counts[task, encoding, length]}
        for task, encoding, length in sorted(counts)
    ]


def reasons(records: Iterable[AnyRecord]) -> list[Row]:
    """What failed or diverged, with the reasons; a trial that diverged is an outcome: its learning rate is too high."""
    trains = {record.spec.key: record for record in records if isinstance(record, TrainRecord)}
    return [
        {"cell": _label(record, trains), "status": record.status, "reason": record.reason}
        for record in records
        if record.status == "failed" or (record.status == "diverged" and not _is_trial(record))
    ]


def _is_trial(record: AnyRecord) -> bool:
    return isinstance(record, TrainRecord) and record.spec.is_trial


def _group(record: TrainRecord) -> tuple[str, str, int]:
    return record.spec.task.label, record.spec.encoding.label, record.spec.budget.train_length


def _label(record: AnyRecord, trains: dict[str, TrainRecord]) -> str:
    train = record if isinstance(record, TrainRecord) else trains.get(record.spec.train_key)
    if train is None:
        return f"{record.kind} of {record.spec.encoding.label}"
    name = f"{train.spec.task.label} · {train.spec.encoding.label} · {_which(train)}"
    return name if record is train else f"{name} · {record.kind}"


def _which(train: TrainRecord) -> str:
    seed = train.spec.init_seed
    if not train.spec.is_trial:
        return f"seed {seed}"
    return f"rate {train.spec.budget.learning_rate:g} · trial {seed - TUNING_SEEDS_FROM}"
