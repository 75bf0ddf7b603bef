"""A process that does the work of a run as a plain loop over one library would, one model after the other.

    python -m benchmark.timing.by_hand < WORK        what it is to do, as JSON; the accuracies that it finds on stdout

It trains x-transformers' decoder with each encoding and seed on a task and measures each at every length, on as many
threads as torch takes by itself: what somebody writes in an evening. Batches and test problems are the suite's own, so
that both do the same work; the optimiser is fused, and logits are made at every place.
"""

import json
import math
import sys
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED, Batch, Task
from benchmark.timing import peers
from benchmark.timing.peers import Size


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is trained, and where it is measured."""

    task: str
    encodings: tuple[str, ...]
    seeds: tuple[int, ...]
    lengths: tuple[int, ...]
    width: int
    heads: int
    layers: int
    train_length: int
    steps: int
    batch: int
    learning_rate: float
    warmup_steps: int
    device: str = "cpu"

    def json(self) -> str:
        """As the process reads it."""
        return json.dumps(asdict(self))


def main() -> None:
    """Do the work that stdin asks for."""
    work = Work(**json.load(sys.stdin))
    task = tasks.make(work.task)
    found = [
        {"encoding": encoding, "seed": seed, "accuracy": train_and_measure(work, task, encoding, seed)}
        for encoding in work.encodings
        for seed in work.seeds
    ]
    sys.stdout.write(json.dumps(found) + "\n")


def train_and_measure(work: Work, task: Task, encoding: str, seed: int) -> dict[int, float]:
    """The accuracy at each length of a model that is trained for it."""
    size = Size(
        width=work.width,
        heads=work.heads,
        layers=work.layers,
        vocabulary=task.vocabulary,
        longest=task.tokens(max(work.lengths)),
    )
    device = torch.device(work.device)
    model = peers.make("x-transformers", encoding, size).to(device)
    optimiser = torch.optim.AdamW(model.parameters(), lr=work.learning_rate, weight_decay=0.1, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: rate(step, work))
    model.train()
    for step in range(work.steps):
        batch = task.sample(work.batch, work.train_length, generator("data", task.name, seed, step))
        targets = batch.targets.to(device).flatten()
        loss = F.cross_entropy(model(batch.tokens.to(device)).flatten(0, 1), targets, ignore_index=UNSCORED)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    model.eval()
    return {length: accuracy(model, task, length, device) for length in work.lengths}


def rate(step: int, work: Work) -> float:
    """Share of the learning rate: a linear warm-up, then a cosine down to a tenth."""
    if step < work.warmup_steps:
        return (step + 1) / work.warmup_steps
    done = (step - work.warmup_steps) / max(1, work.steps - work.warmup_steps)
    return 0.1 + 0.45 * (1 + math.cos(math.pi * done))


def accuracy(model: nn.Module, task: Task, length: int, device: torch.device) -> float:
    """Share of the scored places of the test problems that are right."""
    with torch.no_grad():
        counts = [right_and_scored(model, batch, device) for batch in task.evaluation(length)]
    right, scored = (sum(part) for part in zip(*counts, strict=True))
    return float(right / scored)


def right_and_scored(model: nn.Module, batch: Batch, device: torch.device) -> tuple[Tensor, Tensor]:
    """How many places of a batch are right, and how many are scored."""
    targets = batch.targets.to(device)
    scored = targets != UNSCORED
    right = (model(batch.tokens.to(device)).argmax(dim=-1) == targets) & scored
    return right.sum(), scored.sum()


if __name__ == "__main__":
    main()
