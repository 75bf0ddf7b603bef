"""`status`: what is finished, failed or diverged in a results folder."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path

import click

from benchmark.cli.terminal.examples import examples
from benchmark.cli.terminal.options import spoken, stored_results, table_format
from benchmark.cli.terminal.table import Row, show, show_json
from benchmark.cli.terminal.words import cells, many
from benchmark.reports.phrases import STATUSES, explained
from benchmark.reports.words import later, t
from benchmark.results.record import EvalRecord, MeasuredRecord, TrainRecord
from benchmark.results.spec import TUNING_SEEDS_FROM
from benchmark.results.store import Store

STATUS_COLUMNS = {
    "task": later("task"),
    "encoding": later("encoding"),
    "train_length": later("L"),
    "ok": later("trained"),
    "failed": later("failed"),
    "diverged": later("diverged"),
    "evaluations": later("evaluations"),
    "unsupported": later("unsupported"),
    "trials": later("trials"),
}
AnyRecord = TrainRecord | MeasuredRecord


@click.command(
    epilog=examples(
        "status",
        "status --results results/reference.zip --format json",
    ),
)
@stored_results
@table_format
@spoken
def command(results: Path, style: str) -> None:
    """Show what is finished, failed or diverged in the results folder."""
    store = Store(results)
    found = Tally.of(store.records())
    if style == "json":
        show_json({"cells": found.rows, "failures": found.failures, "unreadable": store.problems, "last": found.last})
        return
    if found.rows and found.last is not None:
        show(found.rows, STATUS_COLUMNS)
        click.echo(
            t(
                "{cells} in {folder}; the last record is from {time:%Y-%m-%d %H:%M %Z}",
                cells=found.cells,
                folder=repr(str(results)),
                time=found.last,
            )
        )
    else:
        click.echo(t("no results in {folder} yet: python -m benchmark run", folder=repr(str(results))))
    for failure in found.failures:
        status, why = STATUSES.get(failure["status"], failure["status"]), explained(failure["reason"] or "")
        click.echo(t("{cell}: {status}: {reason}", cell=failure["cell"], status=status, reason=why))
    if found.failures:
        click.echo(t("to retry these: the same run command with --retry-failed"))
    for problem in store.problems:
        click.echo(problem)


@dataclass
class Tally:
    """What is in a store, counted model by model: no record is kept."""

    counts: dict[tuple[str, str, int], Counter[str]] = field(default_factory=dict)  # by task, encoding, trained length
    trained: Counter[str] = field(default_factory=Counter)  # models that are compared, and trials
    failures: list[Row] = field(default_factory=list)
    last: datetime | None = None

    @classmethod
    def of(cls, records: Iterable[AnyRecord]) -> "Tally":
        """Count records that come with all those of a model one after the other."""
        tally = cls()
        for _, own in groupby(records, key=_model):
            tally.add(list(own))
        return tally

    def add(self, records: Sequence[AnyRecord]) -> None:
        """Count the records of one model."""
        train = next((record for record in records if isinstance(record, TrainRecord)), None)
        if train is not None:
            self._count(train, records)
        self.failures += [
            {"cell": _label(record, train), "status": record.status, "reason": record.reason}
            for record in records
            if record.status == "failed" or (record.status == "diverged" and not _is_trial(record))
        ]
        newest = max(record.created for record in records)
        self.last = newest if self.last is None else max(self.last, newest)

    def _count(self, train: TrainRecord, records: Sequence[AnyRecord]) -> None:
        spec = train.spec
        counts = self.counts.setdefault((spec.task.label, spec.encoding.label, spec.budget.train_length), Counter())
        self.trained["trials" if spec.is_trial else "cells"] += 1
        if spec.is_trial:
            counts["trials"] += 1
            return
        counts[train.status] += 1
        for record in records:
            if isinstance(record, EvalRecord):
                counts["evaluations" if record.status == "ok" else record.status] += 1

    @property
    def rows(self) -> list[Row]:
        """Models by status, evaluations, unsupported lengths and trials, by task, encoding and trained length.

        The trials of learning rates count only as such.
        """
        empty = dict.fromkeys(("ok", "failed", "diverged", "evaluations", "unsupported", "trials"), 0)
        return [
            {"task": task, "encoding": encoding, "train_length": length, **empty, **self.counts[task, encoding, length]}
            for task, encoding, length in sorted(self.counts)
        ]

    @property
    def cells(self) -> str:
        """The number of trained models, and of trials apart from them: "36 cells and 12 trials of learning rates"."""
        own = cells(self.trained["cells"])
        if not (count := self.trained["trials"]):
            return own
        trials = many(count, later("1 trial of learning rates"), later("{n} trials of learning rates"))
        return t("{cells} and {trials}", cells=own, trials=trials)


def _model(record: AnyRecord) -> str:
    return record.spec.key if isinstance(record, TrainRecord) else record.spec.train_key


def _is_trial(record: AnyRecord) -> bool:
    return isinstance(record, TrainRecord) and record.spec.is_trial


def _label(record: AnyRecord, train: TrainRecord | None) -> str:
    if train is None:
        return f"{record.kind} of {record.spec.encoding.label}"
    name = f"{train.spec.task.label} · {train.spec.encoding.label} · {_which(train)}"
    return name if record is train else f"{name} · {record.kind}"


def _which(train: TrainRecord) -> str:
    seed = train.spec.init_seed
    if not train.spec.is_trial:
        return f"seed {seed}"
    return f"rate {train.spec.budget.learning_rate:g} · trial {seed - TUNING_SEEDS_FROM}"
