"""Rows as scored: which places count, and chance and shortcuts on them, against guessers in plain Python."""

import pytest
import torch

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED, Batch, Synthetic, Task
from benchmark.training.asked import CONSTANT, Asked

NESTED = [name for name in tasks.TABLE if tasks.CATALOGUE.entry(name).attributes["nested"] and name != "corpus"]
OPENING = 7


class Told(Synthetic):
    """Test rows as given; a rule names the token one place back."""

    name = "told"
    metric = "token_accuracy"
    vocabulary = 9

    def __init__(self, *batches: Batch) -> None:
        self.batches = batches

    def tokens(self, length: int) -> int:
        return length

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        return self.batches[0]

    def evaluation(self, length: int) -> tuple[Batch, ...]:
        return self.batches

    def shortcuts(self, batch: Batch) -> dict[str, torch.Tensor]:
        return {"one back": batch.tokens.roll(1, dims=1)}

    def chance(self, length: int) -> dict[str, float]:
        return {"token_accuracy": 0.5, "exact_match": 0.25}


def batch_of(*rows: tuple[list[int], list[int]]) -> Batch:
    tokens, targets = zip(*rows, strict=True)
    return Batch(tokens=torch.tensor(tokens), targets=torch.tensor(targets))


def scored_rows(asked: Asked) -> Batch:
    return Batch(**{each: torch.cat([getattr(batch, each) for batch in asked.rows]) for each in ("tokens", "targets")})


@pytest.mark.parametrize("name", NESTED)
def test_past_the_trained_length_only_places_past_it_are_scored(name: str) -> None:
    task = tasks.make(name)
    for asked, batch in zip(Asked.of(task, 23, OPENING).rows, task.evaluation(23), strict=True):
        late = torch.arange(batch.tokens.shape[1]) >= task.tokens(OPENING)
        assert torch.equal(asked.tokens, batch.tokens)
        assert torch.equal(asked.targets, batch.targets.where(late, UNSCORED))
        assert (asked.targets != UNSCORED).any(dim=1).all()


@pytest.mark.parametrize(("name", "length"), [("state-tracking", 7), ("state-tracking", 5), ("parity", 29)])
def test_at_the_trained_length_and_in_other_tasks_every_answer_is_scored(name: str, length: int) -> None:
    task = tasks.make(name)
    asked = Asked.of(task, length, OPENING)
    for own, batch in zip(asked.rows, task.evaluation(length), strict=True):
        assert torch.equal(own.targets, batch.targets)
    assert asked.chance == task.chance(length)


def _coin_a_write(task: Task, batch: Batch) -> torch.Tensor:
    """A coin for each written bit, named at every read until the next write."""
    writes = (batch.tokens == 2).cumsum(dim=1)
    coins = torch.randint(2, (len(writes), int(writes.max()) + 1), generator=generator("coins"))
    return coins.gather(1, writes)


def _symbol_a_row(task: Task, batch: Batch) -> torch.Tensor:
    return torch.randint(10, (len(batch.tokens), 1), generator=generator("symbols")).expand_as(batch.tokens)


def _element(task: Task, batch: Batch) -> torch.Tensor:
    return torch.randint(6, batch.tokens.shape, generator=generator("elements"))


def _likeliest_depth(task: Task, batch: Batch) -> torch.Tensor:
    others = task.sample(20000, batch.tokens.shape[1] - 1, generator("depths")).targets
    times = torch.stack([(others == token).sum(dim=0) for token in range(task.vocabulary)])
    return times.argmax(dim=0).expand_as(batch.tokens)


def _symbol(task: Task, batch: Batch) -> torch.Tensor:
    return torch.randint(task.vocabulary, batch.tokens.shape, generator=generator("any"))


GUESSERS = {
    "dyck": _likeliest_depth,
    "first-recall": _symbol_a_row,
    "flip-flop": _coin_a_write,
    "offset-recall": _symbol,
    "state-tracking": _element,
}


@pytest.mark.parametrize("name", NESTED)
def test_chance_past_the_trained_length_is_the_score_of_a_guesser_there(name: str) -> None:
    task, rows, length = tasks.make(name), 20000, 10
    drawn = task.sample(rows, length, generator("asked", name))
    late = torch.arange(drawn.tokens.shape[1]) >= task.tokens(OPENING)
    targets = drawn.targets.where(late, UNSCORED)
    scored = targets != UNSCORED
    hit = (GUESSERS[name](task, drawn) == targets) & scored
    chance = Asked.of(task, length, OPENING).chance
    assert hit.sum() / scored.sum() == pytest.approx(chance["token_accuracy"], abs=0.015)
    if name != "dyck":  # whose likeliest depths, place by place, are not those of any row
        exact = (hit == scored).all(dim=1).double().mean().item()
        assert exact == pytest.approx(chance["exact_match"], abs=4 * (chance["exact_match"] / rows) ** 0.5)


def test_shortcuts_by_hand() -> None:
    """5 is right at three places of five and in one row of three; one back at four places, and in two rows."""
    no = UNSCORED
    batches = (batch_of(([4, 5, 6, 7], [no, no, 5, 5]), ([5, 6, 5, 5], [no, 5, 6, no])), batch_of(([8, 3], [no, 8])))
    found = Asked.of(Told(*batches), 4, 4).shortcuts
    assert found[CONSTANT] == pytest.approx({"token_accuracy": 3 / 5, "exact_match": 1 / 3})
    assert found["one back"] == pytest.approx({"token_accuracy": 4 / 5, "exact_match": 2 / 3})


def test_an_answer_that_every_row_has_at_a_place_comes_free() -> None:
    """EOS (2) closes every row: the constant answer is needed for the other place only."""
    no = UNSCORED
    batch = batch_of(([1, 7, 7], [no, 7, 2]), ([1, 7, 7], [no, 7, 2]), ([1, 7, 8], [no, 8, 2]))
    assert Asked.of(Told(batch), 3, 3).shortcuts[CONSTANT] == pytest.approx(
        {"token_accuracy": 5 / 6, "exact_match": 2 / 3}
    )


def test_a_single_row_gives_nothing_for_free() -> None:
    batch = batch_of(([1, 7, 7], [UNSCORED, 7, 2]))
    assert Asked.of(Told(batch), 3, 3).shortcuts[CONSTANT] == {"token_accuracy": 0.5, "exact_match": 0.0}


@pytest.mark.parametrize("name", ["even-pairs", "modular-arithmetic", "first-recall"])
def test_no_constant_answer_beats_chance_on_balanced_rows(name: str) -> None:
    task = tasks.make(name)
    for length in (7, 23, 112):
        asked = Asked.of(task, length, OPENING)
        targets = scored_rows(asked).targets[:, -1 if name == "first-recall" else -2]
        shares = targets.bincount().double() / len(targets)
        assert asked.shortcuts[CONSTANT][task.metric] == pytest.approx(shares.max().item())
        assert shares.max().item() == pytest.approx(asked.chance[task.metric])
