"""An encoding that fits itself to a trained model: once, since what it found lies with the records."""

import torch

from benchmark.experiments.plan import Cell, Measure
from benchmark.model.transformer import Transformer
from benchmark.results.spec import EvalSpec, LookSpec
from benchmark.results.store import Store
from benchmark.tasks.task import Task
from benchmark.training.search import Found, give, search, searches


def fit(
    cell: Cell, measure: Measure, model: Transformer, task: Task, store: Store, device: torch.device, *, again: bool
) -> Found | None:
    """Fit a model's encoding in place: by what an earlier search found, unless `again`, or else by a search.

    None if it has no search.
    """
    if not searches(model):
        return None
    specs: list[EvalSpec | LookSpec] = [*measure.evaluations, *measure.probes]
    known = None if again else store.searched(cell.train.key, specs[0].encoding)
    if known is None:
        return search(model, task, cell.train, device)
    took, values = known
    found = Found(values=torch.from_numpy(values), search=took)
    give(model, found.values)
    return found
