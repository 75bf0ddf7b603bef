"""The one training loop. It knows tasks and models by their contracts alone, and no encoding's name.

Every batch is a function of (task, data seed, step): all encodings of a comparison see the same rows in the same
order, and a loop that is resumed goes on with the rows that it would have seen.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from inspect import unwrap

import torch
from torch import Tensor, nn

from benchmark.catalogue import Choice
from benchmark.encodings import make as make_encoding
from benchmark.encodings.encoding import Shape
from benchmark.model.transformer import Transformer
from benchmark.results.spec import BudgetSpec, Precision, TrainSpec
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED, Batch, Task
from benchmark.training.checkpoint import Checkpoint, Training
from benchmark.training.held_out import HeldOut
from benchmark.training.loss import cross_entropy

# Steps whose rows are drawn at once: a step of the model leaves nothing of the code that draws them in the processor's
# caches, so that what takes 30 microseconds in a row takes 200 between two steps.
AHEAD = 64
NOTED = 50  # the training loss is noted at about so many steps

Progress = Callable[[int, int, float], None]  # (steps done, tokens so far, seconds so far)


class AdamW(torch.optim.AdamW):
    """Torch's own, without what guards its methods against being compiled.

    Those guards import torch's compiler at their first call, which nothing here uses, and which takes about as long as
    the import of torch itself.
    """

    step = torch.no_grad()(unwrap(torch.optim.AdamW.step))
    add_param_group = unwrap(torch.optim.AdamW.add_param_group)
    zero_grad = unwrap(torch.optim.AdamW.zero_grad)
    state_dict = unwrap(torch.optim.AdamW.state_dict)
    load_state_dict = unwrap(torch.optim.AdamW.load_state_dict)


def build(spec: TrainSpec, task: Task, encoding: Choice) -> Transformer:
    """The model of a spec at its first step: each weight drawn from a generator named after it."""
    shape = Shape(
        width=spec.model.width,
        heads=spec.model.heads,
        layers=spec.model.layers,
        train_length=task.tokens(spec.budget.train_length),
        digits=task.digits,
    )
    model = Transformer(
        task.vocabulary,
        shape,
        lambda own, layer: make_encoding(encoding, own, seed=spec.init_seed, layer=layer),
    )
    model.initialise(spec.init_seed)
    return model


def train(
    model: Transformer,
    task: Task,
    spec: TrainSpec,
    device: torch.device,
    progress: Progress,
    checkpoint: Checkpoint | None = None,
) -> Training:
    """Train a model in place by its spec; with a checkpoint, from where an earlier call was cut off."""
    budget = spec.budget
    optimiser = make_optimiser(model, budget)
    outcome = Training() if checkpoint is None else checkpoint.load(model, optimiser)
    started = time.perf_counter() - outcome.seconds
    weights = list(model.parameters())
    every = max(1, budget.steps // NOTED)
    held_out = HeldOut(task, budget.train_length)
    model.train()
    for step, rate, batch, sampler in ready(task, spec, held_out, outcome.done):
        for group in optimiser.param_groups:
            group["lr"] = rate
        model.schedule(step / budget.steps)
        loss = gradients(model, batch, spec.precision, device, sampler)
        update(optimiser, weights, budget.clip)
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
    """Each step that is left, its learning rate, its rows, and the generator that samples its positions."""
    for start in range(done, spec.budget.steps, AHEAD):
        steps = range(start, min(start + AHEAD, spec.budget.steps))
        rates = [learning_rate(step, spec.budget) for step in steps]
        samplers = [generator("positions", spec.data_seed, step) for step in steps]
        yield from zip(steps, rates, rows(task, spec, held_out, steps), samplers, strict=True)


def rows(task: Task, spec: TrainSpec, held_out: HeldOut, steps: range) -> list[Batch]:
    """The batches of some steps, none of whose test problems is scored."""
    return held_out.out_of([training_batch(task, spec, step) for step in steps])


def training_batch(task: Task, spec: TrainSpec, step: int) -> Batch:
    """The rows of one step, all of one length between the shortest and L.

    Where every prefix of a problem is a problem (`task.nested`), a row of length L trains all shorter ones at once.
    """
    draws = generator("data", spec.task.name, spec.data_seed, step)
    longest = spec.budget.train_length
    length = longest
    if not task.nested:
        length = int(torch.randint(task.shortest(), longest + 1, (), generator=draws))
    return task.sample(spec.budget.batch, length, draws)


def gradients(
    model: Transformer, batch: Batch, precision: Precision, device: torch.device, sampler: torch.Generator
) -> Tensor:
    """Give every weight its gradient; the loss, in nats, whose graph is gone."""
    with autocast(precision, device):
        loss = batch_loss(model, batch, device, sampler)
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.detach()


def batch_loss(model: Transformer, batch: Batch, device: torch.device, sampler: torch.Generator) -> Tensor:
    """Mean cross-entropy over the scored places, in nats, 0 if there are none.

    Of other places, neither the last layer's network nor the head is asked.
    """
    tokens, targets = batch.tokens.to(device), batch.targets.to(device).flatten()
    places = (targets != UNSCORED).nonzero().squeeze(1)
    hidden = model(tokens, sampler=sampler, places=places)
    if not len(places):
        return 0 * model.logits(hidden).sum()
    return cross_entropy(model.logits(hidden), targets[places])


def update(optimiser: torch.optim.Optimizer, weights: list[nn.Parameter], clip: float) -> None:
    """Step by the gradients, whose norm is clipped; they are given back, and the next ones begin at nothing."""
    nn.utils.clip_grad_norm_(weights, clip)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)


def make_optimiser(model: Transformer, budget: BudgetSpec) -> AdamW:
    """AdamW, with weight decay on matrices alone."""
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        {"params": [weight for weight in weights if weight.dim() > 1], "weight_decay": budget.weight_decay},
        {"params": [weight for weight in weights if weight.dim() <= 1], "weight_decay": 0.0},
    ]
    return AdamW(groups, lr=budget.learning_rate, betas=(0.9, 0.98), fused=True)


def learning_rate(step: int, budget: BudgetSpec) -> float:
    """Linear warm-up, then a cosine down to a tenth of the peak."""
    if step < budget.warmup_steps:
        return budget.learning_rate * (step + 1) / budget.warmup_steps
    done = (step - budget.warmup_steps) / max(1, budget.steps - budget.warmup_steps)
    return budget.learning_rate * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * done)))


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """Matrix products in bfloat16 where that is the precision; weights stay float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16) if precision == "bfloat16" else nullcontext()
