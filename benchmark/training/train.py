"""The one training loop. It knows tasks and models only by their contracts, and no encoding by name.

Every batch is a function of (task, data seed, step): all encodings of a comparison see the same rows in the same order,
and a resumed loop continues with the rows it would have seen.
"""

import math
import time
from collections.abc import Callable, Iterator
from functools import partial

import torch

from benchmark.catalogue import Choice
from benchmark.encodings import CATALOGUE
from benchmark.encodings import make as make_encoding
from benchmark.encodings.encoding import Encoding, Shape
from benchmark.model.transformer import Transformer, encodings_for
from benchmark.results.spec import BudgetSpec, TrainSpec
from benchmark.seeds import generator
from benchmark.tasks.task import Batch, Task
from benchmark.training.checkpoint import Checkpoint, Training
from benchmark.training.clock import part
from benchmark.training.held_out import HeldOut
from benchmark.training.replay import Replay
from benchmark.training.step import make_optimiser, stepping

# Number of steps whose rows are drawn at once. A step of the model evicts the drawing code from the processor's caches:
# drawing takes 30 microseconds when repeated back to back, but 200 between two steps.
AHEAD = 64
NOTED = 50  # approximate number of steps at which the training loss is noted

Progress = Callable[[int, int, float], None]  # (steps done, tokens so far, seconds so far)


def build(spec: TrainSpec, task: Task, encoding: Choice) -> Transformer:
    """The untrained model of a spec, each weight drawn from a generator named after it."""
    model = Transformer(
        task.vocabulary,
        shape_of(spec, task, marked=CATALOGUE.reads_marks(encoding)),
        partial(_encode, encoding, spec.init_seed),
        convolve=spec.model.mixing == "conv",
    )
    model.initialise(spec.init_seed)
    return model


def build_encodings(spec: TrainSpec, task: Task, encoding: Choice) -> list[Encoding]:
    """Only the encodings of the untrained model of a spec."""
    shape = shape_of(spec, task, marked=CATALOGUE.reads_marks(encoding))
    return encodings_for(shape, partial(_encode, encoding, spec.init_seed))


def outline(spec: TrainSpec, task: Task) -> Transformer:
    """The model of a spec without an encoding, whose weights have shapes, but no values and no memory."""
    with torch.device("meta"):
        shape, convolve = shape_of(spec, task, marked=False), spec.model.mixing == "conv"
        return Transformer(task.vocabulary, shape, lambda own, layer: Encoding(own), convolve=convolve)


def _encode(encoding: Choice, seed: int, shape: Shape, layer: int) -> Encoding:
    return make_encoding(encoding, shape, seed=seed, layer=layer)


def shape_of(spec: TrainSpec, task: Task, *, marked: bool) -> Shape:
    """The sizes that the encoding of a model may depend on; the task's marks only if it is `marked`: it reads them."""
    return Shape(
        width=spec.model.width,
        heads=spec.model.heads,
        layers=spec.model.layers,
        train_length=task.tokens(spec.budget.train_length),
        digits=task.digits,
        marks=task.marks if marked else (),  # to find them in a text takes a tokenizer
    )


def train(
    model: Transformer,
    task: Task,
    spec: TrainSpec,
    device: torch.device,
    progress: Progress,
    checkpoint: Checkpoint | None = None,
) -> Training:
    """Train a model in place by its spec; with a checkpoint, resume where an earlier call was interrupted."""
    budget = spec.budget
    optimiser = make_optimiser(model, budget)
    outcome = Training() if checkpoint is None else checkpoint.load(model, optimiser)
    started = time.perf_counter() - outcome.seconds
    take = (Replay if device.type == "cuda" else stepping)(model, optimiser, budget, spec.precision, device)
    every = max(1, budget.steps // NOTED)
    held_out = HeldOut(task, budget.train_length)
    model.train()
    for step, rate, batch, sampler in ready(task, spec, held_out, outcome.done):
        model.schedule(step / budget.steps)
        loss = take(batch, rate, sampler)
        outcome.done = step + 1
        outcome.tokens += batch.tokens.numel()
        if (step + 1) % every == 0 or step + 1 == budget.steps:
            value = loss.item()
            outcome.steps.append(step + 1)
            outcome.losses.append(value)
            if not math.isfinite(value):
                outcome.diverged = f"the training loss was {value} at step {step + 1} of {budget.steps}"
                break
            progress(step + 1, outcome.tokens, time.perf_counter() - started)
        if checkpoint is not None and time.perf_counter() >= checkpoint.due and step + 1 < budget.steps:
            outcome.seconds = time.perf_counter() - started
            checkpoint.save(model, optimiser, outcome)
    outcome.seconds = time.perf_counter() - started
    return outcome


def ready(
    task: Task, spec: TrainSpec, held_out: HeldOut, done: int
) -> Iterator[tuple[int, float, Batch, torch.Generator]]:
    """Yield each remaining step with its learning rate, its rows, and the generator that samples its positions."""
    for start in range(done, spec.budget.steps, AHEAD):
        steps = range(start, min(start + AHEAD, spec.budget.steps))
        rates = [learning_rate(step, spec.budget) for step in steps]
        samplers = [generator("positions", spec.data_seed, step) for step in steps]
        yield from zip(steps, rates, rows(task, spec, held_out, steps), samplers, strict=True)


@part("rows")
def rows(task: Task, spec: TrainSpec, held_out: HeldOut, steps: range) -> list[Batch]:
    """The batches of some steps, with test problems unscored."""
    return held_out.out_of([training_batch(task, spec, step) for step in steps])


def training_batch(task: Task, spec: TrainSpec, step: int) -> Batch:
    """The rows of one step, all of one length drawn between the shortest and L.

    Where every prefix of a problem is a problem (`task.nested`), that length is L: such a row trains all shorter ones.
    """
    draws = generator("data", spec.task.name, spec.data_seed, step)
    longest = spec.budget.train_length
    length = longest
    if not task.nested:
        length = int(torch.randint(task.shortest(), longest + 1, (), generator=draws))
    return task.sample(spec.budget.batch, length, draws)


def learning_rate(step: int, budget: BudgetSpec) -> float:
    """The learning rate of a step: linear warm-up, then cosine decay to a tenth of the peak."""
    if step < budget.warmup_steps:
        return budget.learning_rate * (step + 1) / budget.warmup_steps
    done = (step - budget.warmup_steps) / max(1, budget.steps - budget.warmup_steps)
    return budget.learning_rate * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * done)))
