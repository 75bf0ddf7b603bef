"""What a run with a checkpoint would do, for `run --dry-run`: what is left to read, in how much memory and time."""

from collections.abc import Iterator, Mapping, Sequence

import click

from benchmark.catalogue import Choice
from benchmark.cli.terminal.planned import tally
from benchmark.cli.terminal.seeds import caps
from benchmark.cli.terminal.table import Row, show
from benchmark.cli.terminal.words import duration
from benchmark.encodings import CATALOGUE
from benchmark.experiments.documents import check_documents, free_bytes, opened
from benchmark.experiments.origins import Origin
from benchmark.experiments.outstanding import outstanding
from benchmark.experiments.plan import Cell
from benchmark.experiments.rounds import Rounds
from benchmark.reports.words import language, later, t
from benchmark.results.record import EvalRecord, TrainRecord
from benchmark.results.store import Store

COLUMNS = {
    "task": later("task"),
    "encoding": later("encoding"),
    "length": later("tokens"),
    "documents": later("documents"),
    "left": later("to read"),
    "memory": later("memory"),
    "seconds": later("seconds each"),
}

Kind = tuple[str, str, int]  # task, encoding, length


def show_documents(stage: Rounds, store: Store, device: str, *, force: bool, retry_failed: bool) -> None:
    """Print every task, encoding and length of a plan, and the memory and the time that they take."""
    cells = stage.reached.cells
    check_documents(cells, device, lambda *_, **__: None)
    todo = outstanding(stage.reached, store, force=force, retry_failed=retry_failed)
    known = _seconds(store, cells[0])
    all_, left = _counted(cells), _counted(todo)
    seen = opened(cells[0], device)
    free = free_bytes(seen.device)
    origins = {measure.label: measure.origin for measure in cells[0].measures}
    needed = {
        (label, length): seen.checkpoint.bytes_needed(length, _choice(origins[label]))
        for label, length in sorted({kind[1:] for kind in all_})
    }
    show(list(_rows(all_, left, needed, known, free)), COLUMNS)
    unknown = sum(count for kind, count in left.items() if kind not in known)
    total = sum(known[kind] * count for kind, count in left.items() if kind in known)
    tokens = sum(kind[2] * count for kind, count in left.items())
    notes = [
        t("{cells} (a cell is a document): {n} tokens to read", cells=tally(len(cells), len(todo)), n=f"{tokens:,}"),
        *[t("about {time} for those whose time is known", time=duration(total))] * bool(total),
        *[t("the time of {n} measurements is not known yet", n=unknown)] * bool(unknown),
        t("{n:.1f} GB of memory are free beside the weights", n=free / 1e9),
    ]
    click.echo(language().semicolon.join(notes))
    if stage.plan.spans:
        click.echo(caps(stage.plan))


def _rows(
    all_: Mapping[Kind, int],
    left: Mapping[Kind, int],
    needed: Mapping[tuple[str, int], int],
    known: Mapping[Kind, float],
    free: int,
) -> Iterator[Row]:
    for kind, count in all_.items():
        task, encoding, length = kind
        memory = needed[encoding, length]
        yield {
            "task": task,
            "encoding": encoding,
            "length": f"{length:,}",
            "documents": count,
            "left": left.get(kind, 0),
            "memory": f"{memory / 1e9:.2f} GB" if memory <= free else t("{n:.2f} GB (too much)", n=memory / 1e9),
            "seconds": f"{known[kind]:.1f}" if kind in known else "?",
        }


def _counted(cells: Sequence[Cell]) -> dict[Kind, int]:
    """How many documents are measured, by task, encoding and length."""
    found: dict[Kind, int] = {}
    for cell in cells:
        for measure in cell.measures:
            for spec in measure.evaluations:
                kind = cell.train.task.label, measure.label, spec.length
                found[kind] = found.get(kind, 0) + 1
    return found


def _seconds(store: Store, cell: Cell) -> dict[Kind, float]:
    """Mean seconds of what the store has of the same checkpoint at the same precision, by task, encoding and length."""
    asked = cell.train.checkpoint, cell.train.precision
    tasks = {
        record.spec.key: record.spec.task.label
        for record in store.records()
        if isinstance(record, TrainRecord) and (record.spec.checkpoint, record.spec.precision) == asked
    }
    found: dict[Kind, list[float]] = {}
    for record in store.records():
        if isinstance(record, EvalRecord) and record.status == "ok" and record.spec.train_key in tasks:
            kind = tasks[record.spec.train_key], record.spec.encoding.label, record.spec.length
            found.setdefault(kind, []).append(record.eval_seconds)
    return {kind: sum(own) / len(own) for kind, own in found.items()}


def _choice(origin: Origin) -> Choice:
    return Choice(entry=CATALOGUE.entry(origin.item), parameters=origin.parameters)
