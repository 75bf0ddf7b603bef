"""Changes to a preset: what options spell, what is refused, and the models and budgets that come of it."""

import pytest

from benchmark.errors import UsageError
from benchmark.experiments.changes import ALL, Changes, as_text
from benchmark.experiments.presets import PAPER, QUICK, budget
from benchmark.results.spec import ModelSpec

BASE = ModelSpec(width=64, heads=4, layers=2)


@pytest.mark.parametrize(
    ("given", "changes"),
    [
        ({"width": "64"}, Changes(width=(64,))),
        ({"width": "128, 32,64"}, Changes(width=(32, 64, 128))),
        ({"heads": "8", "layers": "3", "mixing": "conv"}, Changes(heads=8, layers=3, mixing="conv")),
        ({"steps": "2000"}, Changes(steps={ALL: 2000})),
        ({"steps": "2000,copy=4000"}, Changes(steps={ALL: 2000, "copy": 4000})),
        ({"batch": "copy=7, corpus=5"}, Changes(batch={"copy": 7, "corpus": 5})),
        ({"learning_rate": "copy=1e-4,.003"}, Changes(learning_rate={"copy": 0.0001, ALL: 0.003})),
        ({"budgets": "4,1,2", "width": None}, Changes(budgets=(1, 2, 4))),
        ({}, Changes()),
    ],
)
def test_options_spell_changes(given: dict[str, str | None], changes: Changes) -> None:
    read = Changes.read(given)
    assert read == changes
    fields = {option[2:].replace("-", "_"): text for option, text in read.options().items()}
    assert Changes.read(fields) == changes


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("width", "0", "--width is '0', but must be a whole number from 1 to 16,384"),
        ("width", "32,64,32", "--width is '32,64,32', but 32 is in it twice: give each value once"),
        ("width", "", "--width is '', but must be a whole number"),
        ("width", "32,", "--width is '', but must be a whole number"),
        ("width", "copy=32", "--width is 'copy=32', but must be a whole number"),
        ("heads", "4,8", "--heads is '4,8', but must be a whole number from 1 to 1,024"),
        ("layers", "2.5", "--layers is '2.5', but must be a whole number from 1 to 512"),
        ("mixing", "cnov", "unknown --mixing 'cnov'; did you mean 'conv'"),
        ("train_length", "1048577", "--train-length is '1048577', but must be a whole number from 1 to 1,048,576"),
        ("steps", "0", "--steps is '0', but must be a whole number from 1 to 10,000,000"),
        ("steps", "2,3", "two values for all tasks"),
        ("steps", "copy=2,copy=3", "two values for copy"),
        ("steps", "=3", "names no task"),
        ("batch", "copy=", "--batch is '', but must be a whole number"),
        ("learning_rate", "0", "--learning-rate is '0', but must be a number above 0 and at most 10; usual are"),
        ("learning_rate", "copy=nan", "--learning-rate is 'nan', but must be a number above 0"),
        ("learning_rate", "1e999", "--learning-rate is '1e999', but must be a number above 0"),
        ("budgets", "1,1", "--budgets is '1,1', but 1 is in it twice"),
        ("budgets", "0.5", "--budgets is '0.5', but must be a whole number from 1 to 1,000"),
    ],
)
def test_what_no_run_accepts_is_refused(name: str, text: str, words: str) -> None:
    with pytest.raises(UsageError) as raised:
        Changes.read({name: text})
    assert words in str(raised.value)


def test_a_model_for_each_width() -> None:
    changes = Changes(width=(30, 60), heads=6, mixing="conv")
    assert changes.models(BASE) == tuple(ModelSpec(width=width, heads=6, layers=2, mixing="conv") for width in (30, 60))
    assert Changes().models(BASE) == (BASE,)
    assert Changes(width=(32,)).model(BASE) == ModelSpec(width=32, heads=4, layers=2)
    with pytest.raises(UsageError, match="--width is '30,60', but only a run compares several widths"):
        changes.model(BASE)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (Changes(heads=3), "--width is 64, but must be a multiple of --heads, which is 3: --width 66"),
        (Changes(width=(32, 50)), "--width is 50, but must be a multiple of --heads, which is 4: --width 52"),
    ],
)
def test_a_width_that_heads_do_not_divide_is_refused(changes: Changes, words: str) -> None:
    with pytest.raises(UsageError) as raised:
        changes.models(BASE)
    assert words in str(raised.value)


def test_a_budget_for_each_multiple_of_the_steps_each_with_its_own_warm_up() -> None:
    (base,) = QUICK.budgets_for("copy")
    changes = Changes(budgets=(1, 5), steps={ALL: 7, "copy": 40}, batch={ALL: 3}, learning_rate={"reverse": 0.5})
    found = changes.budgets_for("copy", (base,))
    assert [(each.steps, each.warmup_steps) for each in found] == [(40, 2), (200, 10)]
    assert {(each.train_length, each.batch, each.learning_rate) for each in found} == {
        (base.train_length, 3, base.learning_rate)
    }
    assert changes.budgets_for("reverse", (budget(9, 100, 2, 0.1),)) == (
        budget(9, 7, 3, 0.5),
        budget(9, 35, 3, 0.5),
    )
    assert Changes().budgets_for("copy", (base,)) == (base,)


@pytest.mark.parametrize(("length", "batch"), [(512, 64), (600, 64), (1024, 32), (9000, 32)])
def test_a_trained_length_leaves_one_of_several_budgets(length: int, batch: int) -> None:
    bases = PAPER.budgets_for("corpus")
    assert [(each.train_length, each.batch) for each in bases] == [(512, 64), (1024, 32)]
    found = Changes(train_length={"corpus": length}).budgets_for("corpus", bases)
    assert [(each.train_length, each.batch) for each in found] == [(length, batch)]
    assert Changes(train_length={"copy": length}).budgets_for("corpus", bases) == bases


def test_a_value_for_a_task_that_does_not_run_is_refused() -> None:
    Changes(steps={ALL: 3, "copy": 4}).check_tasks({"copy", "reverse"})
    with pytest.raises(UsageError, match="unknown task in --batch 'copi'; did you mean 'copy'"):
        Changes(batch={"copi": 4}).check_tasks({"copy", "reverse"})


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (None, None),
        ("1,2", "1,2"),
        (3, "3"),
        ([1, 2], "1,2"),
        ((7,), "7"),
        (range(3), "0,1,2"),
        ({"copy": 4}, "copy=4"),
    ],
)
def test_values_of_python_are_spelled_as_on_the_command_line(given: object, text: str | None) -> None:
    assert as_text("steps", given) == text


def test_an_endless_number_is_refused() -> None:
    with pytest.raises(UsageError, match="--steps is a number of thousands of digits"):
        as_text("steps", 10**5000)
