"""Calls from Python: each value of each argument is accepted or refused in one line, before anything is trained."""

import math
import os
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import benchmark
from benchmark import load, run
from benchmark.cli import main
from benchmark.cli.terminal.options import CHANGES
from benchmark.errors import UsageError
from benchmark.experiments.changes import BY_TASK
from benchmark.experiments.cluster.executor import Cluster
from benchmark.experiments.executor import Event
from benchmark.experiments.plan import Cell
from benchmark.experiments.pool import Pool
from benchmark.experiments.request import Auto, Request
from benchmark.experiments.settings import Settings

BASE: dict[str, Any] = {"encodings": "rope", "tasks": "copy", "preset": "smoke"}
RAY: dict[str, Any] = {"address": "auto", "cores_per_cell": 2, "memory_per_cell": 2, "gpus_per_cell": 0.5}
ARGUMENTS = (
    *("encodings", "tasks", "preset", "seeds", "lengths", "corpus", "precision", *CHANGES, "tune", "results"),
    *("workers", "device", "cell_timeout", *RAY, "force", "retry_failed", "executor", "log", "on_event"),
)
FILE = """
from benchmark.encodings.encoding import Encoding
class Mine(Encoding):
    name = "mine"
    title = "Mine"
    source = "https://example.org"
    acts = "nothing"
    past = "defined"
"""


class Nobody:
    """An executor that trains nothing and remembers what it was asked."""

    asked: tuple[Cell, ...] = ()

    def run(self, cells: Any, *, force: bool = False, retry_failed: bool = False) -> Iterator[Event]:
        self.asked = tuple(cells)
        return iter(())


@pytest.fixture(autouse=True)
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pool, "run", Nobody.run)
    monkeypatch.setattr(Cluster, "run", Nobody.run)


def planned(folder: Path, **call: Any) -> tuple[Cell, ...]:
    """The cells that a call would train."""
    nobody = Nobody()
    run(**{**BASE, "results": folder, **call}, executor=nobody)
    return nobody.asked


@pytest.mark.parametrize(
    ("call", "same"),
    [
        ({"seeds": np.int64(1)}, {"seeds": "1"}),
        ({"seeds": np.array(2)}, {"seeds": 2}),
        ({"seeds": torch.tensor(2)}, {"seeds": 2}),
        ({"seeds": "3"}, {"seeds": 3}),
        ({"seeds": "3,"}, {"seeds": [3]}),
        ({"seeds": np.arange(2)}, {"seeds": "0,1"}),
        ({"seeds": {4}}, {"seeds": "4,"}),
        ({"seeds": range(2, 4)}, {"seeds": (2, 3)}),
        ({"lengths": 4}, {"lengths": "4"}),
        ({"seeds": "０，4、7"}, {"seeds": "0,4,7"}),
        ({"lengths": "1，2", "width": "32，64"}, {"lengths": [1, 2], "width": [32, 64]}),
        ({"steps": "2000，copy＝4000"}, {"steps": "2000,copy=4000"}),
        ({"lengths": np.array([1, 2])}, {"lengths": [1, 2]}),
        ({"width": np.int32(64)}, {"width": "64"}),
        ({"steps": {"copy": np.int64(7)}}, {"steps": "copy=7"}),
        ({"learning_rate": np.float32(0.5)}, {"learning_rate": 0.5}),
        ({"learning_rate": Decimal("0.001")}, {"learning_rate": 0.001}),
        ({"budgets": 2}, {"budgets": [2]}),
        ({"encodings": ("rope", "alibi")}, {"encodings": "rope,alibi"}),
        ({"tasks": np.array(["copy"])}, {"tasks": "copy"}),
        ({"force": np.bool_(True)}, {"force": True}),
    ],
)
def test_a_value_means_what_the_command_line_means(call: dict[str, Any], same: dict[str, Any], tmp_path: Path) -> None:
    found, wanted = planned(tmp_path, **call), planned(tmp_path, **same)
    assert found and [cell.train.key for cell in found] == [cell.train.key for cell in wanted]
    assert [cell.measures for cell in found] == [cell.measures for cell in wanted]


def test_paths_are_encodings_and_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(FILE)
    for encodings in (file, [file], [str(file)], [file, "rope"]):
        assert planned(tmp_path / "results", encodings=encodings)[0].train.encoding.name in ("mine", "rope")


def breaks(*_: object) -> NoReturn:
    raise KeyError("broken")


class Broken(list[int]):
    """A list, and a number, that cannot be read."""

    __len__ = __iter__ = __index__ = __float__ = __str__ = breaks


class BrokenNumber:
    """A number that cannot be read."""

    __index__ = __float__ = breaks


REFUSED: list[dict[str, Any]] = [
    *({"log": value} for value in ("wandb", "", 3, [], Broken([1]), b"tensorboard", object())),
    *(
        {"seeds": value}
        for value in (0, -1, [], (), [-1], [1.5], 1.0, True, [True], [[1]], {"copy": 1}, b"3", object())
    ),
    *({"seeds": value} for value in (count(), iter([1]), 10**5000, [10**5000], range(10**30), np.array([1.5]), "3\0")),
    *(
        {"lengths": value}
        for value in (0, -4, [], 1.5, "x", [None], [[1, 2]], {}, True, 10**5000, np.zeros(0), object())
    ),
    *({"workers": value} for value in (0, -1, 1.5, 257, 10**5000, True, "2", [2], math.nan, object())),
    *({"device": value} for value in ("gpu", "", "CPU", None, 0, ["cpu"], b"cpu", torch.device("cpu"))),
    *({"cell_timeout": value} for value in (-1, 0, 1e-9, 0.5, math.nan, math.inf, 1e300, 10**5000, "60", True, [60])),
    *({"results": value} for value in (3, None, "", b"results", ["results"], "a\0b", object(), "x" * 5000, __file__)),
    *({"preset": value} for value in (None, 3, "", "huge", ["quick"], ["quick", "smoke"], b"quick", object())),
    *({"precision": value} for value in ("bf16", "", 32, torch.bfloat16, ["float32", "bfloat16"])),
    *({"corpus": value, "tasks": "corpus"} for value in (3, "", "no-such", "a\0b", object(), b"sanguo", ["a", "b"])),
    *({"encodings": value} for value in ([], "", [None], 7, b"rope", {"rope": 1}, {1: "rope"}, object(), [["rope"]])),
    *({"tasks": value} for value in ([], "", [None], 7, b"copy", {"copy": 1}, object(), count())),
    *({"mixing": value} for value in (True, 0, "cnov", ["none", "conv"], object())),
    *({"tune": value} for value in (True, False, 0, "", "steps", [0.1, 1], {"learning-rate": 1}, object())),
    *({"steps": value} for value in ({1: 3}, {None: 3}, {"a,b": 3}, {"2,copy": 3}, {"copy": {"x": 1}}, Fraction(1, 3))),
    *({name: value} for name in ("force", "retry_failed") for value in (None, 1, 0, "yes", [], object())),
    *(
        {name: value}
        for name in CHANGES
        for value in (0, -1, math.nan, math.inf, True, "", "x", [], {}, [1, 1], {"x": 1})
    ),
    *({name: value} for name in ("heads", "layers", "steps", "batch") for value in (1.5, [2, 4], 10**5000, object())),
    *({name: {"copy": value}} for name in BY_TASK for value in (0, True, None, "", [1, 2], {"copy": 1})),
    *({"learning_rate": value} for value in (-0.0, "1e-3,2e-3", {"": 0})),
    {"width": 64, "heads": 5},
    {"heads": 3},
    {"train_length": {"copy": 1, "reverse": 20}},
    *({"executor": value} for value in (3, "slurm", "", object(), [], True)),
    *(
        {"address": "10.0.0.1:6379", "executor": "ray", name: value}
        for name, value in (("workers", 2), ("device", "mps"))
    ),
    *({name: value} for name, value in RAY.items()),
    *(
        {"executor": "ray", "address": value}
        for value in ("", "10.0.0.1", "ray://10.0.0.1:10001", "a b:6379", "x:1234567", 6379, b"auto", object())
    ),
    *({"executor": "ray", "cores_per_cell": value} for value in (0, -1, 1.5, 1025, True, "2", object())),
    *({"executor": "ray", "memory_per_cell": value} for value in (0, -1, math.nan, math.inf, 1e9, True, "2", [2])),
    *({"executor": "ray", "gpus_per_cell": value} for value in (0, -1, 0.001, 1.5, 2, math.nan, True, "1", object())),
    {"executor": "ray", "gpus_per_cell": 0.5, "device": "cpu"},
    *({"on_event": value} for value in (3, "print", [], object())),
    {"executor": Nobody(), "workers": 2},
    {"executor": Nobody(), "device": "cpu"},
    *({name: value} for name in ("workers", "cell_timeout") for value in (Broken(), BrokenNumber())),
    *({name: Broken()} for name in (*CHANGES, "seeds", "lengths", "tune", "encodings", "tasks", "text_encoding")),
    *({name: [BrokenNumber()]} for name in (*CHANGES, "seeds", "lengths", "tune", "encodings", "tasks")),
    *({name: {"copy": BrokenNumber()}} for name in BY_TASK),
]


@pytest.mark.parametrize("call", REFUSED, ids=range(len(REFUSED)))
def test_a_bad_value_is_refused_in_one_line(
    call: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as raised:
        run(**{**BASE, **call})
    (line,) = str(raised.value).splitlines()
    assert len(line) < 1000 or "Known: " in line
    assert list(tmp_path.iterdir()) == []


def test_a_time_limit_that_no_cell_could_keep_says_what_is_allowed() -> None:
    with pytest.raises(
        UsageError, match="--cell-timeout is 1e-09, but must be a number of seconds from 1 to 1,000,000"
    ):
        run(**BASE, cell_timeout=1e-9)
    assert Settings.read(workers=np.int64(2), device="cpu", cell_timeout=1) == Settings(
        workers=2, device="cpu", cell_timeout=1.0
    )


def test_settings_of_ray_are_read_by_python_as_they_are_by_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Cluster] = []

    def note(self: Cluster, cells: Any, *, force: bool = False, retry_failed: bool = False) -> Iterator[Event]:
        made.append(self)
        return iter(())

    monkeypatch.setattr(Cluster, "run", note)
    run(**BASE, results=tmp_path, executor="ray", **{**RAY, "cores_per_cell": np.int64(2)})
    options = [part for name, value in RAY.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    asked = ["run", "--preset", "smoke", "--tasks", "copy", "--encodings", "rope", "--results", str(tmp_path)]
    CliRunner().invoke(main, [*asked, "--executor", "ray", *options, "--no-report"])
    file = tmp_path / "run.toml"
    file.write_text("\n".join(f"{name} = {value!r}" for name, value in {"executor": "ray", **RAY}.items()))
    CliRunner().invoke(main, [*asked, "--config", str(file), "--no-report"])
    assert len(made) == 3
    assert made[0] == made[1] == made[2]
    assert made[0].address == "auto"
    assert made[0].ask.resources == {"CPU": 2, "memory": 2e9, "GPU": 0.5}


@pytest.mark.parametrize("folder", [3, None, "", b"x", "no-such-folder", "a\0b", "x" * 5000, [], __file__, object()])
def test_load_refuses_what_is_not_a_folder(folder: object) -> None:
    with pytest.raises(UsageError) as raised:
        load(folder)  # type: ignore[arg-type]
    assert len(str(raised.value).splitlines()) == 1


def test_an_empty_folder_gives_an_empty_table(tmp_path: Path) -> None:
    table = load(tmp_path).frame()
    assert len(table) == 0 and {"task", "encoding", "value"} <= {*table.columns}
    assert len(load(str(tmp_path)).frame()) == 0
    assert {*benchmark.__all__} == {"Results", "load", "run"}


leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-3, 300)
    | st.floats()
    | st.text(max_size=6)
    | st.binary(max_size=4)
    | st.complex_numbers()
    | st.dates()
    | st.decimals()
    | st.fractions()
    | st.sampled_from(["rope", "copy", "auto", "auto:3", "float32", "cpu", "conv", "smoke", "learning-rate", "a/b.py"])
    | st.sampled_from([np.int64(1), np.float32(2), np.array(3), np.array([]), np.array([[1, 2]]), np.bool_(False)])
    | st.sampled_from([torch.tensor(2), torch.tensor([1, 2]), torch.ones(2, 2), Path("x"), Path(), object(), int, len])
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(st.text(max_size=3) | st.sampled_from(["copy", ""]) | st.integers(), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(
    max_examples=250, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=st.sampled_from(ARGUMENTS), value=values)
def test_any_value_is_accepted_or_a_usage_error(name: str, value: object, tmp_path: Path) -> None:
    """Nothing is trained: the pool is replaced."""
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        run(**{**BASE, name: value})
    except UsageError as error:
        assert len(str(error).splitlines()) == 1
    finally:
        os.chdir(before)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(name=st.sampled_from(["seeds", "lengths", "width", "steps", "batch", "learning_rate", "budgets"]), value=values)
def test_what_is_accepted_is_within_bounds(name: str, value: object) -> None:
    given_: dict[str, Any] = {
        **{"encodings": "rope", "tasks": None, "preset": "smoke", "seeds": None, "lengths": None, "corpus": None},
        **{"precision": "float32", "tune": None, "text_encoding": None},
    }
    changes = {} if name in given_ else {name: value}
    try:
        request = Request.read(**{**given_, **({name: value} if name in given_ else {})}, changes=changes)
    except UsageError:
        return
    numbers: list[Any] = [*(request.multiples or ()), *request.changes.width, *request.changes.budgets]
    for table in (request.changes.steps, request.changes.batch, request.changes.learning_rate):
        numbers += table.values()
    assert all(0 < number < 10**8 for number in numbers)
    assert isinstance(request.seeds, Auto) or all(0 <= seed < 10**9 for seed in request.seeds or ())
