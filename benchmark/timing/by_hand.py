"""A process that does the work of a run as a plain loop over one library, one model after another.

    python -m benchmark.timing.by_hand < WORK        reads its work as JSON, writes accuracies to stdout

It trains x-transformers' decoder on a task with each encoding and seed, and measures each at every length, on torch's
default number of threads: the script that someone writes in an evening. Batches and test problems are those of this
package, so both do the same work; the optimiser is fused, and logits are computed at every place.
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
    """The models to train, and the lengths to measure."""

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
        """The form that the process reads."""
        return json.dumps(asdict(self))


def main() -> None:
    """Do the work read from stdin."""
    work = Work(**json.load(sys.stdin))
    task = tasks.make(work.task)
    found = [
        {"encoding": encoding, "seed": seed, "accuracy": train_and_measure(work, task, encoding, seed)}
        for encoding in work.encodings
        for seed in work.seeds
    ]
    sys.stdout.write(json.dumps(found) + "\n")


def train_and_measure(work: Work, task: Task, encoding: str, seed: int) -> dict[int, float]:
    """Train a model, and return its accuracy at each length."""
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
    """The learning rate as a share of the peak: linear warm-up, then a cosine down to a tenth."""
    if step < work.warmup_steps:
        return (step + 1) / work.warmup_steps
    done = (step - work.warmup_steps) / max(1, work.steps - work.warmup_steps)
    return 0.1 + 0.45 * (1 + math.cos(math.pi * done))


def accuracy(model: nn.Module, task: Task, length: int, device: torch.device) -> float:
    """The share of scored places of the test problems that are correct."""
    with torch.no_grad():
        counts = [right_and_scored(model, batch, device) for batch in task.evaluation(length)]
    right, scored = (sum(part) for part in zip(*counts, strict=True))
    return float(right / scored)


def right_and_scored(model: nn.Module, batch: Batch, device: torch.device) -> tuple[Tensor, Tensor]:
    """The numbers of correct and of scored places in a batch."""
    targets = batch.targets.to(device)
    scored = targets != UNSCORED
    right = (model(batch.tokens.to(device)).argmax(dim=-1) == targets) & scored
    return right.sum(), scored.sum()


if __name__ == "__main__":
    main()
