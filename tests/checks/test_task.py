"""Each check of a task catches a fault that people make.

The contract test shows that registered tasks pass (tests/tasks/test_contract.py).
"""

import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.catalogue import Choice, Entry
from benchmark.checks.guessing import accuracies
from benchmark.checks.outcome import Outcome
from benchmark.checks.task import CHECKS, check
from benchmark.seeds import generator
from benchmark.tasks import CATALOGUE
from benchmark.tasks.copy import Copy
from benchmark.tasks.task import UNSCORED, Batch, Synthetic, question
from benchmark.timing import sampling

Faulty = type[Synthetic]
LENGTH = 23
ONE_A_SYMBOL = "copy-repeat"


def choice_of(kind: Faulty, **parameters: int) -> Choice:
    """A class of this file as the catalogue would read it from a file of its own."""
    entry = Entry(
        kind="task",
        name=kind.__name__.lower(),
        class_name=kind.__name__,
        path=Path(__file__),
        module=__name__,
        contract=(Path(__file__),),
        defaults=parameters,
    )
    return Choice(entry=entry, parameters=parameters)


def checked(kind: Faulty, length: int = LENGTH, **parameters: int) -> dict[str, Outcome]:
    return {found.name: found for found in check(choice_of(kind, **parameters), length)}


def failures(outcomes: dict[str, Outcome]) -> set[str]:
    return {name for name, found in outcomes.items() if found.status == "fail"}


class Sound(Copy):
    """The task that faults are planted in: copying with few symbols."""

    def __init__(self, *, symbols: int = 7) -> None:
        super().__init__(symbols=symbols)

    def string(self, size: int, length: int, draws: torch.Generator | None) -> torch.Tensor:
        return torch.randint(3, self.vocabulary, (size, length), generator=draws)


class SaysNothing(Sound):
    title = ""
    source = "a book"
    metric = "accuracy"
    numbers = True


class MarksWithoutSegments(Sound):
    marks = (1,)


class MarksOutsideItsVocabulary(Sound):
    segments = True
    marks = (1, 10)


class EndsAtForty(Sound):
    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        if length > 40:
            raise IndexError("40 places are enough")
        return super().sample(size, length, generator)


class GivesOneRow(Sound):
    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        return super().sample(1, length, generator)


class HasNoTest(Sound):
    def evaluation(self, length: int) -> Iterable[Batch]:
        return []


class KnowsNoChance(Sound):
    def chance(self, length: int) -> dict[str, float]:
        return {"exact_match": 0.0}


class IsOfInt32(Sound):
    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        batch = super().sample(size, length, generator)
        return Batch(tokens=batch.tokens, targets=batch.targets.int())


class ForgetsItsMarks(Sound):
    def tokens(self, length: int) -> int:
        return 2 * length


class ForgetsSymbols(Sound):
    """Counts the ids of symbols, but not those of the marks."""

    @property
    def vocabulary(self) -> int:
        return self.symbols

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        string = torch.randint(3, 3 + self.symbols, (size, length), generator=generator)
        return question(string, string)


class TargetsOutside(Sound):
    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        batch = super().sample(size, length, generator)
        return replace(batch, targets=batch.targets.masked_fill(batch.targets == 2, self.vocabulary))


class ScoresSomeRows(Sound):
    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        batch = super().sample(size, length, generator)
        unscored = torch.arange(size)[:, None] % 3 == 1
        return replace(batch, targets=batch.targets.masked_fill(unscored, UNSCORED))


class DrawsGlobally(Sound):
    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        string = self.string(size, length, None)
        return question(string, string)


class DrawsFromNumpy(Sound):
    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        string = torch.from_numpy(np.random.randint(3, self.vocabulary, (size, length)))
        return question(string, string)


class DrawsFromPython(Sound):
    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        string = torch.tensor([[random.randrange(3, self.vocabulary) for _ in range(length)] for _ in range(size)])
        return question(string, string)


class SeedsGlobally(Sound):
    def __init__(self, *, symbols: int = 7) -> None:
        super().__init__(symbols=symbols)
        torch.manual_seed(0)

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        string = self.string(size, length, None)
        return question(string, string)


class SeedsItsGenerator(Sound):
    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        return super().sample(size, length, generator.manual_seed(5))


class AsksOtherwiseEachTime(Sound):
    def evaluation(self, length: int) -> Iterable[Batch]:
        yield self.sample(self.problems, length, torch.Generator().manual_seed(random.randrange(2**60)))


class AsksWhatItDraws(Sound):
    """Not a fault as long as there are enough problems: training does not score these."""

    def evaluation(self, length: int) -> Iterable[Batch]:
        for step in range(2):
            yield self.sample(64, length, generator("data", type(self).__name__.lower(), 0, step))


class AsksNearlyAll(Sound):
    """All strings repeat their first two symbols: there are 49, and nearly all are in the test."""

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        string = self.string(size, length, generator)[:, torch.arange(length) % 2]
        return question(string, string)


class SaysItAsksAll(Sound):
    exhaustive = True


class SaysItAsksAllOfWhatItDraws(AsksWhatItDraws):
    exhaustive = True


class AsksTheFuture(Sound):
    """The answer is drawn independently of the string."""

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        return question(self.string(size, length, generator), self.string(size, length, generator))


class IsNotShifted(Sound):
    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        batch = super().sample(size, length, generator)
        targets = torch.where(batch.targets == UNSCORED, UNSCORED, batch.tokens)
        return replace(batch, targets=targets)


class IsShownByRule(Sound):
    """Each answer token is the symbol after the token at its own place."""

    def tokens(self, length: int) -> int:
        return length

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        string = self.string(size, length, generator)
        return Batch(tokens=string, targets=3 + (string - 2) % self.symbols)


class UnderstatesChance(Sound):
    def chance(self, length: int) -> dict[str, float]:
        return {"token_accuracy": 1 / (self.symbols + 3)}


class HasNothingToLearn(Sound):
    """Every answer is the same symbol, and `chance` says so."""

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        string = self.string(size, length, generator)
        return question(string, torch.full_like(string, 3))

    def chance(self, length: int) -> dict[str, float]:
        return {"token_accuracy": 1.0}


class AsksOneBit(Sound):
    """Names one of two bits, of which the test rows happen to hold one more often than the other."""

    @property
    def vocabulary(self) -> int:
        return 5

    def tokens(self, length: int) -> int:
        return length + 3

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        bits = torch.randint(3, 5, (size, length), generator=generator)
        return question(bits, 3 + (bits == 4).sum(dim=1, keepdim=True) % 2)

    def shortcuts(self, batch: Batch) -> dict[str, torch.Tensor]:
        return {}

    def chance(self, length: int) -> dict[str, float]:
        return {"token_accuracy": 3 / 4}


class AsksOneBitFairly(AsksOneBit):
    balanced = True


class IsSolvedByItsRule(Sound):
    """Names a rule that copies the symbol `length + 1` places back, which is what the task asks for."""

    def shortcuts(self, batch: Batch) -> dict[str, torch.Tensor]:
        answers = batch.tokens.roll(batch.tokens.shape[1] // 2 - 1, dims=1)
        answers[:, -1] = 2
        return {"symbol as far back as the string is long": answers}


class IsSolvedByItsRuleAtFirst(IsSolvedByItsRule):
    def shortcuts(self, batch: Batch) -> dict[str, torch.Tensor]:
        rules = super().shortcuts(batch)
        return rules if batch.tokens.shape[1] == self.tokens(LENGTH) else dict.fromkeys(rules, batch.tokens)


class LeavesPython(Sound):
    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        raise SystemExit("no more")


class TakesAnything(Sound):
    def __init__(self, *, symbols: int = 7) -> None:
        super().__init__(symbols=7)
        self.symbols = symbols


FAULTS: list[tuple[Faulty, str, set[str]]] = [
    # the check that must fail, and others that fail with it
    (SaysNothing, "says what it is", {"every length works"}),
    (MarksWithoutSegments, "says what it is", set()),
    (MarksOutsideItsVocabulary, "says what it is", set()),
    (EndsAtForty, "every length works", {"size", "speed", "test rows are balanced", "no named shortcut solves it"}),
    (GivesOneRow, "every length works", {"nonsensical parameters", "test rows are balanced"}),
    (HasNoTest, "every length works", {"test rows are balanced"}),
    (KnowsNoChance, "every length works", {"test rows are balanced"}),
    (IsOfInt32, "arrays", {"ids in the vocabulary", "answers follow from earlier tokens"}),
    (ForgetsItsMarks, "width of a row", set()),
    (ForgetsSymbols, "ids in the vocabulary", set()),
    (TargetsOutside, "ids in the vocabulary", set()),
    (ScoresSomeRows, "a scored target in every row", set()),
    (DrawsGlobally, "same generator, same batch", {"global random state is unchanged", "test rows are fixed"}),
    (DrawsFromNumpy, "same generator, same batch", {"global random state is unchanged", "test rows are fixed"}),
    (DrawsFromPython, "same generator, same batch", {"test rows are fixed"}),
    (SeedsGlobally, "global random state is unchanged", {"another generator, another batch"}),
    (SeedsItsGenerator, "another generator, another batch", {"test rows were not trained on"}),
    (AsksOtherwiseEachTime, "test rows are fixed", set()),
    (AsksNearlyAll, "test rows were not trained on", {"chance", "test rows are balanced"}),
    (SaysItAsksAll, "test rows were not trained on", set()),
    (SaysItAsksAllOfWhatItDraws, "test rows were not trained on", set()),
    (AsksTheFuture, "answers follow from earlier tokens", set()),
    (
        IsNotShifted,
        "target is not its own input",
        {"no rule from its own input", "chance", "no named shortcut solves it"},
    ),
    (IsShownByRule, "no rule from its own input", set()),
    (UnderstatesChance, "chance", {"test rows are balanced"}),
    (HasNothingToLearn, "chance", set()),
    (AsksOneBit, "test rows are balanced", set()),
    (IsSolvedByItsRule, "no named shortcut solves it", set()),
]


@pytest.fixture(autouse=True)
def speed_is_measured_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shortens the timing of drawing, which no test here is about."""
    monkeypatch.setattr(sampling, "ROUND_SECONDS", 1e-4)


@pytest.mark.parametrize(("kind", "name", "also"), FAULTS, ids=lambda value: getattr(value, "__name__", None))
def test_a_fault_is_found(kind: Faulty, name: str, also: set[str]) -> None:
    outcomes = checked(kind)
    assert outcomes[name].status == "fail"
    assert outcomes[name].remedy
    assert failures(outcomes) - {name} <= also


def test_balanced_rows_pass_where_drawn_ones_do_not() -> None:
    drawn, fair = (checked(kind)["test rows are balanced"] for kind in (AsksOneBit, AsksOneBitFairly))
    assert fair.status == "pass"
    assert "best constant answer scores token_accuracy 0.75 at length" in fair.detail
    assert drawn.status == "fail" and "chance 0.75 (allowed 0.805)" in drawn.detail


def test_a_rule_that_solves_only_the_trained_length_is_pointed_out() -> None:
    name = "no named shortcut solves it"
    assert checked(Sound)[name].status == "pass"
    found = checked(IsSolvedByItsRuleAtFirst)[name]
    assert found.status == "fact"
    assert 'the rule "symbol as far back as the string is long" scores token_accuracy 1 at length 23' in found.detail
    assert checked(AsksOneBitFairly)[name].status == "not applicable"


def test_parameters_are_tried_at_nonsensical_values() -> None:
    name = "nonsensical parameters"
    assert checked(Sound, symbols=7)[name].status == "pass"
    assert checked(Sound)[name].status == "not applicable"
    found = checked(TakesAnything, symbols=7)[name]
    assert found.status == "fail"
    assert "symbols=-1: accepted, then RuntimeError" in found.detail
    assert "symbols=0: accepted, then RuntimeError" in found.detail


def test_a_task_with_few_problems_fails_unless_it_is_exhaustive() -> None:
    name = "test rows were not trained on"
    few, one = (
        next(each for each in check(CATALOGUE.choice(item), 8) if each.name == name) for item in ("dyck", ONE_A_SYMBOL)
    )
    assert few.status == "fail" and "training scores 0; 16% of 4,096 rows drawn at length 8 may be scored" in few.detail
    assert one.status == "not applicable" and "training meets 100 of all 100 problems of length 8" in one.detail


def test_test_rows_that_training_draws_are_not_scored_and_pass() -> None:
    found = checked(AsksWhatItDraws)["test rows were not trained on"]
    assert found.status == "pass"
    assert found.detail.startswith(
        "of 128 different test rows of length 23 and its views, training scores 0; 97% of 4,096 rows drawn at length 23"
    )


def test_shorter_lengths_are_checked_if_a_view_has_rows_of_their_width() -> None:
    found = {each.name: each for each in check(CATALOGUE.choice("addition"), 3)}["test rows were not trained on"]
    assert found.status == "pass"
    assert "training scores 0" in found.detail and "rows drawn at length 1 may be scored" in found.detail


def test_lengths_below_the_shortest_are_not_checked() -> None:
    outcomes = {found.name: found for found in check(CATALOGUE.choice("offset-recall:back=31"), 23)}
    assert failures(outcomes) <= {"test rows are balanced"}  # at the shortest length, a row asks a single question
    assert (
        "of the lengths 32, 33, 34, 64, 128, 256, 512, these do not work: none" in outcomes["every length works"].detail
    )


def test_an_exception_in_an_authors_code_fails_only_the_checks_that_meet_it() -> None:
    outcomes = checked(LeavesPython)
    assert "SystemExit: no more" in outcomes["arrays"].detail
    assert outcomes["says what it is"].status == "pass"
    assert outcomes["size"].status == "fail"


def test_the_hash_of_a_batch_is_reproducible_and_depends_on_the_rows() -> None:
    details = [checked(kind)["same generator, same batch"].detail for kind in (Sound, Sound, IsShownByRule)]
    assert details[0] == details[1] != details[2]


def test_accuracies_by_hand() -> None:
    none = UNSCORED
    asked = Batch(
        tokens=torch.zeros(3, 5, dtype=torch.int64),
        targets=torch.tensor([[none, 3, 4, 5, none], [none, 3, 3, none, none], [none, none, 7, none, none]]),
    )
    guesses = torch.tensor([[0, 3, 4, 6, 0], [0, 3, 3, 1, 1], [9, 9, 8, 9, 9]])
    rates = accuracies(guesses, asked)
    assert rates["token_accuracy"][0] == pytest.approx(4 / 6)
    assert rates["exact_match"][0] == pytest.approx(1 / 3)
    residuals = [2 - 3 * 4 / 6, 2 - 2 * 4 / 6, 0 - 1 * 4 / 6]
    assert rates["token_accuracy"][1] == pytest.approx(4 * sum(r * r for r in residuals) ** 0.5 / 6)
    assert rates["exact_match"][1] == pytest.approx(4 * (1 / 3 * 2 / 3 / 3) ** 0.5)


def test_the_callers_random_state_is_unchanged() -> None:
    before = torch.get_rng_state()
    checked(DrawsGlobally)
    assert torch.equal(torch.get_rng_state(), before)


def test_names_and_remedies_say_what_to_do() -> None:
    assert len({each.name for each in CHECKS}) == len(CHECKS)
    assert all(each.remedy for each in CHECKS)
