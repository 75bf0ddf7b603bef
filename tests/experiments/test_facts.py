"""Records describe their task as a report needs it, also for a user's file, and however training ended."""

from pathlib import Path

import pytest

from benchmark import run
from benchmark.checks.task import check
from benchmark.errors import UsageError
from benchmark.experiments.cell import run_cell
from benchmark.experiments.plan import Cell, Request, make_plan
from benchmark.results.record import EvalRecord, ProbeRecord, TaskFacts, TrainRecord
from benchmark.results.store import Store
from benchmark.tasks import CATALOGUE

EXAMPLE = Path(__file__).parents[2] / "examples" / "my_task.py"
POWERS = '''
"""Powers of seven, digit by digit: a text that the task makes itself."""

from collections.abc import Iterable

import torch

from benchmark.errors import UsageError
from benchmark.tasks.task import Batch, Language

SIGNS = " 0123456789"


class Powers(Language):
    name = "powers"
    title = "Powers of seven"
    definition = "predict the next digit"
    source = "https://example.org"

    def __init__(self) -> None:
        ids = torch.tensor(self.sentence(" ".join(str(7**power) for power in range(1, 500)))[0])
        self.train, self.held_out = ids[:80000], ids[80000:]

    @property
    def vocabulary(self) -> int:
        return len(SIGNS)

    @property
    def characters_per_token(self) -> float:
        return 1.0

    def check(self, longest: int, train_length: int) -> None:
        if longest > len(self.held_out) // 2:
            raise UsageError(f"powers: the held-out text has no rows of {longest} digits")

    def sentence(self, text: str) -> tuple[list[int], list[str]]:
        words = list(text or "343 2401")
        return [SIGNS.index(word) for word in words], words

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        starts = torch.randint(len(self.train) - length, (size,), generator=generator)
        return self._rows(self.train, starts + length, length)

    def evaluation(self, length: int) -> Iterable[Batch]:
        last = len(self.held_out) - 1
        yield self._rows(self.held_out, torch.linspace(last // 2, last, 40).long(), length)

    def chance(self, length: int) -> dict[str, float]:
        shares = (torch.bincount(self.train, minlength=self.vocabulary) + 1.0) / (len(self.train) + self.vocabulary)
        return {"loss_nats": -shares.log()[self.held_out].mean().item()}

    def _rows(self, text: torch.Tensor, ends: torch.Tensor, length: int) -> Batch:
        rows = text[ends[:, None] + torch.arange(-length, 1)]
        return Batch(tokens=rows[:, :-1], targets=rows[:, 1:])
'''


def changed(folder: Path, old: str, new: str) -> str:
    """The path of a copy of the example task with some text replaced."""
    source = EXAMPLE.read_text("utf-8")
    assert source.count(old) == 1
    path = folder / "mine.py"
    path.write_text(source.replace(old, new), "utf-8")
    return str(path)


@pytest.fixture
def exact(tmp_path: Path) -> str:
    return changed(tmp_path, 'metric = "token_accuracy"', 'metric = "exact_match"\n    unlearned = "why not"')


@pytest.fixture
def powers(tmp_path: Path) -> str:
    path = tmp_path / "powers.py"
    path.write_text(POWERS, "utf-8")
    return str(path)


def cell_of(task: str, encoding: str = "rope") -> Cell:
    request = Request(encodings=encoding, tasks=task, preset="smoke", seeds=(0,), multiples=(1, 2))
    (cell,) = make_plan(request).cells
    return cell


def facts_in(store: Store) -> TaskFacts | None:
    (found,) = (record.task for record in store.records() if isinstance(record, TrainRecord))
    return found


def test_a_task_from_a_file_has_its_own_headline_metric(exact: str, tmp_path: Path) -> None:
    store = Store(tmp_path / "results")
    assert run_cell(cell_of(exact), store, "cpu", lambda *_, **__: None) == "ok"
    assert facts_in(store) == TaskFacts(title="Rotate (example)", metric="exact_match", unlearned="why not")


@pytest.mark.parametrize("behaviour", ["raises", "diverges", "kills"])
def test_its_record_states_it_even_if_training_failed(behaviour: str, exact: str, plugin, tmp_path: Path) -> None:
    store = run(
        plugin(behaviour), tasks=exact, preset="smoke", seeds=1, lengths=(1,), results=tmp_path / "results"
    ).store
    facts = facts_in(store)
    assert facts is not None and facts.metric == "exact_match"


@pytest.mark.parametrize("name", CATALOGUE.table)
def test_every_task_is_described(name: str) -> None:
    entry, facts = CATALOGUE.entry(name), cell_of(name).facts
    assert facts.language == (entry.attributes["group"] == "language")
    assert (facts.title, facts.metric) == (entry.attributes["title"], entry.attributes["metric"])
    assert facts.unlearned == entry.attributes["unlearned"]
    assert (facts.sweep or ()) == entry.attributes["sweep"]


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ('metric = "accuracy"', "metric is 'accuracy', but must be the literal text token_accuracy or exact_match or"),
        ("metric = str()", "must set metric to a literal, but sets it to"),
        ('metric = "exact_match"\n    sweep = ("lag",)', r"sweep is \('lag',\), but must be two texts"),
    ],
)
def test_a_file_without_a_valid_literal_metric_is_refused(new: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=why):
        cell_of(changed(tmp_path, 'metric = "token_accuracy"', new))


def test_a_parameter_called_text_does_not_make_a_language_task(tmp_path: Path) -> None:
    cell = cell_of(changed(tmp_path, "*, symbols: int = 10", '*, symbols: int = 10, text: str = "none"'))
    assert cell.train.task.parameters == {"symbols": 10, "text": "none"}
    assert cell.train.task.corpus is None and not cell.facts.language


def test_a_users_text_is_run_like_ours(powers: str, tmp_path: Path) -> None:
    done = run("rope", tasks=powers, preset="smoke", seeds=1, lengths=(1, 2), results=tmp_path / "results")
    assert done.failures == []
    records = list(done.store.records())
    (trained,) = (record for record in records if isinstance(record, TrainRecord))
    assert trained.task == TaskFacts(title="Powers of seven", metric="loss_nats", language=True)
    assert (trained.unknown_rate, trained.characters_per_token, trained.text_notes) == (None, 1.0, [])
    assert [record.words for record in records if isinstance(record, ProbeRecord)] == [list("343 2401")]
    assert {record.status for record in records if isinstance(record, EvalRecord)} == {"ok"}
    with pytest.raises(UsageError, match="no rows of 65536 digits"):
        run("rope", tasks=powers, preset="smoke", seeds=1, lengths=(4096,), results=tmp_path / "results")


def test_a_users_text_is_checked_like_ours(powers: str) -> None:
    outcomes = check(CATALOGUE.choice(powers), 20)
    assert [found for found in outcomes if found.status == "fail"] == []


def test_a_users_text_has_the_sentence_ends_that_it_can_write(powers: str) -> None:
    assert CATALOGUE.load(CATALOGUE.entry(powers))().marks == ()
    other = Path(powers).with_name("other.py")
    other.write_text(POWERS.replace('SIGNS = " 0123456789"', 'SIGNS = " 0123456789。?"'), "utf-8")
    assert CATALOGUE.load(CATALOGUE.entry(str(other)))().marks == (11, 12)


def test_language_is_not_set_by_hand(tmp_path: Path) -> None:
    path = changed(tmp_path, 'group = "string"', 'group = "string"\n    language = True')
    found = next(each for each in check(CATALOGUE.choice(path), 20) if each.name == "says what it is")
    assert found.status == "fail" and "language" in found.detail


def test_a_users_text_task_may_take_the_requested_corpus(powers: str) -> None:
    path, source = Path(powers), POWERS.replace("def __init__(self)", 'def __init__(self, *, book: str = "sanguo")')
    path.write_text(source.replace('name = "powers"', 'name = "powers"\n    text_parameter = "book"'), "utf-8")
    cell = cell_of(powers)
    assert (cell.train.task.label, cell.train.task.corpus) == ("powers (shuihu)", "shuihu")
    assert (cell.train.task.parameters, cell.task.parameters) == ({}, {"book": "shuihu"})
    other = path.with_name("other.py")
    other.write_text(path.read_text("utf-8").replace('text_parameter = "book"', 'text_parameter = "bok"'), "utf-8")
    with pytest.raises(UsageError, match="text_parameter is 'bok', but __init__ has no such parameter"):
        cell_of(str(other))
