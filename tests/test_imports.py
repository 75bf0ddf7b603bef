"""What answers at once stays light, and every package that is imported is declared.

Fresh processes import neither torch nor the drawing libraries.
"""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

HEAVY = ("torch", "pandas", "matplotlib", "seaborn", "scipy", "jieba", "transformers", "plotly")

READ_ALL = "from benchmark.{} import CATALOGUE as c; assert [c.entry(name).attributes for name in c.names()]"
READ_STORE = """
from pathlib import Path
from benchmark.results.store import Store
assert list(Store(Path("no-such-folder")).records()) == []
"""

LIGHT = {
    "package": "import benchmark",
    "catalogue": "import benchmark.catalogue",
    "encodings": READ_ALL.format("encodings"),
    "tasks": READ_ALL.format("tasks"),
    "choices": "from benchmark.encodings import CATALOGUE as c; assert c.parse('rope:base=500000,alibi')",
    "store": READ_STORE,
}


TRAIN = """
import torch
from benchmark.experiments.cell import build, encoding_choice, make_task, train
from benchmark.experiments.plan import make_plan
from benchmark.experiments.request import Request
cell = make_plan(Request(encodings="rope", tasks="copy", preset="smoke", seeds=(0,))).cells[0]
task = make_task(cell)
train(build(cell.train, task, encoding_choice(cell.encoding)), task, cell.train, torch.device("cpu"), lambda *_: None)
"""


def loaded(code: str, heavy: tuple[str, ...] = HEAVY) -> list[str]:
    """The heavy libraries that a fresh process has imported after some code."""
    ask = f"import sys; print(*(name for name in {heavy!r} if name in sys.modules))"
    told = subprocess.run([sys.executable, "-c", f"{code}\n{ask}"], capture_output=True, check=True, text=True)
    return told.stdout.split()


@pytest.mark.parametrize("what", LIGHT)
def test_what_is_light(what: str) -> None:
    assert loaded(LIGHT[what]) == []


def test_a_heavy_library_would_be_seen() -> None:
    assert "torch" in loaded("import benchmark.model.transformer")


def test_training_loads_no_compiler() -> None:
    assert loaded(TRAIN, ("torch", "torch._dynamo")) == ["torch"]


def test_the_public_names_are_there_and_no_others() -> None:
    import benchmark

    for name in benchmark.__all__:
        assert callable(getattr(benchmark, name))
    with pytest.raises(AttributeError, match="module 'benchmark' has no attribute 'missing'"):
        _ = benchmark.missing


# Dependencies


def distribution(name: str) -> str:
    """A distribution's name as pip compares it: Jinja2 is jinja2, and pytest_benchmark is pytest-benchmark."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", name, maxsplit=1)[0]).lower()


def imported(nodes: Iterator[ast.AST]) -> set[str]:
    """The distributions of the packages that some code imports; the standard library and this package apart."""
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None and node.level == 0
            found.add(node.module)
    packages = {name.partition(".")[0] for name in found} - sys.stdlib_module_names - {"benchmark"}
    installed = packages_distributions()
    return {distribution(installed[package][0]) for package in packages}


def nodes_of_the_package(*, inside: bool) -> Iterator[ast.AST]:
    """The syntax nodes of every module; those inside a function only if asked for."""
    for path in (ROOT / "benchmark").rglob("*.py"):
        waiting: list[ast.AST] = [ast.parse(path.read_bytes())]
        while waiting:
            node = waiting.pop()
            yield node
            if inside or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                waiting += ast.iter_child_nodes(node)


def declared() -> tuple[set[str], set[str]]:
    """What pyproject.toml says that the package needs, always and for its optional parts."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = (line for name, lines in project["optional-dependencies"].items() if name != "dev" for line in lines)
    return set(map(distribution, project["dependencies"])), set(map(distribution, extras))


def test_every_package_that_is_imported_is_declared() -> None:
    """Not one that arrives only because another package needs it; one of an extra is imported where it is used."""
    needed, optional = declared()
    assert {"torch", "jinja2", "pytest-benchmark", "fonttools", "pillow", "markupsafe"} <= needed
    assert imported(nodes_of_the_package(inside=False)) <= needed
    assert imported(nodes_of_the_package(inside=True)) <= needed | optional


def test_every_dependency_is_pinned_for_the_tests() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {distribution(line) for line in lines if "==" in line}
    assert declared()[0] <= pinned
