"""What every registered task promises, and golden examples of the synthetic ones, written by hand."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from benchmark import tasks
from benchmark.experiments.presets import QUICK
from benchmark.metrics import headlines
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED, Batch, Language, Synthetic, Task, lags, octave, octaves, question
from benchmark.training.held_out import HeldOut, problems_of

SYNTHETIC = [name for name in tasks.TABLE if not tasks.CATALOGUE.entry(name).attributes["language"]]
LENGTHS = (1, 7, 16, 40)


@pytest.fixture(params=tasks.TABLE)
def task(request: pytest.FixtureRequest) -> Task:
    return tasks.make("corpus:text=shuihu:vocabulary=600" if request.param == "corpus" else request.param)


def lengths(task: Task) -> list[int]:
    return [length for length in LENGTHS if length >= task.shortest()]


def test_the_registry_is_the_folder_and_sorted() -> None:
    folder = Path(tasks.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__", "task"}
    assert set(tasks.TABLE.values()) == modules
    assert list(tasks.TABLE) == sorted(tasks.TABLE)


def test_a_task_says_what_it_is(task: Task) -> None:
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
        "numbers",
        "digits",
        "sweep",
    ):
        assert entry.attributes[attribute] == getattr(task, attribute)
    assert task.definition and task.source.startswith("https://")
    assert task.metric in headlines(language=task.language)
    assert task.language == isinstance(task, Language)


def test_the_vocabulary_that_is_stated_is_the_tasks() -> None:
    for name in SYNTHETIC:
        assert tasks.CATALOGUE.entry(name).stated("Vocabulary") == str(tasks.make(name).vocabulary), name
    corpus = tasks.CATALOGUE.entry("corpus")
    assert corpus.stated("Vocabulary") == str(corpus.defaults["vocabulary"])


@pytest.mark.parametrize("name", SYNTHETIC)
def test_the_chance_that_is_stated_is_the_headline_metrics(name: str) -> None:
    task, stated = tasks.make(name), tasks.CATALOGUE.entry(name).stated("Chance")
    assert stated is not None
    values = re.findall(r"(\S+) at length (\d+)", stated)
    for value, length in values:
        assert f"{task.chance(int(length))[task.metric]:.2g}" == value
    for length in () if values else (task.shortest(), 16, 40, 160):
        expression = compile(stated, name, "eval")
        assert eval(expression, {"length": length}) == pytest.approx(task.chance(length)[task.metric], rel=1e-9)


def test_a_task_that_writes_numbers_has_ten_digits_and_no_other_has(task: Task) -> None:
    assert len(set(task.digits)) == len(task.digits) == (10 if task.numbers else 0)
    assert all(0 <= digit < task.vocabulary for digit in task.digits)


def test_rows_are_tokens_of_the_vocabulary_of_the_width_that_was_said(task: Task) -> None:
    for length in lengths(task):
        batch = task.sample(5, length, generator("test", length))
        assert batch.tokens.shape == batch.targets.shape == (5, task.tokens(length))
        assert batch.tokens.dtype == batch.targets.dtype == torch.int64
        scored = batch.targets[batch.targets != UNSCORED]
        for tokens in (batch.tokens, scored):
            assert 0 <= int(tokens.min()) and int(tokens.max()) < task.vocabulary


def test_every_row_has_something_to_score(task: Task) -> None:
    for length in lengths(task):
        batch = task.sample(50, length, generator("test", length))
        assert (batch.targets != UNSCORED).any(dim=1).all()


def test_the_same_generator_gives_the_same_batch_and_another_another(task: Task) -> None:
    first, same, other = (task.sample(4, 16, generator("test", name)) for name in "aab")
    assert torch.equal(first.tokens, same.tokens) and torch.equal(first.targets, same.targets)
    assert not torch.equal(first.tokens, other.tokens)


@pytest.mark.parametrize("place", ["the trained length", "40"])
def test_the_evaluation_is_fixed_and_differs_from_training(task: Task, place: str) -> None:
    length = 40 if place == "40" else max(task.shortest(), QUICK.budgets_for(task.name)[0].train_length)
    first, again = (torch.cat([batch.tokens for batch in task.evaluation(length)]) for _ in range(2))
    assert torch.equal(first, again)
    if task.exhaustive:
        return
    test = {tuple(row) for batch in problems_of(task, length) for row in batch.tokens.tolist()}
    assert test >= set(map(tuple, first.tolist()))
    held_out, shorter = HeldOut(task, length), () if task.nested else range(task.shortest(), length)
    for trained in {length, *shorter}:  # of a task that is not nested, training draws shorter rows too
        seen = set()
        for step in range(40 if trained == length else 10):
            batch = held_out.out_of([task.sample(64, trained, generator("data", step))])[0]
            seen |= set(map(tuple, batch.tokens[(batch.targets != UNSCORED).any(dim=1)].tolist()))
        assert seen
        assert seen.isdisjoint(test)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_test_problems_are_all_different(name: str) -> None:
    task = tasks.make(name)
    rows = [tuple(row) for batch in task.evaluation(40) for row in batch.tokens.tolist()]
    assert len(rows) == len(set(rows)) == (task.symbols if task.exhaustive else Synthetic.problems)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_chance_is_what_a_guesser_reaches(name: str) -> None:
    """The guesser knows the rules of each task, and draws where the rules leave a choice."""
    task, length, rows = tasks.make(name), 16, 4000
    batch = task.sample(rows, length, generator("chance"))
    guesses = GUESSERS[name](task, batch, length, generator("guess"))
    scored = batch.targets != UNSCORED
    right = (guesses == batch.targets)[scored].double().mean().item()
    spread = 4 * (0.25 / int(scored.sum())) ** 0.5
    assert right == pytest.approx(task.chance(length)["token_accuracy"], abs=spread)


# Small enough that the likeliest answer is often right; the length is that of two digits, or four of anything else.
WHOLE = {
    **{name: name for name in SYNTHETIC if tasks.CATALOGUE.entry(name).attributes["metric"] == "exact_match"},
    "copy-repeat": "copy-repeat:symbols=7",
    "needle": "needle:figures=1",
    "sort": "sort:symbols=3",
}


@pytest.mark.parametrize("item", WHOLE.values())
def test_chance_of_a_whole_answer_is_that_of_the_likeliest(item: str) -> None:
    """The guesser answers every row alike: with the answer that most other rows had."""
    task, rows = tasks.make(item), 20000
    length = 2 if task.name == "addition" else max(4, task.shortest())
    learnt, asked = (task.sample(rows, length, generator("whole", name)).targets for name in ("learnt", "asked"))
    answers, times = learnt.unique(dim=0, return_counts=True)
    right = (asked == answers[times.argmax()]).all(dim=1).double().mean().item()
    chance = task.chance(length)["exact_match"]
    assert right > 0
    assert right == pytest.approx(chance, abs=4 * (chance * (1 - chance) / rows) ** 0.5)


def _guess_copy(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    """EOS is always last, and everything else is a symbol."""
    return _guess_from(range(3, task.vocabulary), batch, draws, known=[2])


def _guess_copy_repeat(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    """A blind start; then what stands before, until EOS."""
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
    """Any symbol but the one that is asked for."""
    return (batch.tokens + torch.randint(1, task.symbols, batch.tokens.shape, generator=draws)) % task.symbols


def _guess_bit(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    return _guess_from(range(2), batch, draws)


def _guess_digits(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    return _guess_from(range(3, 13), batch, draws, known=[2])


def _guess_variables(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    return _guess_from(range(14, 14 + task.variables), batch, draws, known=[2])


def _guess_from(tokens: range, batch: Batch, draws: torch.Generator, known: Sequence[int] = ()) -> torch.Tensor:
    """One of some tokens, drawn blindly at every place; a row ends in what is known."""
    guesses = torch.randint(tokens.start, tokens.stop, batch.targets.shape, generator=draws)
    guesses[:, guesses.shape[1] - len(known) :] = torch.tensor(known, dtype=torch.int64)
    return guesses


def _guess_shown_value(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    values = batch.tokens[:, 1 : 2 * task.pairs(length) : 2]
    return values.gather(1, torch.randint(values.shape[1], batch.targets.shape, generator=draws))


def _guess_commonest_at_the_place(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    others = task.sample(4000, length, draws).targets
    times = torch.stack([(others == token).sum(dim=0) for token in range(task.vocabulary)])
    return times.argmax(dim=0).expand_as(batch.targets)


def _guess_next_in_order(task, batch: Batch, length: int, draws: torch.Generator) -> torch.Tensor:
    guesses = batch.tokens + (1 if task.symbols > length else 0)  # among many symbols few come twice
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


# The token of the answer 0, which is the likeliest at an even length.
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


def test_an_answer_is_scored_up_to_its_first_eos() -> None:
    batch = question(torch.tensor([[5, 6], [7, 8], [9, 9]]), torch.tensor([[5, 6, 5], [7, 2, 2], [2, 2, 2]]))
    none = UNSCORED
    assert batch.tokens.tolist() == [[0, 5, 6, 1, 5, 6, 5], [0, 7, 8, 1, 7, 2, 2], [0, 9, 9, 1, 2, 2, 2]]
    assert batch.targets.tolist() == [
        [none, none, none, 5, 6, 5, 2],
        [none, none, none, 7, 2, none, none],
        [none, none, none, 2, none, none, none],
    ]


def test_lags_by_hand() -> None:
    tokens = torch.tensor([[7, 3, 7, 7, 5, 3, 9], [2, 2, 2, 0, 0, 2, 0]])
    assert lags(tokens).tolist() == [[0, 0, 2, 1, 0, 4, 0], [0, 1, 1, 0, 1, 3, 2]]


@pytest.mark.parametrize("longest", [1, 2, 3, 5, 8, 9, 1000])
def test_every_lag_is_in_the_octave_that_is_said(longest: int) -> None:
    ranges = octaves(longest)
    assert ranges[:4] == ((1, 1), (2, 2), (3, 4), (5, 8))[: len(ranges)]
    for lag in range(1, longest + 1):
        first, last = ranges[octave(torch.tensor(lag))]
        assert first <= lag <= last
    assert ranges[-1][0] <= longest


def test_every_scored_place_is_in_a_field_of_the_grid(task: Task) -> None:
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


def test_copy_by_hand() -> None:
    batch = tasks.make("copy:symbols=5").sample(6, 3, generator("golden"))
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        bos, a, b, c, sep, *again = tokens
        assert (bos, sep, again) == (0, 1, [a, b, c])
        assert targets == [UNSCORED] * 4 + [a, b, c, 2]
        assert all(3 <= symbol < 8 for symbol in (a, b, c))


def test_offset_recall_by_hand() -> None:
    batch = tasks.make("offset-recall:back=2:symbols=4").sample(6, 5, generator("golden"))
    for (a, b, c, _, _), targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        assert targets == [UNSCORED, UNSCORED, a, b, c]


def test_recall_mqar_by_hand() -> None:
    task = tasks.make("recall-mqar:keys=4:values=3")
    batch = task.sample(200, 24, generator("golden"))
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        shown = dict(zip(tokens[0:6:2], tokens[1:6:2], strict=True))
        assert len(shown) == task.pairs(24) == 3  # keys are distinct
        assert set(shown) <= {1, 2, 3, 4} and set(shown.values()) <= {5, 6, 7}
        assert targets[:6] == [UNSCORED] * 6
        asked = [(token, target) for token, target in zip(tokens[6:], targets[6:], strict=True) if token != 0]
        assert sorted(asked) == sorted(shown.items())  # every key once, with its value
        assert [target for token, target in zip(tokens[6:], targets[6:], strict=True) if token == 0] == [UNSCORED] * 15


def test_recall_mqar_is_told_apart_by_lag() -> None:
    # key 2 is asked 1 place after it was shown (lag 5), key 4 next (lag 4)
    tokens = torch.tensor([[2, 5, 0, 4, 6, 2, 0, 4]])
    batch = Batch(tokens=tokens, targets=torch.tensor([[UNSCORED] * 5 + [5, UNSCORED, 6]]))
    groups = tasks.make("recall-mqar").groups(batch, 8)
    assert groups[0, [5, 7]].tolist() == [3, 2]  # 5 to 8, and 3 to 4


def test_near_questions_are_likelier() -> None:
    """Gaps follow gap ** (power - 1): the first of 24 places is asked for about twice as often as the second."""
    task = tasks.make("recall-mqar:keys=1")
    batch = task.sample(20000, 26, generator("gaps"))
    places = (batch.targets != UNSCORED).double().mean(dim=0)[2:]
    weights = torch.arange(1, 25, dtype=torch.float64) ** (0.01 - 1)
    torch.testing.assert_close(places, weights / weights.sum(), atol=0.015, rtol=0)


@pytest.mark.parametrize(
    "item",
    [
        "copy:symbols=1",
        "copy-repeat:symbols=1",
        "copy-twice:symbols=1",
        "first-recall:symbols=1",
        "flip-flop:ignore=-0.1",
        "flip-flop:ignore=1.1",
        "index-recall:indices=0",
        "index-recall:symbols=1",
        "induction:symbols=2",
        "lego:names=1",
        "needle:figures=0",
        "needle:fillers=0",
        "needle:keys=0",
        "offset-recall:back=0",
        "offset-recall:symbols=1",
        "recall-latest:keys=0",
        "recall-latest:values=1",
        "recall-latest:writes=0",
        "recall-mqar:keys=0",
        "recall-mqar:power=2",
        "reverse:symbols=1",
        "state-tracking:over=S5",
        "variable-tracking:fillers=0",
        "variable-tracking:hops=-1",
        "variable-tracking:variables=4",
    ],
)
def test_values_that_make_no_problem_are_refused(item: str) -> None:
    with pytest.raises(ValueError, match=r"but .*at least|but must be"):
        tasks.make(item)
