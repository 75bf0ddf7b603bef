"""A user's file that is edited while a run goes on: its cells fail, since their keys are those of the old file."""

from benchmark import encodings, tasks
from benchmark.catalogue import Catalogue, Choice
from benchmark.checkpoints import tasks as pretrained
from benchmark.errors import UsageError
from benchmark.experiments.origins import Origin
from benchmark.experiments.plan import Cell, Measure


def refuse_edited(cell: Cell, measure: Measure | None = None) -> None:
    """Raise UsageError if the task of a cell, or the encoding it trains or measures, is not the planned one."""
    _compare(pretrained.CATALOGUE if cell.checkpoint else tasks.CATALOGUE, cell.task, cell.train.task.fingerprint)
    if measure is None:
        _compare(encodings.CATALOGUE, cell.encoding, cell.train.encoding.fingerprint)
        return
    specs = [*(each.encoding for each in measure.evaluations), *(each.encoding for each in measure.probes)]
    for spec in specs[:1]:  # all are the same
        _compare(encodings.CATALOGUE, measure.origin, spec.fingerprint)


def _compare(catalogue: Catalogue, origin: Origin, planned: str) -> None:
    choice = Choice(entry=catalogue.entry(origin.item), parameters=origin.parameters)
    inner = catalogue.wrapped(choice)
    files = [each.entry.path for each in (choice, inner) if each is not None and each.entry.module is None]
    if files and catalogue.fingerprint(choice) != planned:
        raise UsageError(
            f"{' or '.join(map(str, files))} was edited after this run began: start the same command again"
        )
