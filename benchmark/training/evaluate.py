"""Evaluation: raw outcomes at one length, by place, by row and by field of the task's grid."""

import math
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.model.transformer import Transformer
from benchmark.results.record import Arrays
from benchmark.tasks.task import UNSCORED, Batch, Task
from benchmark.training.asked import Asked, Scores
from benchmark.training.clock import part

# Logits computed at a time. In float32 these are 4 MiB, which stay in cache: with a text's vocabulary, evaluation takes
# three quarters of the time that it takes with chunks of 64 MiB (measured).
LOGITS = 1024 * 1024
GPU_LOGITS = 16  # times as many on a GPU


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A model's outcome at each place of a batch, [rows, time], on the CPU; zero wherever nothing is scored."""

    batch: Batch
    loss: Tensor  # nats, float64
    correct: Tensor
    scored: Tensor


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What one length gave."""

    arrays: Arrays  # see EvalRecord
    chance: Scores
    shortcuts: dict[str, Scores]
    seconds: float


@part("evaluation")
def evaluate(
    model: Transformer,
    task: Task,
    length: int,
    train_length: int,
    device: torch.device,
    cast: AbstractContextManager[object],
) -> Evaluation:
    """Measure a model at a length."""
    model.eval()
    started = time.perf_counter()
    asked = Asked.of(task, length, train_length)
    with torch.inference_mode(), cast:
        outcomes = _outcomes(model, asked.rows, device)
        views = {name: _outcomes(model, rows, device) for name, rows in task.views(length, train_length).items()}
    arrays = _by_place(outcomes) | _by_row("row", outcomes)
    for name, others in views.items():
        arrays |= _by_row(name, others)
    for name, chosen in task.subsets(length, train_length).items():
        arrays |= _by_row(name, _only(outcomes, chosen))
    if task.axes(length):
        arrays |= _by_field(task, length, sum(views.values(), outcomes))
    return Evaluation(
        arrays=arrays, chance=asked.chance, shortcuts=asked.shortcuts, seconds=time.perf_counter() - started
    )


def _outcomes(model: Transformer, batches: Iterable[Batch], device: torch.device) -> list[Scored]:
    return [_outcome(model, batch, device) for batch in batches]


def _outcome(model: Transformer, batch: Batch, device: torch.device) -> Scored:
    scored = batch.targets != UNSCORED
    places = scored.flatten().nonzero().squeeze(1)
    hidden = model(batch.tokens.to(device), places=places.to(device))
    wanted = batch.targets[scored].to(device)
    losses, hits = [], []
    held = max(1, LOGITS * (GPU_LOGITS if hidden.is_cuda else 1) // len(model.head))
    for chunk, answer in zip(torch.split(hidden, held), torch.split(wanted, held), strict=True):
        logits = model.logits(chunk).float()
        losses.append(F.cross_entropy(logits, answer, reduction="none"))
        hits.append(_right(logits, answer))
    # float64 on the CPU only: an Apple GPU has none.
    loss = torch.zeros(scored.shape, dtype=torch.float64)
    correct = torch.zeros_like(scored)
    if losses:
        loss[scored] = torch.cat(losses).cpu().double()
        correct[scored] = torch.cat(hits).cpu()
    return Scored(batch=batch, loss=loss, correct=correct, scored=scored)


def _right(logits: Tensor, answer: Tensor) -> Tensor:
    """True where an answer [N] is the argmax of its logits [N, V], the first one in a tie. Overwrites the logits.

    `argmax` over everything gives the same result, but took half of all time spent on logits at 4,096 words. It is
    called only for ties, which occur in bfloat16.
    """
    place = answer[:, None]
    own = logits.gather(1, place)
    others = logits.scatter_(1, place, -torch.inf).amax(dim=-1, keepdim=True)
    right, tied = (own > others).squeeze(1), (own == others).squeeze(1)
    if tied.any():
        again = logits[tied].scatter_(1, place[tied], own[tied])
        right[tied] = again.argmax(dim=-1) == answer[tied]
    return right


def _by_place(outcomes: list[Scored]) -> Arrays:
    loss, correct, scored = (
        torch.cat([getattr(outcome, name) for outcome in outcomes]).sum(dim=0) for name in ("loss", "correct", "scored")
    )
    return {"loss_sum": loss.numpy(), "correct": _whole(correct), "count": _whole(scored)}


def _by_row(prefix: str, outcomes: list[Scored]) -> Arrays:
    return {
        f"{prefix}_loss": torch.cat([outcome.loss.sum(dim=1) for outcome in outcomes]).numpy(),
        f"{prefix}_correct": _whole(torch.cat([outcome.correct.sum(dim=1) for outcome in outcomes])),
        f"{prefix}_count": _whole(torch.cat([outcome.scored.sum(dim=1) for outcome in outcomes])),
    }


def _only(outcomes: list[Scored], chosen: Tensor) -> list[Scored]:
    """The outcomes at the chosen places, [rows of all batches, time]."""
    parts = torch.split(chosen, [len(outcome.loss) for outcome in outcomes])
    return [
        replace(
            outcome, loss=outcome.loss.where(part, 0.0), correct=outcome.correct & part, scored=outcome.scored & part
        )
        for outcome, part in zip(outcomes, parts, strict=True)
    ]


def _by_field(task: Task, length: int, outcomes: list[Scored]) -> Arrays:
    shape = tuple(len(ranges) for ranges in task.axes(length).values())
    parts = [_row_fields(outcome, task.groups(outcome.batch, length), math.prod(shape)) for outcome in outcomes]
    loss, correct, count = (torch.cat(part) for part in zip(*parts, strict=True))
    sums = {
        "loss": loss.sum(dim=0).numpy(),
        "correct": _whole(correct.sum(dim=0)),
        "count": _whole(count.sum(dim=0)),
        "exact": _whole(((count > 0) & (correct == count)).sum(dim=0)),
        "rows": _whole((count > 0).sum(dim=0)),
    }
    return {f"group_{name}": values.reshape(shape) for name, values in sums.items()}


def _row_fields(outcome: Scored, groups: Tensor, fields: int) -> list[Tensor]:
    """Loss, correct answers and scored places of each row in each field, [rows, fields]."""
    sums = groups.new_zeros(len(groups), fields, dtype=torch.float64)
    return [sums.scatter_add(1, groups, part.double()) for part in (outcome.loss, outcome.correct, outcome.scored)]


def _whole(sums: Tensor) -> np.ndarray:
    return sums.numpy().astype(np.int32)
