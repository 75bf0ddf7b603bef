import pytest
import torch

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED
from benchmark.training.held_out import HeldOut


def rows(batches) -> set[tuple[int, ...]]:
    return {tuple(row) for batch in batches for row in batch.tokens.tolist()}


@pytest.mark.parametrize("name", ["parity", "sum-mod-10", "state-tracking"])
def test_training_never_scores_a_test_problem(name: str) -> None:
    task, length = tasks.make(name), 4
    test, held_out, met = rows(task.evaluation(length)), HeldOut(task, length), 0
    for step in range(20):
        drawn = task.sample(64, length, generator("data", step))
        batch = held_out.out_of([drawn])[0]
        scored = (batch.targets != UNSCORED).any(dim=1)
        asked = torch.tensor([tuple(row) in test for row in drawn.tokens.tolist()])
        met += int(asked.sum())
        assert torch.equal(scored, ~asked)
        assert torch.equal(batch.targets[scored], drawn.targets[scored])
    assert met > 0


def test_without_overlap_batches_are_unchanged() -> None:
    task = tasks.make("copy")
    held_out, drawn = HeldOut(task, 16), task.sample(64, 16, generator("data"))
    assert held_out.out_of([drawn])[0] is drawn


def test_rows_of_a_view_are_held_out_at_their_own_width() -> None:
    """In addition's grid at L = 3, two-digit sums are as wide as training rows of length 1."""
    task = tasks.make("addition")
    held_out = HeldOut(task, 3)
    grid = {row for row in rows(task.views(3, 3)["operands"]) if len(row) == task.tokens(1)}
    drawn = task.sample(2000, 1, generator("data"))
    scored = (held_out.out_of([drawn])[0].targets != UNSCORED).any(dim=1)
    asked = torch.tensor([tuple(row) in grid for row in drawn.tokens.tolist()])
    assert len(grid) > 0
    assert 0 < int(asked.sum()) < 2000
    assert torch.equal(scored, ~asked)


def test_batches_of_several_widths_are_searched_together() -> None:
    task = tasks.make("addition")
    held_out = HeldOut(task, 3)
    drawn = [task.sample(500, length, generator("data", step)) for step, length in enumerate((1, 3, 1, 2, 3, 1))]
    kept = held_out.out_of(drawn)
    assert len(kept) == len(drawn)
    for batch, own in zip(drawn, kept, strict=True):
        (alone,) = held_out.out_of([batch])
        assert torch.equal(own.tokens, batch.tokens) and torch.equal(own.targets, alone.targets)
    assert sum(not torch.equal(own.targets, batch.targets) for batch, own in zip(drawn, kept, strict=True)) >= 3


def test_other_lengths_and_exhaustive_tasks_are_left_alone() -> None:
    parity, repeat = tasks.make("parity"), tasks.make("copy-repeat")
    for task, length, test_length in ((parity, 3, 4), (repeat, 4, 4)):
        drawn = task.sample(64, length, generator("data"))
        assert HeldOut(task, test_length).out_of([drawn])[0] is drawn
