"""Results in a notebook: the shipped notebook runs, shows what it should, and prints nothing else."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from IPython.display import DisplayHandle
from nbclient import NotebookClient

from benchmark import notebook
from benchmark.experiments.executor import Event
from benchmark.experiments.plan import make_plan
from benchmark.experiments.request import Request
from benchmark.experiments.rounds import Round
from benchmark.notebook import Bar, in_notebook

EXAMPLE = Path(__file__).parents[1] / "examples" / "notebook.ipynb"
CELLS = make_plan(Request(encodings="rope,alibi", tasks="copy", preset="smoke", seeds=(0, 1))).cells


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place for a kernel that has nothing of the user's."""
    for name in ("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        (tmp_path / "home" / name).mkdir(parents=True)
        monkeypatch.setenv(name, str(tmp_path / "home" / name))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def outputs(cell: Any, kind: str = "text/html") -> list[str]:
    return [each["data"][kind] for each in cell["outputs"] if kind in each.get("data", {})]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # of the kernel's own libraries
def test_the_shipped_notebook_runs_and_shows_results_only(tmp_path: Path, kernel: None) -> None:
    book = nbformat.read(EXAMPLE, as_version=4)
    NotebookClient(book, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    cells = [cell for cell in book.cells if cell["cell_type"] == "code"]
    noise = [each for cell in cells for each in cell["outputs"] if each["output_type"] == "stream"]
    assert [each["text"] for each in noise] == ["Writing root_bias.py\n"]
    ran = [html for cell in cells if "run(" in cell["source"] for html in outputs(cell)]
    assert [line for html in ran for line in re.findall(r"^done: \d+ cells", html)] == [
        "done: 8 cells",
        "done: 4 cells",  # the default base is there already
        "done: 2 cells",
    ]
    shown = next(html for cell in cells if cell["source"] == "results" for html in outputs(cell))
    assert "<dt>" in shown and shown.count("<td") >= 2 * 2 * 3
    assert sum("data:image/svg+xml" in html for cell in cells for html in outputs(cell)) == 2
    assert {path.suffix for path in (tmp_path / "figures").iterdir()} == {".pdf"}
    assert (tmp_path / "notebook-report" / "index.html").is_file()


def test_the_shipped_notebook_is_valid_and_holds_no_outputs() -> None:
    book = nbformat.read(EXAMPLE, as_version=4)
    nbformat.validate(book)
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in book.cells)


@pytest.fixture
def bar(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Bar, list[str]]]:
    """A bar, and what a notebook shows in its place over time."""
    shown: list[str] = []
    monkeypatch.setattr(DisplayHandle, "display", lambda _, each, **__: shown.append(each._repr_html_()))
    monkeypatch.setattr(DisplayHandle, "update", lambda _, each, **__: shown.append(each._repr_html_()))
    monkeypatch.setattr("IPython.display.display", lambda each, **__: shown.append(repr(each)) or DisplayHandle("x"))
    monkeypatch.setattr(notebook, "INTERVAL", -1.0)
    with Bar() as made:
        yield made, shown


def test_a_bar_follows_a_run(bar: tuple[Bar, list[str]]) -> None:
    own, shown = bar
    own(Round(number=1, todo=CELLS, automatic=False))
    assert shown[-1] == '<progress max="1" value="0.000"></progress> 0 of 4 cells'
    steps = CELLS[0].train.budget.steps
    own(Event(kind="progress", cell=CELLS[0], step=steps // 2))
    assert 'value="0.125"' in shown[-1] and f"copy · rope · seed 0: step {steps // 2} of {steps}" in shown[-1]
    own(Event(kind="measuring", cell=CELLS[0], step=steps))
    assert "seed 0: measuring" in shown[-1]
    own(Event(kind="done", cell=CELLS[0], status="ok"))
    own(Event(kind="done", cell=CELLS[1], status="diverged", reason="<loss>"))
    assert 'value="0.500"' in shown[-1] and "2 of 4 cells, about 0:00:00 left" in shown[-1]
    assert "1 failed or diverged (see .failures)" in shown[-1] and "seed 0" not in shown[-1]
    own(Round(number=2, todo=CELLS[2:], automatic=True, stage="trials"))
    assert "trials, round 2: 0 of 2 cells" in shown[-1]
    own.__exit__(None)
    assert shown[-1] == "done: 2 cells in 0:00:00, 1 failed or diverged (see .failures)"


def test_a_bar_says_how_a_run_ended(bar: tuple[Bar, list[str]]) -> None:
    own, shown = bar
    own.__exit__(KeyboardInterrupt)
    assert shown[-1] == "interrupted: nothing had to be run"
    own.__exit__(OSError)
    assert shown[-1].startswith("stopped by an error")


def test_a_name_in_a_bar_is_text(bar: tuple[Bar, list[str]]) -> None:
    own, shown = bar
    own(Round(number=1, todo=CELLS, automatic=False, stage="<b>"))
    assert "&lt;b&gt;" in shown[-1] and "<b>" not in shown[-1]


@pytest.mark.parametrize(
    ("shell", "expected"), [(None, False), (SimpleNamespace(), False), (SimpleNamespace(kernel=1), True)]
)
def test_only_a_kernel_is_a_notebook(shell: object, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    assert in_notebook() == expected
