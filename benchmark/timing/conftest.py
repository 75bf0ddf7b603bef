"""The options of the suite, the cases they select, and those among them that an encoding does not support."""

from itertools import product
from typing import Any

import pytest
import torch

from benchmark.catalogue import Choice
from benchmark.encodings import CATALOGUE
from benchmark.encodings.encoding import Shape
from benchmark.errors import UsageError
from benchmark.timing.operations import DIGITS, MARKS, OPERATIONS, Case

NUMBERS = {
    "rounds": (20, "Rounds per case, each paired with a round of `none`."),
    "width": (64, "Width of the model."),
    "heads": (4, "Attention heads."),
    "layers": (2, "Layers."),
    "threads": (1, "CPU threads that torch may use."),
}
CHOICES = pytest.StashKey[dict[str, Choice]]()
UNSUPPORTED = pytest.StashKey[list[dict[str, Any]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the suite's options to those of pytest-benchmark."""
    group = parser.getgroup("timing of position encodings")
    group.addoption("--encodings", default="classic", help="Encodings, as `python -m benchmark time` names them.")
    group.addoption("--lengths", default="64,256,1024", help="Lengths in tokens.")
    group.addoption("--device", default="cpu", help="cpu, cuda or mps.")
    for name, (default, purpose) in NUMBERS.items():
        group.addoption(f"--{name}", type=int, default=default, help=purpose)


def pytest_configure(config: pytest.Config) -> None:
    """Set what the tests share, and the one torch setting that timing on the CPU depends on."""
    config.stash[UNSUPPORTED] = []
    try:
        choices = CATALOGUE.parse(config.getoption("encodings"))
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[CHOICES] = {choice.label: choice for choice in choices}
    torch.set_num_threads(config.getoption("threads"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Select every combination of encoding, operation and length, as plain values that the result file can hold."""
    try:
        lengths = [int(length) for length in metafunc.config.getoption("lengths").split(",")]
    except ValueError as error:
        raise pytest.UsageError(f"--lengths: {error}") from None
    labels: dict[str, Choice] = metafunc.config.stash[CHOICES]
    asked = list(product(labels, OPERATIONS, lengths))
    names = ["-".join(map(str, case)) for case in asked]
    metafunc.parametrize(("encoding", "operation", "length"), asked, ids=names)


@pytest.fixture
def choice(pytestconfig: pytest.Config, encoding: str) -> Choice:
    """The encoding with a label."""
    return pytestconfig.stash[CHOICES][encoding]


@pytest.fixture
def case(pytestconfig: pytest.Config, operation: str, length: int) -> Case:
    """The operation at a length, with a model made for that length."""
    size = {name: pytestconfig.getoption(name) for name in ("width", "heads", "layers")}
    device = torch.device(pytestconfig.getoption("device"))
    shape = Shape(**size, train_length=length, digits=DIGITS, marks=MARKS)
    return Case(operation=operation, length=length, shape=shape, device=device)


@pytest.fixture
def rounds(pytestconfig: pytest.Config) -> int:
    """The number of rounds per case."""
    return int(pytestconfig.getoption("rounds"))


@pytest.fixture
def unsupported_cases(pytestconfig: pytest.Config) -> list[dict[str, Any]]:
    """The cases that could not be timed, with the reason, for the result file."""
    return pytestconfig.stash[UNSUPPORTED]


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    """Add the unsupported cases to the result file."""
    output_json["unsupported"] = config.stash[UNSUPPORTED]
