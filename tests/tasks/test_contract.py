"""The contract of every registered task: all checks pass, and so do tests of what they leave out.

Each task has its own file with golden examples, written by hand.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from benchmark import tasks
from benchmark.catalogue import Choice
from benchmark.checks.outcome import run
from benchmark.checks.problems import Problems
from benchmark.checks.task import CHECKS, check
from benchmark.experiments.presets import QUICK
from benchmark.metrics import headlines
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED, Batch, Language, Task
from benchmark.timing import sampling
from benchmark.training.held_out import problems_of

SYNTHETIC = [name for name in tasks.TABLE if not tasks.CATALOGUE.entry(name).attributes["language"]]
LENGTHS = (1, 7, 16, 40)
FIXED_AND_HELD_OUT = ("test rows are fixed", "test rows were not trained on")


@pytest.fixture(params=tasks.TABLE)
def task(request: pytest.FixtureRequest) -> Task:
    return tasks.make(choice_of(request.param))


def choice_of(name: str) -> Choice:
    return tasks.CATALOGUE.choice("corpus:text=shuihu:vocabulary=600" if name == "corpus" else name)


@pytest.fixture(autouse=True)
def speed_is_measured_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shortens the timing of drawing, which no test here is about."""
    monkeypatch.setattr(sampling, "ROUND_SECONDS", 1e-4)


@pytest.mark.parametrize("name", tasks.TABLE)
def test_every_check_passes(name: str) -> None:
    choice = tasks.CATALOGUE.choice(
        "corpus:vocabulary=600" if name == "corpus" else name
    )  # the text that is long enough for 16 L
    outcomes = check(choice, QUICK.budgets_for(name)[0].train_length)
    assert [found.name for found in outcomes] == [each.name for each in CHECKS]
    assert [f"{found.name}: {found.detail}" for found in outcomes if found.status == "fail"] == []
    facts = {found.name for found in outcomes if found.status == "fact"}
    strong = {"no named shortcut solves it"} if name in ("copy", "copy-twice", "reverse") else set()  # at L only
    assert facts == {"size", "speed"} | strong


def lengths(task: Task) -> list[int]:
    return [length for length in LENGTHS if length >= task.shortest()]


def test_the_registry_is_the_folder_and_sorted() -> None:
    folder = Path(tasks.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__", "task"}
    assert set(tasks.TABLE.values()) == modules
    assert list(tasks.TABLE) == sorted(tasks.TABLE)


def test_a_task_describes_itself(task: Task) -> None:
    entry = tasks.CATALOGUE.entry(task.name)
    for attribute in (
        "title",
        "group",
        "definition",
        "source",
        "metric",
        "version",
        "language",
        "nested",
        "balanced",
        "numbers",
        "digits",
        "sweep",
    ):
        assert entry.attributes[attribute] == getattr(task, attribute)
    assert task.definition and task.source.startswith("https://")
    assert task.metric in headlines(language=task.language)
    assert task.language == isinstance(task, Language)


def test_the_stated_vocabulary_is_the_tasks() -> None:
    for name in SYNTHETIC:
        assert tasks.CATALOGUE.entry(name).stated("Vocabulary") == str(tasks.make(name).vocabulary), name
    corpus = tasks.CATALOGUE.entry("corpus")
    assert corpus.stated("Vocabulary") == str(corpus.defaults["vocabulary"])


@pytest.mark.parametrize("name", SYNTHETIC)
def test_the_stated_chance_level_is_that_of_the_headline_metric(name: str) -> None:
    task, stated = tasks.make(name), tasks.CATALOGUE.entry(name).stated("Chance")
    assert stated is not None
    values = re.findall(r"(\S+) at length (\d+)", stated)
    for value, length in values:
        assert f"{task.chance(int(length))[task.metric]:.2g}" == value
    for length in () if values else (task.shortest(), 16, 40, 160):
        expression = compile(stated, name, "eval")
        assert eval(expression, {"length": length}) == pytest.approx(task.chance(length)[task.metric], rel=1e-9)


@pytest.mark.parametrize("name", tasks.TABLE)
def test_the_evaluation_is_fixed_and_differs_from_training(name: str) -> None:
    """At a trained length other than the preset's, which `test_every_check_passes` covers."""
    problems = Problems(choice=choice_of(name), train_length=40)
    outcomes = [run(each, problems) for each in CHECKS if each.name in FIXED_AND_HELD_OUT]
    assert len(outcomes) == len(FIXED_AND_HELD_OUT)
    assert [f"{found.name}: {found.detail}" for found in outcomes if found.status == "fail"] == []


def test_held_out_problems_include_the_test_rows(task: Task) -> None:
    for length in {40, max(task.shortest(), QUICK.budgets_for(task.name)[0].train_length)}:
        test = {tuple(row) for batch in problems_of(task, length) for row in batch.tokens.tolist()}
        assert test >= {tuple(row) for batch in task.evaluation(length) for row in batch.tokens.tolist()}


@pytest.mark.parametrize("name", SYNTHETIC)
def test_test_problems_are_all_different(name: str) -> None:
    task = tasks.make(name)
    rows = [tuple(row) for batch in task.evaluation(40) for row in batch.tokens.tolist()]
    assert len(rows) == len(set(rows))
    if task.balanced or name == "flip-flop":
        assert 0.95 <= len(rows) / task.test_rows(40) <= 1.05
    else:
        assert len(rows) == (task.symbols if task.exhaustive else task.test_rows(40))


@pytest.mark.parametrize("length", [2, 3, 5, 40, 211])
@pytest.mark.parametrize("name", [name for name in SYNTHETIC if tasks.CATALOGUE.entry(name).attributes["balanced"]])
def test_balanced_rows_have_all_answers_equally_often(name: str, length: int) -> None:
    task = tasks.make(name)
    batches = list(task.evaluation(max(length, task.shortest())))
    assert all(batch.tokens.numel() <= task.batch_tokens for batch in batches)
    times = Counter(tuple(row) for batch in batches for row in batch.targets.tolist())
    if name == "count-symbol":  # counts beyond a half are rare
        assert list(times.values()).count(max(times.values())) >= length // 3
    else:
        assert len(set(times.values())) == 1


@pytest.mark.parametrize("name", SYNTHETIC)
def test_chance_is_the_score_of_a_guesser(name: str) -> None:
    """The guesser knows the rules of each task, and guesses where they leave a choice."""
    task, rows = tasks.make(name), 4000
    length = max(16, task.shortest())
    batch = all_test_rows(task, length) if task.balanced else task.sample(rows, length, generator("chance"))
    guesses = GUESSERS[name](task, batch, length, generator("guess"))
    scored = batch.targets != UNSCORED
    right = (guesses == batch.targets)[scored].double().mean().item()
    spread = 4 * (0.25 / int(scored.sum())) ** 0.5
    assert right == pytest.approx(task.chance(length)["token_accuracy"], abs=spread)


# Small enough that the most likely answer is often right: two digits, or four of anything else.
WHOLE = {
    **{name: name for name in SYNTHETIC if tasks.CATALOGUE.entry(name).attributes["metric"] == "exact_match"},
    "copy-repeat": "copy-repeat:symbols=7",
    "needle": "needle:figures=1",
    "sort": "sort:symbols=3",
}


@pytest.mark.parametrize("item", WHOLE.values())
def test_chance_of_a_whole_answer_is_that_of_the_likeliest(item: str) -> None:
    """The guesser gives every row the same answer, the most frequent one of other rows."""
    task, rows = tasks.make(item), 20000
    length = 2 if task.name == "addition" else max(4, task.shortest())
    learnt, asked = (task.sample(rows, length, generator("whole", name)).targets for name in ("learnt", "asked"))
    if task.balanced:
        learnt = asked = all_test_rows(task, length).targets
    answers, times = learnt.unique(dim=0, return_counts=True)
    right = (asked == answers[times.argmax()]).all(dim=1).double().mean().item()
    chance = task.chance(length)["exact_match"]
    assert right > 0
    assert right == pytest.approx(chance, abs=4 * (chance * (1 - chance) / rows) ** 0.5)


def all_test_rows(task: Task, length: int) -> Batch:
    """All test rows of a length."""
    batches = list(task.evaluation(length))
    return Batch(**{each: torch.cat([getattr(batch, each) for batch in batches]) for each in ("tokens", "targets")})


def _guess_copy(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    """EOS is always last; everything else is a symbol."""
    return _guess_from(range(3, task.vocabulary), batch, draws, known=[2])


def _guess_copy_repeat(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    """A blind start, then a repeat of the tokens before, until EOS."""
    guesses = _guess_copy(task, batch, length, draws)
    guesses[:, length + 2 : -1] = batch.tokens[:, length + 2 : -1]
    return guesses


def _guess_copy_twice(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    guesses = _guess_from(range(4, task.vocabulary), batch, draws, known=[2])
    guesses[:, 2 * length + 1] = 3  # NEXT always stands between the copies
    return guesses


def _guess_any(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    return _guess_from(range(task.symbols), batch, draws)


def _guess_other(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    """Any symbol except the one that is asked about."""
    return (batch.tokens + torch.randint(1, task.symbols, batch.tokens.shape, generator=draws)) % task.symbols


def _guess_bit(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    return _guess_from(range(2), batch, draws)


def _guess_digits(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    return _guess_from(range(3, 13), batch, draws, known=[2])


def _guess_variables(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    """Variables that the row assigns, each before its =; rows end with EOS."""
    assigned = batch.tokens[batch.tokens.roll(-1, dims=1) == 3].view(len(batch.tokens), -1)
    guesses = assigned.gather(1, torch.randint(assigned.shape[1], batch.targets.shape, generator=draws))
    guesses[:, -1] = 2
    return guesses


def _guess_from(tokens: range, batch: Batch, draws: torch.Generator, known: Sequence[int] = ()) -> torch.Tensor:
    """A random token of a range at every place; rows end with the known tokens."""
    guesses = torch.randint(tokens.start, tokens.stop, batch.targets.shape, generator=draws)
    guesses[:, guesses.shape[1] - len(known) :] = torch.tensor(known, dtype=torch.int64)
    return guesses


def _guess_shown_value(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    pairs = task.pairs(length) if task.name == "recall-latest" else task.shown(length)
    values = batch.tokens[:, 1 : 2 * pairs : 2]
    return values.gather(1, torch.randint(values.shape[1], batch.targets.shape, generator=draws))


def _guess_value_in_the_text(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    is_value = (batch.tokens >= 2 * task.words) & (batch.tokens < 2 * task.words + task.values)
    values = batch.tokens[is_value].view(-1, task.facts)
    return values.gather(1, torch.randint(task.facts, batch.targets.shape, generator=draws))


def _guess_commonest_at_the_place(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    others = task.sample(4000, length, draws).targets
    times = torch.stack([(others == token).sum(dim=0) for token in range(task.vocabulary)])
    return times.argmax(dim=0).expand_as(batch.targets)


def _guess_next_in_order(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    guesses = batch.tokens + (1 if task.symbols > length else 0)  # with many symbols, few occur twice
    guesses[:, length + 1] = 3  # the smallest first
    guesses[:, -1] = 2
    return guesses


def _guess_sum(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    guesses = torch.randint(4, task.vocabulary, batch.targets.shape, generator=draws)
    guesses[:, -2] = 4  # nothing is carried out of the last digit
    guesses[:, -1] = 2
    return guesses


def _guess_one(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    guesses = torch.full_like(batch.targets, 2)
    guesses[:, length + 2] = 4  # the digit that 1 and 10 to 16 begin with
    return guesses


def _guess_bits(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    guesses = torch.full_like(batch.targets, 4)  # zeros
    guesses[:, -1] = 2
    return guesses


def _guess_likeliest(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    guesses = torch.full_like(batch.targets, LIKELIEST[task.name])
    guesses[:, -1] = 2
    return guesses


def _guess_sign(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    guesses = torch.randint(3, 5, batch.targets.shape, generator=draws)
    guesses[:, -1] = 2
    return guesses


def _guess_element(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    """The first product is its own input."""
    guesses = torch.randint(task.vocabulary, batch.targets.shape, generator=draws)
    guesses[:, 0] = batch.tokens[:, 0]
    return guesses


# The token of the answer 0, the most likely one at an even length.
LIKELIEST = {"cycle-navigation": 6, "modular-arithmetic": 8, "polynomial-mod-10": 9, "sum-mod-10": 4}

GUESSERS = {
    **dict.fromkeys(LIKELIEST, _guess_likeliest),
    "addition": _guess_sum,
    "binary-addition": _guess_bits,
    "bucket-sort": _guess_next_in_order,
    "copy": _guess_copy,
    "copy-repeat": _guess_copy_repeat,
    "copy-twice": _guess_copy_twice,
    "count-symbol": _guess_one,
    "dyck": _guess_commonest_at_the_place,
    "even-pairs": _guess_commonest_at_the_place,
    "first-recall": _guess_any,
    "flip-flop": _guess_bit,
    "index-recall": _guess_any,
    "induction": _guess_other,
    "lego": _guess_sign,
    "majority": _guess_commonest_at_the_place,
    "missing-duplicate": _guess_commonest_at_the_place,
    "needle": _guess_digits,
    "needle-latent": _guess_value_in_the_text,
    "odds-first": _guess_commonest_at_the_place,
    "offset-recall": _guess_any,
    "parity": _guess_commonest_at_the_place,
    "recall-latest": _guess_shown_value,
    "recall-mqar": _guess_shown_value,
    "reverse": _guess_copy,
    "sort": _guess_next_in_order,
    "stack-manipulation": _guess_commonest_at_the_place,
    "state-tracking": _guess_element,
    "variable-tracking": _guess_variables,
}


def test_every_scored_place_is_in_a_cell_of_the_grid(task: Task) -> None:
    for length in lengths(task):
        fields = 1
        for ranges in task.axes(length).values():
            assert all(first <= last for first, last in ranges)
            fields *= len(ranges)
        if not task.axes(length):
            continue
        for batch in task.evaluation(length):
            groups = task.groups(batch, length)
            assert groups.shape == batch.tokens.shape and groups.dtype == torch.int64
            assert 0 <= int(groups.min()) and int(groups.max()) < fields


def test_views_are_fixed_and_no_longer_than_the_length(task: Task) -> None:
    for length in lengths(task):
        for train_length in (length, 16):
            first, again = (task.views(length, train_length) for _ in range(2))
            assert first.keys() == again.keys()
            for name in first:
                for batch, same in zip(first[name], again[name], strict=True):
                    assert torch.equal(batch.tokens, same.tokens) and torch.equal(batch.targets, same.targets)
                    assert batch.tokens.shape == batch.targets.shape
                    assert batch.tokens.shape[1] <= task.tokens(length)
                    assert (batch.targets != UNSCORED).any(dim=1).all()


def test_subsets_are_scored_places_of_the_evaluation(task: Task) -> None:
    for length in lengths(task):
        scored = torch.cat([batch.targets for batch in task.evaluation(length)]) != UNSCORED
        for train_length in (length, 16):
            subsets = task.subsets(length, train_length)
            assert not subsets.keys() & task.views(length, train_length).keys()
            for chosen in subsets.values():
                assert chosen.dtype == torch.bool and chosen.shape == scored.shape
                assert chosen.any() and not (chosen & ~scored).any()


@pytest.mark.parametrize(
    "item",
    [
        "copy:symbols=1",
        "copy-repeat:symbols=1",
        "copy-twice:symbols=1",
        "first-recall:symbols=1",
        "flip-flop:ignore=-0.1",
        "flip-flop:ignore=1.1",
        "index-recall:figures=0",
        "index-recall:questions=0",
        "index-recall:symbols=1",
        "induction:symbols=2",
        "lego:names=1",
        "needle:figures=0",
        "needle:fillers=0",
        "needle:keys=0",
        "needle-latent:facts=0",
        "needle-latent:words=3",
        "offset-recall:back=0",
        "offset-recall:symbols=1",
        "recall-latest:keys=0",
        "recall-latest:values=1",
        "recall-latest:writes=0",
        "recall-mqar:keys=0",
        "recall-mqar:pairs=-1",
        "recall-mqar:pairs=65",
        "recall-mqar:values=3:zoology=true",
        "recall-mqar:power=2",
        "reverse:symbols=1",
        "state-tracking:over=S5",
        "variable-tracking:fillers=0",
        "variable-tracking:hops=-1",
        "variable-tracking:chains=0",
        "variable-tracking:variables=9",
    ],
)
def test_values_without_a_problem_are_refused(item: str) -> None:
    with pytest.raises(ValueError, match=r"but .*at least|but must be"):
        tasks.make(item)
