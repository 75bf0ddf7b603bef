"""What answers at once stays light: fresh processes import neither torch nor the drawing libraries."""

import subprocess
import sys

import pytest

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
