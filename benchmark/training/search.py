"""Search at test time: an encoding with a `search` fits values of its own to a trained model, before it is measured.

Its rows are no test rows: problems drawn as for training but at the length that the encoding asks for, less those that
a test asks; for a text, the first quarter of what was held out from training. A test row shows tokens of that quarter
only if it is longer than a quarter of the held-out text, and then only as context of the targets that count.
"""

import time
from dataclasses import dataclass, field

import torch
from torch import Tensor

from benchmark.encodings.encoding import Encoding
from benchmark.errors import UsageError
from benchmark.model.transformer import Transformer
from benchmark.results.record import Search
from benchmark.results.spec import TrainSpec
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED, Batch, Language, Task
from benchmark.training.held_out import HeldOut
from benchmark.training.step import autocast, batch_loss

TOKENS = 8192  # in the rows of an evaluation, approximately
FEWEST = 5  # rows: as many as LongRoPE's authors take


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search found, and what it took."""

    values: Tensor
    search: Search


def searches(model: Transformer) -> bool:
    """True if the model's encoding fits itself to a trained model."""
    return type(model.encoding).search is not Encoding.search


def give(model: Transformer, values: Tensor) -> None:
    """Let the encoding of every layer work with these values."""
    for encoding in model.encodings:
        encoding.found = values


def search(model: Transformer, task: Task, spec: TrainSpec, device: torch.device) -> Found:
    """Fit the encoding of a trained model to it, in place."""
    model.eval().requires_grad_(False)
    started = time.perf_counter()
    trial = Trial(model=model, task=task, spec=spec, device=device)
    draws = generator("search", model.encoding.name, task.name, spec.init_seed)
    values = model.encoding.search(trial.loss, draws).detach()
    give(model, values)
    seconds = time.perf_counter() - started
    took = Search(evaluations=trial.evaluations, tokens=trial.tokens, seconds=seconds)
    return Found(values=values, search=took)


@dataclass(kw_only=True)
class Trial:
    """Evaluations of a model with one set of values after another."""

    model: Transformer
    task: Task
    spec: TrainSpec
    device: torch.device
    rows: dict[int, Batch] = field(default_factory=dict)  # by length
    evaluations: int = 0
    tokens: int = 0  # in all evaluations

    def loss(self, values: Tensor, times: float) -> Tensor:
        """The mean loss in nats on rows of `times` the trained length; see `Encoding.search`."""
        length = max(self.task.shortest(), round(times * self.spec.budget.train_length))
        if length not in self.rows:
            self.rows[length] = search_rows(self.task, length)
        batch = self.rows[length]
        self.evaluations += 1
        self.tokens += batch.tokens.numel()
        give(self.model, values)
        with torch.set_grad_enabled(values.requires_grad), autocast(self.spec.precision, self.device):
            return batch_loss(self.model, batch, self.device)


def search_rows(task: Task, length: int) -> Batch:
    """The rows of a length on which encodings are fitted: the same for every encoding and seed."""
    size = max(FEWEST, TOKENS // task.tokens(length))
    if isinstance(task, Language):
        return _of_text(task, size, length)
    batch = task.sample(size, length, generator("search", task.name, length))
    (batch,) = HeldOut(task, length).out_of([batch])
    if not (batch.targets != UNSCORED).any():
        raise UsageError(f"{task.name} has no problems of length {length} that no test asks: nothing to search on")
    return batch


def _of_text(task: Language, size: int, length: int) -> Batch:
    if not hasattr(task, "held_out"):
        raise UsageError(f"{task.name} has no held_out, the text that encodings are fitted on: set it to the tokens")
    text = task.held_out[: len(task.held_out) // 4]
    if len(text) <= length:
        raise UsageError(
            f"{task.name}: a search on rows of {length} tokens needs {4 * (length + 1)} held-out tokens, but the text "
            f"has {len(task.held_out)}; give a longer text, or fewer trained lengths to the encoding"
        )
    starts = torch.linspace(0, len(text) - length - 1, size).long()
    rows = text[starts[:, None] + torch.arange(length + 1)]
    return Batch(tokens=rows[:, :-1], targets=rows[:, 1:])
