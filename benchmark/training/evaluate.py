"""Evaluation: raw outcomes by place and by row, at one length."""

import time
from contextlib import AbstractContextManager

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.model.transformer import Transformer
from benchmark.results.record import Arrays
from benchmark.tasks.task import UNSCORED, Batch, Task

CHUNK = 4096  # scored places whose logits are held at once


def evaluate(
    model: Transformer, task: Task, length: int, device: torch.device, cast: AbstractContextManager[object]
) -> tuple[Arrays, float]:
    """The arrays of a length (see EvalRecord), and the seconds that they took."""
    model.eval()
    started = time.perf_counter()
    with torch.inference_mode(), cast:
        arrays = _sums(*_outcomes(model, task, length, device))
    return arrays, time.perf_counter() - started


def _outcomes(model: Transformer, task: Task, length: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Loss in nats, correctness, and whether it is scored, of every place of every test row: each [N, T]."""
    parts = [_places(model, batch, device) for batch in task.evaluation(length)]
    loss, correct, scored = (torch.cat(part) for part in zip(*parts, strict=True))
    return loss, correct, scored


def _places(model: Transformer, batch: Batch, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    targets = batch.targets.to(device)
    scored = targets != UNSCORED
    hidden = model(batch.tokens.to(device))[scored]
    wanted = targets[scored]
    losses, hits = [], []
    for part, answer in zip(torch.split(hidden, CHUNK), torch.split(wanted, CHUNK), strict=True):
        logits = model.logits(part).float()
        losses.append(F.cross_entropy(logits, answer, reduction="none"))
        hits.append(logits.argmax(dim=-1) == answer)
    loss = torch.zeros(targets.shape, dtype=torch.float64, device=device)
    correct = torch.zeros_like(scored)
    if losses:
        loss[scored] = torch.cat(losses).double()
        correct[scored] = torch.cat(hits)
    return loss.cpu(), correct.cpu(), scored.cpu()


def _sums(loss: Tensor, correct: Tensor, scored: Tensor) -> Arrays:
    arrays: Arrays = {}
    for axis, prefix in ((0, ""), (1, "row_")):
        arrays[f"{prefix}loss{'_sum' if axis == 0 else ''}"] = loss.sum(axis).numpy()
        arrays[f"{prefix}correct"] = correct.sum(axis).numpy().astype(np.int32)
        arrays[f"{prefix}count"] = scored.sum(axis).numpy().astype(np.int32)
    return arrays
