"""`run` with sizes and budgets of one's own: the options, the file and Python ask for the same, and it is what runs."""

import shlex
from pathlib import Path
from unittest.mock import patch

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark import run
from benchmark.cli import main
from benchmark.errors import UsageError
from benchmark.experiments.changes import ALL, Changes
from benchmark.experiments.plan import make_plan
from benchmark.experiments.reproduce import command_for
from benchmark.experiments.request import Auto, Request, Tune
from benchmark.experiments.runs import command, request_of
from benchmark.results.record import TrainRecord
from benchmark.results.store import Store

ODD = """
from benchmark.encodings.encoding import Encoding

class Even(Encoding):
    name = "even"
    title = "Even"
    source = "https://example.org"
    acts = "nothing"
    past = "defined"

    def __init__(self, shape):
        super().__init__(shape)
        if shape.head_width % 2:
            raise ValueError(f"even: the head width is {shape.head_width}, but must be even")
"""


class Asked(Exception):
    """What would be run."""


def asked(*words: str) -> Request:
    """The request that a command line makes."""

    def stop(request: Request, _: Store) -> None:
        raise Asked(request)

    with patch("benchmark.cli.verbs.run.stages_of", stop), pytest.raises(Asked) as made:
        CliRunner().invoke(main, ["run", *words], catch_exceptions=False)
    return made.value.args[0]


names = st.sampled_from(["copy", "offset-recall", "corpus"])
counts = st.integers(1, 60_000)


def by_task(values: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    return st.dictionaries(st.just(ALL) | names, values, max_size=3)


def ladder(most: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.sets(st.integers(1, most), max_size=4).map(lambda values: tuple(sorted(values)))


changes = st.builds(
    Changes,
    width=ladder(16_384),
    heads=st.none() | st.integers(1, 1024),
    layers=st.none() | st.integers(1, 512),
    mixing=st.sampled_from([None, "none", "conv"]),
    train_length=by_task(counts),
    steps=by_task(counts),
    batch=by_task(counts),
    learning_rate=by_task(st.floats(0, 10, exclude_min=True)),
    budgets=ladder(1000),
)
requests = st.builds(
    Request,
    encodings=st.sampled_from(["rope", "rope:base=5,alibi", "my file.py"]),
    tasks=st.sampled_from([None, "copy", "copy:symbols=7,corpus"]),
    preset=st.sampled_from(["smoke", "paper"]),
    seeds=st.sampled_from([None, (0,), (3, 1), Auto(), Auto(most=12)]),
    multiples=st.sampled_from([None, (1,), (1, 4)]),
    corpus=st.sampled_from([None, "a 'text'.txt"]),
    text_encoding=st.sampled_from([None, "gb18030"]),
    precision=st.sampled_from(["float32", "bfloat16"]),
    tune=st.sampled_from([None, Tune(), Tune(grid=(0.1, 1.0))]),
    changes=changes,
)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(requests)
def test_the_command_of_a_request_makes_the_same_request(request: Request) -> None:
    line = command(request)
    assert request_of(line) == request
    program, options = shlex.split(line)[:4], shlex.split(line)[4:]
    assert program == ["python", "-m", "benchmark", "run"]
    assert asked(*options) == request


@pytest.mark.parametrize("line", ["", "python", "a b c run --encodings", "a b c run --no 1"])
def test_any_other_line_is_no_request(line: str) -> None:
    with pytest.raises(UsageError):
        request_of(line)


def test_a_file_asks_for_what_options_ask_for(tmp_path: Path) -> None:
    config = tmp_path / "run.toml"
    config.write_text(
        'encodings = "rope"\nbudgets = [1, 4]\n[model]\nwidth = [64, 32]\nheads = 8\nmixing = "conv"\n'
        "[budget]\nsteps = 2000\nlearning_rate = 1e-3\n[budget.copy]\nsteps = 4000\ntrain-length = 20\n"
    )
    options = ["--encodings", "rope", "--width", "32,64", "--heads", "8", "--mixing", "conv", "--budgets", "1,4"]
    options += ["--steps", "2000,copy=4000", "--learning-rate", "0.001", "--train-length", "copy=20"]
    assert asked("--config", str(config)) == asked(*options)
    assert asked("--config", str(config), "--steps", "7").changes.steps == {ALL: 7}  # the command line wins


def test_a_group_is_named_alike_in_options_in_a_file_and_in_python(tmp_path: Path) -> None:
    config = tmp_path / "run.toml"
    config.write_text('encodings = ["remap", "alibi"]\ntasks = "copy"\npreset = "smoke"\n')
    request = asked("--config", str(config))
    assert request == asked("--encodings", "remap,alibi", "--tasks", "copy", "--preset", "smoke")
    with patch("benchmark.api.stages_of", side_effect=Asked) as made, pytest.raises(Asked):
        run(["remap", "alibi"], "copy", preset="smoke", results=tmp_path)
    assert made.call_args.args[0] == request
    planned = {spec.train.encoding.name for spec in make_plan(request).cells}
    assert planned == {"rope", "alibi"}  # every remap is measured on rope's model


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[model]\nwidht = 64", "unknown setting of [model] in run.toml 'widht'; did you mean 'width'"),
        ("[budget.copy]\nlearning-rat = 1", "unknown setting of [budget] in run.toml 'learning-rat'; did you mean"),
        ("[modle]\nwidth = 64", "did you mean 'model'"),
        ("width = 64\n[model]\nwidth = 32", "width stands both inside and outside a table: give it once"),
        ("budget = 2000", "budget is 2000, but must be a table: [budget]"),
        (
            "[budget]\nsteps = {copy = {x = 1}}",
            "steps in [budget] is a table, but must be a number: for one task, write",
        ),
        ("[budget]\ntrain_length = {copy = 1}", "train_length in [budget] is a table, but must be a number"),
        ("[budget.copy]\nsteps = {x = 1}", "steps in [budget.copy] is a table, but must be a number"),
        ("[model]\nwidth = {x = 1}", "width in [model] is a table, but must be a value or a list"),
        ("[budget.copi]\nsteps = 4", "unknown task in --steps 'copi'; did you mean 'copy'"),
    ],
)
def test_a_mistake_in_a_table_is_named(invoke, tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "run.toml").write_text(content)
    result = invoke("run", "--config", "run.toml", "--dry-run")
    assert result.exit_code == 2
    assert words in result.stderr


@pytest.mark.parametrize("flags", [[], ["--dry-run"]])
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ["--encodings", "even.py", "--width", "20"],
            "the head width is 5, but must be even: change --width (20)",
        ),
        (
            ["--encodings", "even.py", "--heads", "3"],
            "--width 33, or other",
        ),
        (["--encodings", "rope", "--width", "16384", "--layers", "512"], "GB of weights, more than the memory"),
        (
            ["--encodings", "rope", "--tasks", "lego", "--train-length", "1"],
            "at least 2: change --train-length",
        ),
    ],
)
def test_a_size_that_cannot_work_is_refused_before_anything_is_trained(
    invoke, tmp_path: Path, flags: list[str], options: list[str], words: str
) -> None:
    (tmp_path / "even.py").write_text(ODD)
    result = invoke("run", "--preset", "smoke", "--tasks", "copy", "--seeds", "1", *options, *flags)
    assert result.exit_code == 2
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert list(Store(tmp_path / "results").records()) == []


def test_a_run_with_sizes_of_its_own_trains_them_and_reports_them(invoke, tmp_path: Path) -> None:
    options = ["--preset", "smoke", "--encodings", "rope,alibi", "--tasks", "copy", "--seeds", "1", "--lengths", "1,2"]
    options += ["--width", "12,24", "--heads", "3", "--layers", "1", "--mixing", "conv", "--batch", "5"]
    options += ["--train-length", "7", "--steps", "4,copy=6", "--learning-rate", "0.002", "--budgets", "1,2"]
    result = invoke("run", *options)
    assert result.exit_code == 0, result.output
    store = Store(tmp_path / "results")
    specs = [record.spec for record in store.records() if isinstance(record, TrainRecord)]
    assert sorted((spec.encoding.name, spec.model.width, spec.budget.steps) for spec in specs) == [
        (name, width, steps) for name in ("alibi", "rope") for width in (12, 24) for steps in (6, 12)
    ]
    assert {(spec.model.heads, spec.model.layers, spec.model.mixing) for spec in specs} == {(3, 1, "conv")}
    assert {(spec.budget.train_length, spec.budget.batch, spec.budget.learning_rate) for spec in specs} == {
        (7, 5, 0.002)
    }
    report = (tmp_path / "reports" / "report.md").read_text("utf-8")
    assert "heads, short convolution" in report
    line = command_for(store)
    assert line is not None and make_plan(request_of(line)).keys == make_plan(asked(*options)).keys
    assert "8 cells, 8 finished, 0 to do" in invoke("run", *options, "--dry-run").output
    again = run(
        ["rope", "alibi"],
        "copy",
        preset="smoke",
        seeds=1,
        lengths=[1, 2],
        width=[12, 24],
        heads=3,
        layers=1,
        mixing="conv",
        batch=5,
        train_length=7,
        steps={"copy": 6},
        learning_rate=0.002,
        budgets=[1, 2],
        results=tmp_path / "results",
        on_event=lambda event: pytest.fail(f"trained again: {event}"),
    )
    assert len(set(again.frame()["train_key"])) == 8
