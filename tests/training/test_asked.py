"""Rows as they are scored: past L only for nested tasks, with the chance and the shortcuts of exactly those places."""

import pytest
import torch

from benchmark.seeds import generator
from benchmark.tasks.copy import Copy
from benchmark.tasks.even_pairs import EvenPairs
from benchmark.tasks.state_tracking import StateTracking
from benchmark.tasks.task import EOS, UNSCORED, Batch, Synthetic, Task
from benchmark.training.asked import CONSTANT, Asked


def asked(task: Task, length: int, train_length: int) -> Asked:
    return Asked.of(task, length, train_length)


def test_a_nested_task_is_scored_past_the_trained_length_only() -> None:
    task = StateTracking()
    whole, late = asked(task, 13, 13), asked(task, 13, 7)
    for all_places, some in zip(whole.rows, late.rows, strict=True):
        assert all_places.tokens.equal(some.tokens)
        assert (some.targets[:, :7] == UNSCORED).all()
        assert some.targets[:, 7:].equal(all_places.targets[:, 7:])


def test_at_the_trained_length_and_below_everything_is_scored() -> None:
    task = StateTracking()
    for length, train_length in ((7, 7), (5, 7)):
        rows = zip(asked(task, length, train_length).rows, task.evaluation(length), strict=True)
        assert all(own.targets.equal(batch.targets) for own, batch in rows)


def test_a_task_that_is_not_nested_is_scored_whole_at_every_length() -> None:
    rows = zip(asked(Copy(), 11, 5).rows, Copy().evaluation(11), strict=True)
    assert all(own.targets.equal(batch.targets) for own, batch in rows)


def test_a_model_that_stops_at_the_trained_length_has_the_score_of_guessing() -> None:
    """On all places it would keep 7 / 28 of them, although it extrapolates to none."""
    task, right, places = StateTracking(), 0, 0
    late = asked(task, 28, 7)
    for number, batch in enumerate(late.rows):
        guesses = torch.randint(6, batch.targets.shape, generator=generator("guess", number))
        guesses[:, :7] = task.sample(1, 7, generator("other", number)).targets  # whatever it says there
        scored = batch.targets != UNSCORED
        right, places = right + int((guesses == batch.targets)[scored].sum()), places + int(scored.sum())
    assert places == 21 * sum(len(batch.targets) for batch in late.rows)
    assert late.chance["token_accuracy"] == pytest.approx(1 / 6)
    assert right / places == pytest.approx(1 / 6, abs=0.03)
    assert late.chance["exact_match"] == pytest.approx((1 / 6) ** 21)


def test_chance_of_a_task_that_is_scored_whole_is_its_own() -> None:
    assert asked(Copy(), 11, 5).chance == Copy().chance(11)


def test_the_best_constant_answer_is_the_most_frequent_one_with_eos_for_nothing() -> None:
    task = EvenPairs()
    ones = zeros = 0
    for batch in task.evaluation(17):
        for row in batch.targets.tolist():
            (answer,) = (token for token in row if token not in (UNSCORED, EOS))
            ones, zeros = ones + (answer == 4), zeros + (answer == 3)
    share = max(ones, zeros) / (ones + zeros)
    scores = asked(task, 17, 20).shortcuts[CONSTANT]
    assert scores["exact_match"] == pytest.approx(share)
    assert scores["token_accuracy"] == pytest.approx((share + 1) / 2)


class Ruled(Synthetic):
    """Two places: the first target is the token before it, the second is random."""

    name, title, group, definition, source = "ruled", "Ruled", "recall", "none", "none"
    metric = "token_accuracy"
    vocabulary = 7
    problems = 53

    def tokens(self, length: int) -> int:
        return length + 2

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        tokens = torch.randint(7, (size, length + 2), generator=generator)
        targets = torch.full_like(tokens, UNSCORED)
        targets[:, 1] = tokens[:, 0]
        targets[:, -1] = torch.randint(7, (size,), generator=generator)
        return Batch(tokens=tokens, targets=targets)

    def chance(self, length: int) -> dict[str, float]:
        return {"token_accuracy": 1 / 7}

    def shortcuts(self, batch: Batch) -> dict[str, torch.Tensor]:
        return {"the token before": batch.tokens.roll(1, dims=1)}


def test_a_rule_of_the_task_is_scored_on_the_test_rows() -> None:
    batches = list(Ruled().evaluation(11))
    last = sum(int((batch.tokens[:, -2] == batch.targets[:, -1]).sum()) for batch in batches)
    rows = sum(len(batch.tokens) for batch in batches)
    scores = asked(Ruled(), 11, 11).shortcuts
    assert list(scores) == [CONSTANT, "the token before"]
    assert scores["the token before"]["token_accuracy"] == pytest.approx((rows + last) / (2 * rows))
    assert scores["the token before"]["exact_match"] == pytest.approx(last / rows)


class OneRow(Ruled):
    """One test row: its answers must not count as given."""

    problems = 1


def test_a_single_row_gives_nothing_for_free() -> None:
    batch = next(iter(OneRow().evaluation(11)))
    alike = len(set(batch.targets[batch.targets != UNSCORED].tolist())) == 1
    assert asked(OneRow(), 11, 11).shortcuts[CONSTANT]["token_accuracy"] == (1.0 if alike else 0.5)
