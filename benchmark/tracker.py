"""TensorBoard event files: for each cell the training loss by step, and every measured value by length in tokens.

    RESULTS/tensorboard/<task>/<encoding>/L16-seed0-1a2b3c4d/events.out.tfevents...

They are written from the records of a cell once it is done, by whoever drives the run: workers know nothing of them.
"""

import importlib.util
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from benchmark.errors import UsageError, unknown
from benchmark.experiments.executor import Event
from benchmark.experiments.plan import Cell
from benchmark.experiments.tuning import Stages
from benchmark.results.record import TrainRecord
from benchmark.results.store import Store

TRACKERS = ("tensorboard",)
AnyEvent = TypeVar("AnyEvent")
Points = Iterable[tuple[int, float]]  # step or length, and value


def logged(events: Iterator[AnyEvent], log: str | None, stages: Stages, store: Store) -> Iterator[AnyEvent]:
    """The events of a run, whose cells are also written for a tracker, if one is named.

    Raises UsageError at once if it is unknown or not installed.
    """
    if log is None:
        return events
    if not isinstance(log, str) or log not in TRACKERS:
        raise unknown("tracker", log if isinstance(log, str) else f"of type {type(log).__name__}", TRACKERS)
    if importlib.util.find_spec("tensorboard") is None:
        raise UsageError(
            "--log tensorboard needs the package tensorboard, which is not installed; "
            "run: pip install 'position-benchmark[tensorboard]'"
        )
    return _following(events, stages, store)


def _following(events: Iterator[AnyEvent], stages: Stages, store: Store) -> Iterator[AnyEvent]:
    """Write each cell when it is done, and at the end those that were there already."""
    written = set()
    for event in events:
        if isinstance(event, Event) and event.kind == "done":
            write(event.cell, store)
            written.add(event.cell.train.key)
        yield event
    for cell in stages.reached.cells:
        if cell.train.key not in written:
            write(cell, store)


def write(cell: Cell, store: Store) -> list[Path]:
    """Write the event files of a cell, one for each encoding that was measured on its model; the folders of these."""
    from benchmark.reports.tables.values import metric_table  # imports pandas

    specs = [spec for measure in cell.measures for spec in (*measure.evaluations, *measure.probes)]
    own = Store(store.root, only=frozenset({cell.train.key, *(spec.key for spec in specs)}))
    record = own.train(cell.train.key)
    if record is None:
        return []
    curves: dict[str, dict[str, Points]] = {cell.train.encoding.label: _training(record)}
    for (encoding, metric), rows in metric_table(own).dropna(subset="value").groupby(["encoding", "metric"]):
        values = zip(rows["length"].astype(int), rows["value"].astype(float), strict=True)
        curves.setdefault(str(encoding), {})[f"by_length/{metric}"] = list(values)
    return [_write(_folder(cell, encoding, store), tags, record) for encoding, tags in curves.items()]


def _training(record: TrainRecord) -> dict[str, Points]:
    """The loss of a training, in nats per scored token."""
    points = list(zip(record.train_steps, record.train_losses, strict=True))
    return {"train/loss_nats": points} if points else {}


def _folder(cell: Cell, encoding: str, store: Store) -> Path:
    names = (re.sub(r"[^\w.=+-]", "_", name) for name in (cell.train.task.label, encoding))
    own = f"L{cell.train.budget.train_length}-seed{cell.seed}-{cell.train.key[:8]}"
    return store.root.joinpath("tensorboard", *names, own)


def _write(folder: Path, tags: dict[str, Points], record: TrainRecord) -> Path:
    """Write curves as the only event file of a folder."""
    from torch.utils.tensorboard import SummaryWriter

    for old in folder.glob("events.out.tfevents.*"):
        old.unlink()
    with SummaryWriter(str(folder)) as writer:
        for tag, points in tags.items():
            for step, value in points:
                writer.add_scalar(tag, value, step, walltime=record.created.timestamp())
    return folder
