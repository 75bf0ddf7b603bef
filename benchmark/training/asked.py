"""The test rows that a model is asked, and what those would score on them who have not learned the task.

Every prefix of a `nested` problem is a problem too, so a long row asks mostly what training asked. Past the trained
length only places past it are scored: a model that does not extrapolate at all would otherwise keep part of its score.

    chance      the score of guessing, from the task (`Task.chance`)
    shortcuts   the scores of simple rules on these very rows: one constant answer, and those of `Task.shortcuts`
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool
from torch import Tensor

from benchmark.tasks.task import UNSCORED, Batch, Task

CONSTANT = "constant answer"

Scores = dict[str, float]  # by metric


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The test rows of a task at one length, as a model of some trained length is scored on them."""

    task: Task
    length: int
    train_length: int
    rows: tuple[Batch, ...]
    early: int  # places that are not scored because training asked the like of them

    @classmethod
    def of(cls, task: Task, length: int, train_length: int) -> "Asked":
        """Draw them."""
        rows = tuple(task.evaluation(length))
        if task.language or not task.nested or length <= train_length:
            return cls(task=task, length=length, train_length=train_length, rows=rows, early=0)
        skipped = task.tokens(train_length)
        early = sum(int((batch.targets[:, :skipped] != UNSCORED).sum()) for batch in rows)
        late = tuple(Batch(tokens=batch.tokens, targets=_without(batch.targets, skipped)) for batch in rows)
        return cls(task=task, length=length, train_length=train_length, rows=late, early=early)

    @property
    def chance(self) -> Scores:
        """The score of guessing on the scored places, by metric.

        Where only those past the trained length are, that of a token follows from the chances of both lengths, since a
        long row opens with a problem of the trained length.
        """
        whole = self.task.chance(self.length)
        if not self.early:
            return whole
        found, opening = dict(whole), self.task.chance(self.train_length)
        places = sum(int((batch.targets != UNSCORED).sum()) for batch in self.rows)
        if "token_accuracy" in whole and places:
            right = whole["token_accuracy"] * (places + self.early) - opening["token_accuracy"] * self.early
            found["token_accuracy"] = min(1.0, max(0.0, right / places))
        if "exact_match" in whole:
            found["exact_match"] = self.task.chance_of_rest(self.length, self.train_length)
        return found

    @property
    def shortcuts(self) -> dict[str, Scores]:
        """The scores of every shortcut, by its name; none for a text, whose metric is a loss."""
        batches = [batch for batch in self.rows if (batch.targets != UNSCORED).any()]
        if self.task.language or not batches:
            return {}
        answers = {CONSTANT: _constant(batches)}
        for batch in batches:
            for name, tokens in self.task.shortcuts(batch).items():
                answers.setdefault(name, []).append(tokens)
        return {name: _score(batches, own) for name, own in answers.items()}


def _without(targets: Tensor, places: int) -> Tensor:
    """Targets whose first places are not scored."""
    late = targets.clone()
    late[:, :places] = UNSCORED
    return late


def _constant(batches: Sequence[Batch]) -> list[Tensor]:
    """One and the same answer at every scored place, the one that is right most often, as tokens [batch, time].

    A place where all rows have the same target (such as a closing EOS) needs no answer of its own: it comes free.
    """
    free = _free(batches)
    targets = torch.cat(
        [batch.targets[(batch.targets != UNSCORED) & ~free[: batch.targets.shape[1]]] for batch in batches]
    )
    answer = int(targets.mode().values) if len(targets) else UNSCORED
    return [batch.targets.where(free[: batch.targets.shape[1]], answer) for batch in batches]


def _free(batches: Sequence[Batch]) -> Bool[Tensor, " time"]:
    """True for a place that every row scores, with one target; never if there is only one row."""
    width = max(batch.targets.shape[1] for batch in batches)
    first, free, rows = batches[0].targets.new_full((width,), UNSCORED), torch.ones(width, dtype=torch.bool), 0
    first[: batches[0].targets.shape[1]] = batches[0].targets[0]
    for batch in batches:
        own = batch.targets.shape[1]
        free[:own] &= (batch.targets == first[:own]).all(dim=0)
        free[own:] = False
        rows += len(batch.targets)
    return free & (first != UNSCORED) & (rows > 1)


def _score(batches: Sequence[Batch], answers: Sequence[Tensor]) -> Scores:
    right = places = exact = rows = 0
    for batch, answer in zip(batches, answers, strict=True):
        scored = batch.targets != UNSCORED
        hit = (answer == batch.targets) & scored
        asked = scored.any(dim=1)
        right, places = right + int(hit.sum()), places + int(scored.sum())
        exact, rows = exact + int(((hit == scored).all(dim=1) & asked).sum()), rows + int(asked.sum())
    return {"token_accuracy": right / places, "exact_match": exact / rows}
